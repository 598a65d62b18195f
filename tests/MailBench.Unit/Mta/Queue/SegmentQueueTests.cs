using System.Text;
using MailBench.Model.Nodes;
using MailBench.Mta.Queue;
using Xunit;

namespace MailBench.Unit.Mta.Queue;

public sealed class SegmentQueueTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _root = Directory.CreateTempSubdirectory("mailbench-queue-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Gives_back_after_a_restart_what_waits_and_nothing_else()
    {
        var directories = new[] { Path.Combine(_root, "deep", "a"), Path.Combine(_root, "b") };
        var content = Encoding.ASCII.GetBytes("Subject: x\r\n\r\n" + new string('y', 300_000));
        QueueEntry first, second;
        await using (var queue = MessageQueue.Open(directories, TimeProvider.System))
        {
            first = await Enqueue(queue, content, "one@a.test", "two@B.test.");
            second = await Enqueue(queue, "short\r\n"u8.ToArray(), "three@c.test");
            Assert.Equal("b.test", first.Recipients[1].Domain);
            first.Recipients[0].State = RecipientState.Delivered;
            first.Recipients[0].Reason = "250 2.0.0 ok";
            queue.Record(first, 0);
            first.Recipients[1].Attempts = 2;
            first.Recipients[1].NextAttemptUnixMs = 1234;
            first.Recipients[1].Reason = "450 4.2.0 später";
            await Recorded(queue, first, 1);
            second.Recipients[0].State = RecipientState.Failed;
            await Recorded(queue, second, 0);
        }

        await using var again = MessageQueue.Open(directories, TimeProvider.System);
        var entry = Assert.Single(again.Recovered);
        Assert.Equal(first.Id, entry.Id);
        Assert.Equal(first.AcceptedUnixMs, entry.AcceptedUnixMs);
        Assert.Equal("sender@source.test"u8, entry.ReversePath);
        Assert.Equal(RecipientState.Delivered, entry.Recipients[0].State);
        Assert.Equal((RecipientState.Waiting, 2, 1234L, "450 4.2.0 später"), (entry.Recipients[1].State, entry.Recipients[1].Attempts, entry.Recipients[1].NextAttemptUnixMs, entry.Recipients[1].Reason));
        Assert.Equal(1, entry.Unfinished);
        Assert.Equal(content, Read(again, entry));

        var next = await Enqueue(again, "z\r\n"u8.ToArray(), "four@d.test");
        Assert.True(next.Id.Value > second.Id.Value);
    }

    [Fact]
    public void A_lock_file_that_is_a_symbolic_link_is_not_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        var directory = Directory.CreateDirectory(Path.Combine(_root, "q")).FullName;
        var victim = Path.Combine(_root, "victim");
        File.WriteAllText(victim, "precious");
        File.CreateSymbolicLink(Path.Combine(directory, "queue.lock"), victim);
        var refused = Assert.Throws<NodeRefusedException>(() => MessageQueue.Open([directory], TimeProvider.System));
        Assert.Contains("queue.lock", refused.Message, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(victim));
    }

    [Fact]
    public async Task Syncs_groups_and_not_messages_when_many_are_outstanding()
    {
        const int messages = 2000;
        await using var queue = MessageQueue.Open([Path.Combine(_root, "q")], TimeProvider.System);
        var before = queue.Syncs;
        var content = new byte[4096];
        var done = new CountdownEvent(messages);
        for (var i = 0; i < messages; i++)
            queue.Enqueue(Message(content, "r@d.test"), (entry, error) =>
            {
                Assert.Null(error);
                done.Signal();
            });
        Assert.True(done.Wait(Patience));
        Assert.InRange(queue.Syncs - before, 1, messages / 10);
        Assert.True(queue.BytesWritten > messages * 4096L);
        Assert.True(queue.SyncBusyNs > 0);
    }

    [Fact]
    public async Task Refuses_a_directory_that_another_queue_holds_and_names_the_holder()
    {
        var directory = Path.Combine(_root, "q");
        await using var queue = MessageQueue.Open([directory], TimeProvider.System);
        var refused = Assert.Throws<NodeRefusedException>(() => MessageQueue.Open([directory], TimeProvider.System));
        Assert.Contains(directory, refused.Message, StringComparison.Ordinal);
        if (OperatingSystem.IsLinux()) Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_at_once_what_exceeds_the_pending_octets()
    {
        var settings = new QueueSettings { MaxPendingBytes = 100_000 };
        await using var queue = MessageQueue.Open([Path.Combine(_root, "q")], TimeProvider.System, settings: settings);
        var content = new byte[60_000];
        var answered = new CountdownEvent(200);
        var busy = 0;
        for (var i = 0; i < 200; i++)
            queue.Enqueue(Message(content, "r@d.test"), (_, error) =>
            {
                if (error is QueueRefusedException { Refusal: QueueRefusal.Busy }) Interlocked.Increment(ref busy);
                answered.Signal();
            });
        Assert.True(answered.Wait(Patience));
        Assert.InRange(busy, 1, 199);
    }

    internal static async Task<QueueEntry> Enqueue(MessageQueue queue, byte[] content, params string[] recipients)
    {
        var done = new TaskCompletionSource<QueueEntry>(TaskCreationOptions.RunContinuationsAsynchronously);
        queue.Enqueue(Message(content, recipients), (entry, error) =>
        {
            if (error is null) done.SetResult(entry!);
            else done.SetException(error);
        });
        return await done.Task.WaitAsync(Patience);
    }

    internal static async Task Recorded(MessageQueue queue, QueueEntry entry, int recipient)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        queue.Record(entry, recipient, done.SetResult);
        await done.Task.WaitAsync(Patience);
    }

    internal static byte[] Read(MessageQueue queue, QueueEntry entry)
    {
        var content = new byte[entry.ContentBytes];
        var at = 0;
        while (queue.ReadContent(entry, at, content.AsSpan(at)) is var read and > 0) at += read;
        Assert.Equal(content.Length, at);
        return content;
    }

    private static NewMessage Message(byte[] content, params string[] recipients) => new()
    {
        ReversePath = "sender@source.test"u8.ToArray(),
        Recipients = [.. recipients.Select(Encoding.ASCII.GetBytes)],
        Content = [content.AsMemory(0, content.Length / 2), content.AsMemory(content.Length / 2)],
    };
}
