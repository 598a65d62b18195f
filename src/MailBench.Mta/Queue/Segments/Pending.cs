using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>A message on its way to the disk.</summary>
internal readonly record struct PendingMessage(QueueEntry Entry, IReadOnlyList<ReadOnlyMemory<byte>> Content, long RecordBytes, Action<QueueEntry?, Exception?> Committed);

/// <summary>A recipient's state on its way to the disk.</summary>
/// <param name="Place">Its message in the <see cref="PlaceTable"/>; of meaning only until <paramref name="Last"/> was seen to.</param>
/// <param name="Last">With it the message has no waiting recipient left.</param>
/// <param name="Since">Time stamp of <see cref="TimeProvider.GetTimestamp"/> when it was given.</param>
internal readonly record struct PendingState(QueueDirectory Directory, int Place, long Id, int Recipient, RecipientStatus Status, bool Last, long Since, Action? Durable);

/// <summary>What is common to all directories of a queue.</summary>
internal sealed class QueueShared(QueueSettings settings, TimeProvider time, Action<QueueDamage>? damaged)
{
    private long _lastId;
    private long _syncs;
    private long _syncBusyNs;
    private long _bytesWritten;

    public PlaceTable Places { get; } = new();
    public QueueSettings Settings { get; } = settings;
    public TimeProvider Time { get; } = time;
    public Action<QueueDamage>? Damaged { get; } = damaged;
    public long Syncs => Interlocked.Read(ref _syncs);
    public long SyncBusyNs => Interlocked.Read(ref _syncBusyNs);
    public long BytesWritten => Interlocked.Read(ref _bytesWritten);

    /// <summary>Ids below it may have been given out.</summary>
    public long IdFloor => Interlocked.Read(ref _lastId) + 1;

    public long NextId() => Interlocked.Increment(ref _lastId);

    public void RaiseIds(long nextId) => _lastId = Math.Max(_lastId, nextId - 1);

    public void CountBytes(long bytes) => Interlocked.Add(ref _bytesWritten, bytes);

    /// <summary>Performs a sync and counts it, also when it fails. Below class <see cref="Durability.Synced"/> there is none: order and files stay as they are.</summary>
    public void Sync(Action sync)
    {
        if (Settings.Durability != Durability.Synced) return;
        var start = Time.GetTimestamp();
        try
        {
            sync();
        }
        finally
        {
            CountSync(start);
        }
    }

    /// <summary>The same for a file's data: that of each group.</summary>
    public void Sync(IDiskFile file)
    {
        if (Settings.Durability != Durability.Synced) return;
        var start = Time.GetTimestamp();
        try
        {
            file.SyncData();
        }
        finally
        {
            CountSync(start);
        }
    }

    private void CountSync(long start)
    {
        Interlocked.Increment(ref _syncs);
        Interlocked.Add(ref _syncBusyNs, (long)Time.GetElapsedTime(start).TotalNanoseconds);
    }

    /// <summary>For people: why a queue cannot be opened, and what to do.</summary>
    public static NodeRefusedException CannotOpen(Exception failed) =>
        new($"The queue cannot be opened: {failed.Message.TrimEnd('.')}. {Remedy(failed)} another directory with --queue.", failed);

    private static string Remedy(Exception failed) => failed switch
    {
        DiskException { Fault: DiskFault.Full } => "Free space, or name",
        DiskException { Fault: DiskFault.ReadOnly } or UnauthorizedAccessException => "Correct the permissions, or name",
        _ => "Name",
    };
}
