using MailBench.Mta.Batching;
using MailBench.Mta.Queue;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Delivery;

/// <summary>What has become of a recipient within its transaction.</summary>
internal enum Fate : byte
{
    /// <summary>No reply to its RCPT yet, or none that counts (MAIL refused).</summary>
    Open,

    /// <summary>RCPT accepted: the final reply decides.</summary>
    Accepted,

    /// <summary>The server takes no more recipients in this transaction.</summary>
    TooMany,
    Settled,
}

/// <summary>A batch on its way over a session, as an envelope and with the fates of its recipients. A session has two and uses them in turn.</summary>
internal sealed class DeliveryTransaction : IClientEnvelope
{
    private Fate[] _fates = new Fate[1];

    public DeliveryBatch Batch { get; private set; } = null!;
    public QueueEntry Entry => Batch.Entry!;
    public Span<Fate> Fates => _fates.AsSpan(0, Batch.Count);

    /// <summary>The content in another form than the queue has it, for this host; null: as it is.</summary>
    public byte[]? Converted { get; private set; }

    /// <summary>Recipients accepted so far.</summary>
    public int Accepted { get; set; }
    public bool MailAccepted { get; set; }

    /// <summary>The content has been written to its end.</summary>
    public bool ContentWhole { get; set; }

    /// <summary>Its envelope left together with the content before it: one wait for both.</summary>
    public bool SentAhead { get; set; }

    public long ContentBytes => Converted?.Length ?? Entry.ContentBytes;

    ReadOnlySpan<byte> IClientEnvelope.ReversePath => Entry.ReversePath;
    int IClientEnvelope.RecipientCount => Batch.Count;
    long IClientEnvelope.SizeBytes => ContentBytes;
    BodyKind IClientEnvelope.Body => Converted is null ? Entry.Body : BodyKind.SevenBit;
    public bool NeedsUtf8 { get; private set; }

    ReadOnlySpan<byte> IClientEnvelope.Recipient(int index) => Entry.Recipients[Batch[index].Recipient].Address;

    public void Start(DeliveryBatch batch, bool needsUtf8 = false, byte[]? converted = null)
    {
        Batch = batch;
        Converted = converted;
        NeedsUtf8 = needsUtf8;
        if (_fates.Length < batch.Count) _fates = new Fate[Math.Max(batch.Count, _fates.Length * 2)];
        Fates.Clear();
        Accepted = 0;
        MailAccepted = ContentWhole = SentAhead = false;
    }

    public void End() => Converted = null;
}
