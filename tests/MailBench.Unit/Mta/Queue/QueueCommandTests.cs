using System.CommandLine;
using System.Text;
using MailBench.Cli;
using MailBench.Cli.Commands;
using MailBench.Mta.Queue;
using Xunit;

namespace MailBench.Unit.Mta.Queue;

public sealed class QueueCommandTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("mailbench-queue-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Lists_what_waits_in_a_live_and_in_a_stopped_queue_alike()
    {
        var directory = Path.Combine(_root, "q");
        string live, id;
        await using (var queue = MessageQueue.Open([directory], TimeProvider.System))
        {
            Assert.Equal("", await RunAsync("list", directory));
            var entry = await SegmentQueueTests.Enqueue(queue, new byte[4300], "u17@d3.test", "u18@d4.test", "u19@d5.test");
            id = entry.Id.ToString();
            entry.Recipients[0].Attempts = 2;
            entry.Recipients[0].NextAttemptUnixMs = 1;
            entry.Recipients[0].Reason = "450 4.2.0 \e[31mbusy\r\n\u202Etxt";
            queue.Record(entry, 0);
            entry.Recipients[2].State = RecipientState.Delivered;
            await SegmentQueueTests.Recorded(queue, entry, 2);
            live = await RunAsync("list", directory);
        }

        var lines = live.ReplaceLineEndings("\n").Split('\n');
        Assert.Matches($"^{id}  [0-9]+s  4.2KiB  sender@source.test$", lines[0]);
        Assert.Equal(@"  u17@d3.test  waiting, 2 attempts, due: 450 4.2.0 \x1B[31mbusy\x0D\x0A\u202Etxt", lines[1]);
        Assert.Equal("  u18@d4.test  waiting", lines[2]);
        Assert.Equal([""], lines[3..]);
        var stopped = await RunAsync("list", directory + "," + directory);
        Assert.Equal(lines[1..], stopped.ReplaceLineEndings("\n").Split('\n')[1..]);
    }

    [Fact]
    public async Task Shows_envelope_states_and_header_section()
    {
        var directory = Path.Combine(_root, "q");
        await using var queue = MessageQueue.Open([directory], TimeProvider.System);
        var content = Encoding.Latin1.GetBytes("Received: by mta.test;\r\n\tnow\r\nSubject: \x1B]0;x\x07\r\n\r\nbody\r\n");
        var entry = await SegmentQueueTests.Enqueue(queue, content, "u1@d1.test", "u2@d2.test");
        entry.Recipients[1].State = RecipientState.Failed;
        entry.Recipients[1].Attempts = 1;
        entry.Recipients[1].Reason = "550 5.1.1 no such user";
        await SegmentQueueTests.Recorded(queue, entry, 1);

        var shown = (await RunAsync("show", directory, entry.Id.ToString().ToLowerInvariant())).ReplaceLineEndings("\n");
        Assert.Contains($"id:        {entry.Id}\nsender:    sender@source.test\n", shown, StringComparison.Ordinal);
        Assert.Contains("recipients:\n  u1@d1.test  waiting\n  u2@d2.test  failed, 1 attempt: 550 5.1.1 no such user\n", shown, StringComparison.Ordinal);
        Assert.EndsWith("header:\n  Received: by mta.test;\n  \tnow\n  Subject: \\x1B]0;x\\x07\n", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("list", "missing", null, "no directory")]
    [InlineData("list", "", null, "holds no queue")]
    [InlineData("show", "q", "?!", "not a message id")]
    [InlineData("show", "q", "ZZZZ", "no message ZZZZ")]
    public async Task Names_a_wrong_directory_or_id(string command, string directory, string? id, string why)
    {
        await using var queue = MessageQueue.Open([Path.Combine(_root, "q")], TimeProvider.System);
        string[] arguments = [command, Path.Combine(_root, directory), .. id is null ? Array.Empty<string>() : [id]];
        var wrong = await Assert.ThrowsAsync<UsageException>(() => RunAsync(arguments));
        Assert.Contains(why, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lists_flushes_and_removes_what_is_selected_at_rest()
    {
        var directory = Path.Combine(_root, "q");
        QueueEntry first, second;
        await using (var queue = MessageQueue.Open([directory], TimeProvider.System))
        {
            first = await SegmentQueueTests.Enqueue(queue, new byte[100], "a@one.test", "b@two.test");
            second = await SegmentQueueTests.Enqueue(queue, new byte[100], "c@two.test");
            first.Recipients[1].NextAttemptUnixMs = 4102444800000;
            first.Recipients[1].Reason = "mx0.test said to RCPT: 450 4.2.0 Busy";
            await SegmentQueueTests.Recorded(queue, first, 1);
        }

        Assert.Equal([$"{first.Id}", "b@two.test"], Words(await RunAsync("list", directory, "--reason", "*: 450 *")));
        Assert.Equal([$"{first.Id}", "b@two.test", $"{second.Id}", "c@two.test"], Words(await RunAsync("list", directory, "--to", "TWO.test.")));
        Assert.Equal("", await RunAsync("list", directory, "--older-than", "1h"));

        Assert.StartsWith("flushed 2 recipients of 1 message" + Environment.NewLine, await RunAsync("flush", directory, first.Id.ToString()), StringComparison.Ordinal);
        Assert.DoesNotContain("next in", await RunAsync("list", directory), StringComparison.Ordinal);
        Assert.StartsWith("removed 2 recipients of 2 messages" + Environment.NewLine, await RunAsync("remove", directory, "--to", "two.test"), StringComparison.Ordinal);
        Assert.Equal([$"{first.Id}", "a@one.test"], Words(await RunAsync("list", directory)));
        Assert.StartsWith("removed 0 recipients of 0 messages" + Environment.NewLine, await RunAsync("remove", directory, second.Id.ToString()), StringComparison.Ordinal);
        Assert.Contains("b@two.test  discarded: removed by an operator", await RunAsync("show", directory, first.Id.ToString()), StringComparison.Ordinal);

        static IEnumerable<string> Words(string listed) => listed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim().Split(' ')[0]);
    }

    [Theory]
    [InlineData("remove", "")]
    [InlineData("remove", "--older-than 3 weeks")]
    [InlineData("flush", "no-id")]
    public async Task Refuses_an_order_that_says_nothing_or_nonsense(string command, string what)
    {
        var directory = Path.Combine(_root, "q");
        await using (MessageQueue.Open([directory], TimeProvider.System)) { }
        string[] words = what.StartsWith("--older", StringComparison.Ordinal) ? ["--older-than", what[13..]] : what.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await Assert.ThrowsAsync<UsageException>(() => RunAsync([command, directory, .. words]));
    }

    [Fact]
    public async Task Sees_what_waits_while_the_queue_rolls_over_and_compacts()
    {
        var directory = Path.Combine(_root, "q");
        var settings = new QueueSettings { SegmentBytes = 1 << 17, FirstZoneBytes = 1 << 15, ZoneStepBytes = 1 << 15, SpareSegments = 1, StateDelay = TimeSpan.FromMilliseconds(1) };
        await using var queue = MessageQueue.Open([directory], TimeProvider.System, settings: settings);
        var waiting = await SegmentQueueTests.Enqueue(queue, new byte[2000], "waits@d.test");
        using var stop = new CancellationTokenSource();
        var churn = Task.Run(async () =>
        {
            for (var i = 0; i < 20_000 && !stop.IsCancellationRequested; i++)
            {
                var entry = await SegmentQueueTests.Enqueue(queue, new byte[8000], "r@d.test");
                entry.Recipients[0].State = RecipientState.Delivered;
                queue.Record(entry, 0);
            }
        });
        for (var i = 0; i < 30; i++)
        {
            using var inspection = QueueInspection.Read(directory);
            Assert.Contains(inspection.Entries, entry => entry.Id == waiting.Id);
            Assert.Empty(inspection.Damages);
        }

        await stop.CancelAsync();
        await churn;
        Assert.Equal(new byte[2000], SegmentQueueTests.Read(queue, waiting));
    }

    [Fact]
    public async Task A_segment_that_is_born_while_it_is_looked_at_is_no_damage_and_what_it_holds_is_seen()
    {
        var directory = Path.Combine(_root, "q");
        await using var queue = MessageQueue.Open([directory], TimeProvider.System);
        var waiting = await SegmentQueueTests.Enqueue(queue, new byte[2000], "waits@d.test");
        using var inspection = QueueInspection.Read(directory, new YoungSegmentDisk());
        Assert.Empty(inspection.Damages);
        Assert.Equal(waiting.Id, Assert.Single(inspection.Entries).Id);
    }

    private static async Task<string> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        var parsed = QueueCommand.Create().Parse(arguments);
        Assert.Empty(parsed.Errors);
        Assert.Equal(0, await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = output, EnableDefaultExceptionHandler = false }));
        return output.ToString();
    }
}
