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
    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-memory-").FullName;

    [Fact]
    public async Task A_waiting_message_stays_within_its_budget_of_memory_also_after_a_restart()
    {
        var settings = new QueueSettings { Durability = Durability.Os };
        var queue = MessageQueue.Open([_folder], TimeProvider.System, settings: settings);
        var table = new MessageTable(queue, new FlowCounters());
        var due = new DueQueue();
        await FillAsync(queue, table, due, FirstMessages);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await FillAsync(queue, table, due, Messages - FirstMessages);
        AssertBudget("filled", before, Messages - FirstMessages, queue, table, due);
        await queue.DisposeAsync();

        (queue, table, due) = (null!, null!, null!);
        before = GC.GetTotalMemory(forceFullCollection: true) + FixedBytes;
        queue = MessageQueue.Open([_folder], TimeProvider.System, settings: settings);
        table = new MessageTable(queue, new FlowCounters());
        due = new DueQueue();
        var row = -1;
        foreach (var found in queue.RecoveredRecipients) due.Add(new DueRecipient(row = table.Add(found, row), found.Recipient, found.NextAttemptUnixMs, found.Domain));
        AssertBudget("recovered", before, Messages, queue, table, due);
        await queue.DisposeAsync();
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

    private void AssertBudget(string when, long before, int messages, MessageQueue queue, MessageTable table, DueQueue due)
    {
        Assert.Equal((Messages, Messages), (table.Resting, due.Count));
        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)messages;
        output.WriteLine($"{when}: {bytes:0} octets of managed memory a message");
        Assert.InRange(bytes, 80, Budget);
        GC.KeepAlive(queue);
    }
}
