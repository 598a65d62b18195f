using MailBench.Model.Options;
using MailBench.Mta;
using MailBench.Mta.Queue;
using MailBench.Mta.Scheduling;
using MailBench.Unit.Peers.Mailbox;
using Xunit;

namespace MailBench.Unit.Mta.Queue;

/// <summary>What a waiting message costs in memory, on a real queue: its place in the log, its row in the flow, its turn. A budget that holds for a million.</summary>
[Collection(MemoryAloneCollection.Name)]
public sealed class QueuedMemoryTests(ITestOutputHelper output) : IDisposable
{
    /// <summary>Octets of managed memory for a message of one recipient: rows of 72, 40 and 20 octets, and what pages and lists leave free.</summary>
    private const int Budget = 144;

    /// <summary>What is there before: buffers of the committer and of its pools, first pages.</summary>
    private const int FirstMessages = 8_192;
    private const int Messages = FirstMessages + 40_960;
    private const int FixedBytes = 2 << 20;
    private const int MostCollections = 200;
    private const int MostLives = 10;
    private const double Agreement = 12;
    private static readonly QueueSettings Settings = new() { Durability = Durability.Os };
    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-memory-").FullName;
    private string _filled = "";

    [Fact]
    public async Task A_waiting_message_stays_within_its_budget_of_memory_also_after_a_restart()
    {
        Assert.InRange(await MeasuredAsync("filled", FillAsync), 80, Budget);
        Assert.InRange(await MeasuredAsync("recovered", RecoverAsync), 80, Budget);
    }

    /// <summary>
    /// Octets of a message, of one life like the other. What the process holds is all that can be read, and tests before this one may let go of megabytes just now; so lives are led until two in succession agree. Each is a
    /// method of its own and begins when the last one's queue has gone: what was still held of that would be taken for memory that was there before.
    /// </summary>
    private async Task<double> MeasuredAsync(string when, Func<int, Task<(double Bytes, WeakReference Queue)>> life)
    {
        var last = double.NaN;
        for (var number = 0; number < MostLives; number++)
        {
            var (bytes, queue) = await life(number);
            await AssertCollectedAsync(queue);
            output.WriteLine($"{when}: {bytes:0} octets of managed memory a message");
            if (Math.Abs(bytes - last) <= Agreement) return bytes;
            last = bytes;
        }

        throw new InvalidOperationException($"{when}: no two lives in succession took the same memory");
    }

    private async Task<(double Bytes, WeakReference Queue)> FillAsync(int number)
    {
        var queue = MessageQueue.Open([_filled = Path.Combine(_folder, $"{number}")], TimeProvider.System, settings: Settings);
        var table = new MessageTable(queue, new FlowCounters());
        var due = new DueQueue();
        await FillAsync(queue, table, due, FirstMessages);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await FillAsync(queue, table, due, Messages - FirstMessages);
        var bytes = BytesSince(before, Messages - FirstMessages, queue, table, due);
        await queue.DisposeAsync();
        return (bytes, new WeakReference(queue));
    }

    private async Task<(double Bytes, WeakReference Queue)> RecoverAsync(int number)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true) + FixedBytes;
        var queue = MessageQueue.Open([_filled], TimeProvider.System, settings: Settings);
        var table = new MessageTable(queue, new FlowCounters());
        var due = new DueQueue();
        var row = -1;
        foreach (var found in queue.RecoveredRecipients) due.Add(new DueRecipient(row = table.Add(found, row), found.Recipient, found.NextAttemptUnixMs, found.Domain));
        var bytes = BytesSince(before, Messages, queue, table, due);
        await queue.DisposeAsync();
        return (bytes, new WeakReference(queue));
    }

    /// <summary>A queue that was closed and that nobody asks for goes: within a bound, since a thread that ended a moment ago may still name it on its stack.</summary>
    private static async Task AssertCollectedAsync(WeakReference queue)
    {
        for (var i = 0; queue.IsAlive; i++)
        {
            Assert.True(i < MostCollections, "a closed queue is still held by something");
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Yield();
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Each is accepted, tried once and deferred for a dead site, and rests.</summary>
    private static async Task FillAsync(MessageQueue queue, MessageTable table, DueQueue due, int messages)
    {
        var content = new byte[64];
        for (var i = 0; i < messages; i += 1024)
        {
            var answers = new List<Task<QueueEntry>>();
            for (var k = 0; k < 1024; k++) answers.Add(EnqueueAsync(queue, content));
            foreach (var entry in await Task.WhenAll(answers))
            {
                table.Add(entry, ownDsn: false);
                table.Defer(entry, 0, "mx0.dead.test[127.0.0.9]: connection refused.", nextAttemptUnixMs: 1L << 41);
                due.Add(new DueRecipient(entry.Row, 0, 1L << 50, site: 1));
                table.Rest(entry.Row);
            }
        }
    }

    private static async Task<QueueEntry> EnqueueAsync(MessageQueue queue, byte[] content)
    {
        var answer = new TaskCompletionSource<QueueEntry>(TaskCreationOptions.RunContinuationsAsynchronously);
        queue.Enqueue(new NewMessage { ReversePath = "a@source.test"u8.ToArray(), Recipients = ["u0@d0.dead.test"u8.ToArray()], Content = [content] }, (entry, error) =>
        {
            if (entry is null) answer.SetException(error!);
            else answer.SetResult(entry);
        });
        return await answer.Task;
    }

    private static double BytesSince(long before, int messages, MessageQueue queue, MessageTable table, DueQueue due)
    {
        Assert.Equal((Messages, Messages), (table.Resting, due.Count));
        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)messages;
        GC.KeepAlive(queue);
        return bytes;
    }
}
