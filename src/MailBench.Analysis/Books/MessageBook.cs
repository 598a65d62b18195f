namespace MailBench.Analysis.Books;

/// <summary>What the source last heard of a message.</summary>
public enum MessageFate : byte
{
    /// <summary>Offered and never finished.</summary>
    Open,
    Accepted,
    Refused,
    Failed,

    /// <summary>The final reply was lost.</summary>
    Uncertain,
}

/// <summary>Where a recipient of a message was seen.</summary>
[Flags]
public enum RecipientSeen : byte
{
    Nowhere = 0,
    RefusedAtTheDoor = 1,
    Booked = 2,
    Returned = 4,
    Queued = 8,
    Discarded = 16,
}

/// <summary>All that the events of a trial say of one message. Times are CLOCK_MONOTONIC ns; −1: did not happen.</summary>
public sealed class MessageBook
{
    public long IntendedNs { get; set; } = -1;
    public long LatenessNs { get; set; } = -1;
    public long StartedNs { get; set; } = -1;
    public long WaitingNs { get; set; } = -1;
    public long AcceptedNs { get; set; } = -1;
    public MessageFate Fate { get; set; }

    /// <summary>Recipients as offered (from the source's Started event); grows when a sink books a higher index.</summary>
    public int Recipients { get; set; }
    public bool WasOffered => IntendedNs >= 0;

    /// <summary>Returned DSNs of which the recipient could not be read.</summary>
    public int UnreadableReturns { get; set; }
    private RecipientSeen[] _seen = [];
    private long[] _bookedNs = [];

    /// <summary>The highest recipient index that any event named; −1: none.</summary>
    public int HighestRecipient { get; private set; } = -1;

    public RecipientSeen Seen(int recipient) => recipient < _seen.Length ? _seen[recipient] : RecipientSeen.Nowhere;

    /// <summary>The first booking's stamp.</summary>
    public long BookedNs(int recipient) => recipient < _bookedNs.Length ? _bookedNs[recipient] : -1;

    public void Mark(int recipient, RecipientSeen what)
    {
        Grow(recipient);
        _seen[recipient] |= what;
    }

    /// <summary>False: it was booked before (a duplicate).</summary>
    public bool Book(int recipient, long timeNs)
    {
        Grow(recipient);
        var first = (_seen[recipient] & RecipientSeen.Booked) == 0;
        _seen[recipient] |= RecipientSeen.Booked;
        if (first || timeNs < _bookedNs[recipient]) _bookedNs[recipient] = timeNs;
        return first;
    }

    private void Grow(int recipient)
    {
        HighestRecipient = Math.Max(HighestRecipient, recipient);
        if (recipient < _seen.Length) return;
        var old = _seen.Length;
        var size = Math.Max(Math.Max(recipient + 1, Recipients), old * 2);
        Array.Resize(ref _seen, size);
        Array.Resize(ref _bookedNs, size);
        _bookedNs.AsSpan(old).Fill(-1);
    }
}
