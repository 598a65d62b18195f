using MailBench.Mta.Queue;

namespace MailBench.EndToEnd.Mta;

/// <summary>A queue that refuses what the test says; all else is the real one's.</summary>
internal sealed class RefusingQueue(MessageQueue queue, Func<NewMessage, Exception?> refuses) : MessageQueue
{
    public override IEnumerable<QueueEntry> Recovered => queue.Recovered;
    public override IEnumerable<RecoveredRecipient> RecoveredRecipients => queue.RecoveredRecipients;
    public override long Syncs => queue.Syncs;
    public override long SyncBusyNs => queue.SyncBusyNs;
    public override long BytesWritten => queue.BytesWritten;

    public override QueueId ReserveId() => queue.ReserveId();

    public override void Enqueue(NewMessage message, Action<QueueEntry?, Exception?> committed)
    {
        if (refuses(message) is { } refusal) committed(null, refusal);
        else queue.Enqueue(message, committed);
    }

    public override void Record(QueueEntry entry, int recipient, Action? durable = null) => queue.Record(entry, recipient, durable);

    public override bool TryRest(QueueEntry entry, out int place) => queue.TryRest(entry, out place);

    public override QueueEntry Load(int place) => queue.Load(place);

    public override int ReadContent(QueueEntry entry, long offset, Span<byte> target) => queue.ReadContent(entry, offset, target);

    public override ValueTask DisposeAsync() => queue.DisposeAsync();
}
