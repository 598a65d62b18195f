using System.Text;
using MailBench.Model.Options;
using MailBench.Mta.Queue;
using MailBench.Mta.Queue.Files;
using MailBench.Mta.Queue.Segments;
using MailBench.Testing.Disk;

namespace MailBench.Crash;

/// <summary>A seeded life of a queue on a fake disk: messages, retries, deliveries; small segments, so that all of rollover, deletion, reuse and compaction occur.</summary>
/// <param name="small">Messages of a sector or two, so that what a power cut may leave can be gone through whole.</param>
/// <param name="cold">Messages at the begin that are deferred again and again and seldom finished: the backlog whose rolls are called.</param>
internal sealed class QueueWorkload(int seed, QueueBook book, bool small = false, int cold = 0)
{
    public static readonly string[] Directories = ["/q/a", "/q/b", "/r/c"];

    public static readonly QueueSettings Settings = new()
    {
        SegmentBytes = 32 << 10,
        FirstZoneBytes = 8 << 10,
        ZoneStepBytes = 8 << 10,
        ReserveBytes = 4 << 10,
        CompactionBytes = 8 << 10,
        SpareSegments = 1,
        StateDelay = TimeSpan.Zero,
        FailureDelay = TimeSpan.Zero,
    };

    /// <summary>Segments of two blocks behind their header: with small messages all of rollover, deletion, reuse and compaction occur within a few groups.</summary>
    public static readonly QueueSettings Smallest = Settings with { SegmentBytes = 12 << 10, ZoneStepBytes = 4 << 10, CompactionBytes = 4 << 10, ReserveBytes = 4 << 10 };

    private readonly Random _random = new(seed);
    private readonly HashSet<QueueBook.Known> _cold = [];

    public static FakeDisk NewDisk(int seed) => new(seed) { Allocates = seed % 2 == 0, Devices = path => path.StartsWith("/q", StringComparison.Ordinal) ? 1UL : 2UL };

    /// <summary>A queue without threads, and what does all that waits.</summary>
    public static (MessageQueue Queue, Action Turn) Open(QueueBackend backend, FakeDisk disk, Action<QueueDamage>? damaged = null, bool small = false)
    {
        string[] directories = small ? ["/q/a"] : Directories;
        var settings = small ? Smallest : Settings;
        if (backend == QueueBackend.Files)
        {
            var files = new FileQueue(directories, disk, TimeProvider.System, settings, damaged, threads: false);
            return (files, files.Turn);
        }

        var segments = new SegmentQueue(directories, disk, TimeProvider.System, settings, damaged, threads: false);
        return (segments, () => segments.Turn());
    }

    /// <summary>Records of rolls in a directory's files, those of former lives of a segment included.</summary>
    public static int RollsOn(FakeDisk disk, string directory)
    {
        var rolls = 0;
        foreach (var path in disk.Paths(directory))
        {
            var octets = disk.Content(path);
            for (var at = SegmentHeader.Bytes; at < octets.Length; at += RecordHeader.Alignment)
                if (octets.AsSpan(at).StartsWith("MBR1"u8) && octets[at + 4] == (byte)RecordType.Roll) rolls++;
        }

        return rolls;
    }

    /// <summary>So many rounds of arrivals, attempts and one turn of the committers.</summary>
    public void Run((MessageQueue Queue, Action Turn) opened, int rounds)
    {
        var (queue, turn) = opened;
        for (var i = 0; i < cold; i++) _cold.Add(Enqueue(queue));
        for (var round = 0; round < rounds; round++)
        {
            for (var i = _random.Next(4); i > 0; i--) Enqueue(queue);
            // Most is delivered at once; what is left keeps old segments alive until compaction takes it along.
            foreach (var known in book.Unfinished.ToArray())
                if (_random.Next(4) > 0 && !IsStubborn(known))
                    Attempt(queue, known);
            turn();
        }

        turn();
        turn();
    }

    private static bool IsStubborn(QueueBook.Known known) => known.Content.Length % 7 == 0;

    private QueueBook.Known Enqueue(MessageQueue queue)
    {
        var content = new byte[small ? _random.Next(300) : _random.Next(12) == 0 ? _random.Next(50_000) : _random.Next(6000)];
        _random.NextBytes(content);
        var recipients = new byte[1 + _random.Next(3)][];
        for (var i = 0; i < recipients.Length; i++) recipients[i] = Encoding.ASCII.GetBytes($"u{i}@d{_random.Next(5)}.test");
        var known = book.Add(content, recipients);
        var id = queue.ReserveId();
        book.Register(id.Value, known);
        var half = content.Length / 2;
        var message = new NewMessage { Id = id, ReversePath = "sender@source.test"u8.ToArray(), Recipients = recipients, Content = [content.AsMemory(0, half), content.AsMemory(half)] };
        queue.Enqueue(message, (entry, error) =>
        {
            known.Entry = entry;
            known.Acknowledged = entry is not null;
            known.Refused = error is not null;
        });
        return known;
    }

    private void Attempt(MessageQueue queue, QueueBook.Known known)
    {
        var entry = known.Entry!;
        var recipient = _random.Next(entry.Recipients.Length);
        var state = entry.Recipients[recipient];
        if (state.State != RecipientState.Waiting) return;
        state.Attempts++;
        state.State = _cold.Contains(known) && _random.Next(20) > 0 ? RecipientState.Waiting : _random.Next(3) switch { 0 => RecipientState.Waiting, 1 => RecipientState.Delivered, _ => RecipientState.Failed };
        state.NextAttemptUnixMs = _random.NextInt64(1L << 40);
        state.Reason = _random.Next(2) == 0 ? null : new string('r', _random.Next(small ? 20 : 200));
        var status = RecipientStatus.Of(state);
        var durable = known.Record(recipient, status with { Reason = string.IsNullOrEmpty(state.Reason) ? null : state.Reason });
        // Often nobody asks, and then it need not be durable soon.
        queue.Record(entry, recipient, _random.Next(3) == 0 ? null : durable);
    }
}
