using System.Collections.Concurrent;
using MailBench.Mta.Queue.Segments;

namespace MailBench.Mta.Queue;

/// <summary>
/// Durability class <c>none</c> over any queue: a message is answered as soon as a copy of it is in memory, and written afterwards; until then it is read from memory. One that the disk
/// then refuses stays in memory, is delivered from there, and is offered to the disk again with later ones.
/// Limit: so many octets in memory, written or not yet; beyond it new messages are refused with the disk's own reason, or as too many.
/// </summary>
internal sealed class MemoryFirstQueue(MessageQueue written, long maxHeldBytes, TimeProvider time) : MessageQueue
{
    private readonly ConcurrentQueue<Held> _unwritten = new();
    private long _heldBytes;
    private volatile Exception? _failure;

    public override IEnumerable<QueueEntry> Recovered => written.Recovered;
    public override IEnumerable<RecoveredRecipient> RecoveredRecipients => written.RecoveredRecipients;
    public override long Syncs => written.Syncs;
    public override long SyncBusyNs => written.SyncBusyNs;
    public override long BytesWritten => written.BytesWritten;

    public override QueueId ReserveId() => written.ReserveId();

    public override void Enqueue(NewMessage message, Action<QueueEntry?, Exception?> committed)
    {
        if (_unwritten.TryDequeue(out var earlier)) Write(earlier);
        var content = Copy(message.Content);
        var already = Interlocked.Read(ref _heldBytes);
        if (already > 0 && already + content.Length > maxHeldBytes)
        {
            committed(null, _failure ?? new QueueRefusedException(QueueRefusal.Busy, $"{already} octets already wait in memory for the queue's disk."));
            return;
        }

        var entry = message.ToEntry(message.Id ?? ReserveId(), time.GetUtcNow());
        var held = new Held(entry, content);
        entry.Place = held;
        Interlocked.Add(ref _heldBytes, content.Length);
        Write(held);
        Exception? refusal;
        lock (held)
        {
            refusal = held.Refusal;
            held.Accepted = refusal is null;
        }

        if (refusal is null) committed(entry, null);
        else
        {
            Interlocked.Add(ref _heldBytes, -content.Length);
            committed(null, refusal);
        }
    }

    public override void Record(QueueEntry entry, int recipient, Action? durable = null)
    {
        if (entry.Place is not Held held)
        {
            written.Record(entry, recipient, durable);
            return;
        }

        var status = RecipientStatus.Of(entry.Recipients[recipient]);
        lock (held)
        {
            if (held.Written is null) held.Recorded.Add((recipient, status, durable));
            else RecordWritten(held.Written, recipient, status, durable);
        }
    }

    /// <summary>Once it is written; until then memory is the only place that it has.</summary>
    public override bool TryRest(QueueEntry entry, out int place)
    {
        if (entry.Place is not Held held) return written.TryRest(entry, out place);
        place = 0;
        lock (held) return held.Written is { } stored && written.TryRest(stored, out place);
    }

    public override QueueEntry Load(int place) => written.Load(place);

    public override int ReadContent(QueueEntry entry, long offset, Span<byte> target)
    {
        if (entry.Place is not Held held) return written.ReadContent(entry, offset, target);
        if (held.Content is not { } content) return written.ReadContent(held.Written!, offset, target);
        if (offset >= content.Length) return 0;
        var length = (int)Math.Min(target.Length, content.Length - offset);
        content.AsSpan((int)offset, length).CopyTo(target);
        return length;
    }

    /// <summary>What the disk has refused is offered once more; what it refuses again is lost, as the class says.</summary>
    public override async ValueTask DisposeAsync()
    {
        for (var left = _unwritten.Count; left > 0 && _unwritten.TryDequeue(out var held); left--) Write(held);
        await written.DisposeAsync().ConfigureAwait(false);
    }

    private void Write(Held held)
    {
        var entry = held.Entry;
        var message = new NewMessage
        {
            Id = entry.Id,
            ReversePath = entry.ReversePath,
            Recipients = [.. entry.Recipients.Select(recipient => recipient.Address)],
            Content = [held.Content],
            Body = entry.Body,
        };
        written.Enqueue(message, (stored, error) => OnWritten(held, stored, error));
    }

    private void OnWritten(Held held, QueueEntry? stored, Exception? error)
    {
        lock (held)
        {
            if (stored is null)
            {
                // Before the answer it is an ordinary refusal; after it, the message is ours.
                _failure = error;
                if (held.Accepted) _unwritten.Enqueue(held);
                else held.Refusal = error;
                return;
            }

            _failure = null;
            held.Written = stored;
            held.Content = null;
            foreach (var (recipient, status, durable) in held.Recorded) RecordWritten(stored, recipient, status, durable);
            held.Recorded.Clear();
        }

        Interlocked.Add(ref _heldBytes, -stored.ContentBytes);
    }

    private void RecordWritten(QueueEntry stored, int recipient, RecipientStatus status, Action? durable)
    {
        status.ApplyTo(stored.Recipients[recipient]);
        written.Record(stored, recipient, durable);
    }

    private static byte[] Copy(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        var content = new byte[pieces.Sum(piece => piece.Length)];
        var at = 0;
        foreach (var piece in pieces)
        {
            piece.Span.CopyTo(content.AsSpan(at));
            at += piece.Length;
        }

        return content;
    }

    /// <summary>A message that was answered from memory. Locked by itself between the MTA's loop and the committer.</summary>
    private sealed class Held(QueueEntry entry, byte[] content)
    {
        private volatile byte[]? _content = content;

        public QueueEntry Entry { get; } = entry;

        /// <summary>Null once it is written; <see cref="Written"/> is set before.</summary>
        public byte[]? Content
        {
            get => _content;
            set => _content = value;
        }

        public QueueEntry? Written { get; set; }
        public bool Accepted { get; set; }
        public Exception? Refusal { get; set; }

        /// <summary>States given before the message was written, in order.</summary>
        public List<(int Recipient, RecipientStatus Status, Action? Durable)> Recorded { get; } = [];
    }
}
