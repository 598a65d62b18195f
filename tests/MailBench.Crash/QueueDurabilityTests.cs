using System.Text;
using MailBench.Model.Options;
using MailBench.Mta.Queue;
using MailBench.Mta.Queue.Disk;
using MailBench.Mta.Queue.Segments;
using MailBench.Testing.Disk;
using Xunit;

namespace MailBench.Crash;

/// <summary>What each durability class below <c>synced</c> promises, and what it does not.</summary>
public sealed class QueueDurabilityTests
{
    private readonly List<(QueueEntry? Entry, Exception? Error)> _answers = [];

    [Fact]
    public void Class_os_answers_after_the_write_and_never_syncs()
    {
        var disk = new FakeDisk();
        var queue = Open(disk, Durability.Os);
        Enqueue(queue, "written");
        Assert.Empty(_answers);
        queue.Turn();
        var entry = Assert.Single(_answers).Entry!;
        Assert.Equal(0, queue.Syncs);
        Assert.Equal(entry.Id, Assert.Single(Open(disk.AfterKill(), Durability.Os).Recovered).Id);
        Assert.Contains(Enumerable.Range(0, 50), seed => Lost(disk.AfterPowerCut(new Random(seed))));

        static bool Lost(FakeDisk survivor) => !Open(survivor, Durability.Os).Recovered.Any();
    }

    [Fact]
    public void Class_none_answers_from_memory_and_writes_afterwards()
    {
        var disk = new FakeDisk();
        var written = Open(disk, Durability.None);
        var queue = new MemoryFirstQueue(written, 1 << 20, TimeProvider.System);
        var operations = disk.Operations;
        var content = "in memory"u8.ToArray();
        Enqueue(queue, content);
        var entry = Assert.Single(_answers).Entry!;
        Assert.Equal(operations, disk.Operations);
        // The caller has its buffer back.
        content.AsSpan().Clear();
        Assert.Equal("in memory", Read(queue, entry));
        Assert.Empty(Waiting(disk));

        entry.Recipients[0].Attempts = 2;
        entry.Recipients[0].Reason = "450 later";
        queue.Record(entry, 0);
        written.Turn();
        Assert.Equal("in memory", Read(queue, entry));
        written.Turn(flush: true);
        var recovered = Assert.Single(Waiting(disk));
        Assert.Equal((entry.Id, 2, "450 later"), (recovered.Id, recovered.Recipients[0].Attempts, recovered.Recipients[0].Reason));

        entry.Recipients[0].State = RecipientState.Delivered;
        queue.Record(entry, 0);
        written.Turn(flush: true);
        Assert.Empty(Waiting(disk));
        Assert.Equal(0, queue.Syncs);
    }

    [Fact]
    public void Class_none_keeps_what_the_disk_refuses_within_its_memory_and_writes_it_later()
    {
        var disk = new FakeDisk();
        var written = Open(disk, Durability.None);
        var queue = new MemoryFirstQueue(written, 20_000, TimeProvider.System);
        disk.Faults = _ => DiskFault.Full;
        Enqueue(queue, new string('a', 9_000));
        written.Turn();
        var first = Assert.Single(_answers).Entry!;
        Assert.Equal(9_000, Read(queue, first).Length);
        Enqueue(queue, new string('b', 9_000));
        Enqueue(queue, new string('c', 9_000));
        Assert.IsType<QueueRefusedException>(_answers[2].Error);

        disk.Faults = null;
        written.Turn();
        Enqueue(queue, "small");
        written.Turn();
        Assert.Equal(3, Waiting(disk).Count);
        Assert.Equal(9_000, Read(queue, first).Length);
    }

    private static SegmentQueue Open(FakeDisk disk, Durability durability) =>
        new(["/q"], disk, TimeProvider.System, QueueWorkload.Settings with { Durability = durability }, damage => Assert.Fail(damage.ToString()), threads: false);

    /// <summary>What the next life would find, were this one killed now.</summary>
    private static IReadOnlyList<QueueEntry> Waiting(FakeDisk disk)
    {
        using var inspection = QueueInspection.Read("/q", disk);
        return [.. inspection.Entries];
    }

    private void Enqueue(MessageQueue queue, string content) => Enqueue(queue, Encoding.Latin1.GetBytes(content));

    private void Enqueue(MessageQueue queue, byte[] content) =>
        queue.Enqueue(new NewMessage { ReversePath = [], Recipients = ["r@d.test"u8.ToArray()], Content = [content] }, (entry, error) => _answers.Add((entry, error)));

    private static string Read(MessageQueue queue, QueueEntry entry)
    {
        var content = new byte[entry.ContentBytes];
        Assert.Equal(content.Length, queue.ReadContent(entry, 0, content));
        return Encoding.Latin1.GetString(content);
    }
}
