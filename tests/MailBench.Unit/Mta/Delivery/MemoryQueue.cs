using MailBench.Mta.Queue;

namespace MailBench.Unit.Mta.Delivery;

/// <summary>Content out of memory, or not at all: what delivery needs of a queue.</summary>
internal sealed class MemoryQueue : MessageQueue
{
    public Dictionary<QueueId, byte[]> Contents { get; } = [];

    /// <summary>Offset from which reading fails.</summary>
    public long BrokenFrom { get; set; } = long.MaxValue;
    public override IEnumerable<QueueEntry> Recovered => [];
    public override long Syncs => 0;
    public override long SyncBusyNs => 0;
    public override long BytesWritten => 0;

    public override QueueId ReserveId() => new(1);

    public override void Enqueue(NewMessage message, Action<QueueEntry?, Exception?> committed) => throw new InvalidOperationException();

    public override void Record(QueueEntry entry, int recipient, Action? durable = null) => throw new InvalidOperationException();

    public override int ReadContent(QueueEntry entry, long offset, Span<byte> target)
    {
        if (offset + target.Length > BrokenFrom) throw new IOException("planted fault of the disk");
        var rest = Contents[entry.Id].AsSpan((int)offset);
        if (rest.Length > target.Length) rest = rest[..target.Length];
        rest.CopyTo(target);
        return rest.Length;
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
