using BenchmarkDotNet.Attributes;
using MailBench.Model.Options;
using MailBench.Mta.Queue;
using MailBench.Mta.Queue.Disk;
using MailBench.Mta.Queue.Segments;
using MailBench.Mta.Scheduling;

namespace MailBench.Benchmarks.Micro;

/// <summary>The queue's own work for a message of 4 KiB and one recipient, groups of 16, without syncs: sums, records, writes, places; and the heap of what is due.</summary>
[Config(typeof(ShortConfig))]
public class QueueBenchmarks
{
    private const int Group = 16;
    private const int Waiting = 100_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-benchmark-").FullName;
    private readonly byte[] _reversePath = "sender@source.test"u8.ToArray();
    private readonly byte[][] _recipients = ["u1@d1.test"u8.ToArray()];
    private readonly ReadOnlyMemory<byte>[] _content = [Mail.Content(4096)];
    private readonly DueQueue _due = new();
    private readonly List<DueRecipient> _taken = [];
    private readonly Action<QueueEntry?, Exception?> _committed;
    private SegmentQueue _queue = null!;
    private int _given;
    private long _nowNs;

    public QueueBenchmarks() => _committed = Deliver;

    [GlobalSetup]
    public void Open()
    {
        _queue = new SegmentQueue([Path.Combine(_folder, "queue")], new RealDisk(), TimeProvider.System, new QueueSettings { Durability = Durability.Os }, damaged: null, threads: false);
        var random = new Random(1);
        for (var i = 0; i < Waiting; i++) _due.Add(i, 0, random.NextInt64(1_000_000));
    }

    [GlobalCleanup]
    public void Close()
    {
        _queue.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>MAIL asks whether the disk refuses; the entry (80 octets), its recipient (48) and the array that holds it (32); addresses belong to the caller. The rest is shared by the group.</summary>
    [Benchmark, AllocationBudget(172)]
    public void EnqueueCommitAndRecord()
    {
        if (_queue.Refusing is not null) throw new InvalidOperationException("The disk refuses.");
        _queue.Enqueue(new NewMessage { ReversePath = _reversePath, Recipients = _recipients, Content = _content }, _committed);
        if (++_given % Group == 0) _queue.Turn();
    }

    /// <summary>One is taken and waits again, among 100,000.</summary>
    [Benchmark, AllocationBudget(0)]
    public void TakeDueAndWaitAgain()
    {
        _taken.Clear();
        _nowNs = _due.NextDueNs;
        _due.TakeDue(_nowNs, 1, _taken);
        _due.Add(_taken[0].Message, 0, _nowNs + 1_000_000);
    }

    private void Deliver(QueueEntry? entry, Exception? error)
    {
        if (error is not null) throw error;
        entry!.Recipients[0].State = RecipientState.Delivered;
        _queue.Record(entry, 0);
    }
}
