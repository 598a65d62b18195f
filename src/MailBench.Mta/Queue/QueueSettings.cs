using MailBench.Model.Options;

namespace MailBench.Mta.Queue;

/// <summary>Sizes and times of the queue; the defaults are what the MTA runs with, tests make them small.</summary>
public sealed record QueueSettings
{
    /// <summary>What is true of a message when <see cref="MessageQueue.Enqueue"/> answers.</summary>
    public Durability Durability { get; init; } = Durability.Synced;

    /// <summary>How messages are kept; null: as the first directory's files are, in segments where there are none.</summary>
    public QueueBackend? Backend { get; init; }

    /// <summary>At which a segment is full. Small enough that a finished one is soon there to be written again in place, large enough that the change of segments does not count.</summary>
    public long SegmentBytes { get; init; } = 16L << 20;

    /// <summary>Allocated before a fresh segment's first use: little, so that a queue that stays small takes little.</summary>
    public long FirstZoneBytes { get; init; } = 1L << 20;

    /// <summary>By how much a segment's zone grows at a time; each step costs its group a journal commit.</summary>
    public long ZoneStepBytes { get; init; } = 8L << 20;

    /// <summary>Kept free for state records when the disk is full, so that deliveries can still be noted and space comes back.</summary>
    public long ReserveBytes { get; init; } = 64L << 10;

    /// <summary>Content waiting for its group on one device; beyond it a message is refused (452).</summary>
    public long MaxPendingBytes { get; init; } = 64L << 20;

    /// <summary>One message with its envelope; the format's limit is 2 GiB.</summary>
    public long MaxMessageBytes { get; init; } = 1L << 30;

    /// <summary>
    /// How long a state record waits for a group to ride with. At most the deliveries of this span are repeated after a crash, and ten syncs a second are nothing to any disk.
    /// </summary>
    public TimeSpan StateDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>After a failure of the disk, how long a directory refuses before it tries the disk again.</summary>
    public TimeSpan FailureDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Finished segments kept to be written again however little waits; more are kept while the log may take that much.</summary>
    public int SpareSegments { get; init; } = 2;

    /// <summary>Octets that compaction copies or rolls take in one turn at most, or one message.</summary>
    public long CompactionBytes { get; init; } = 1L << 20;
}
