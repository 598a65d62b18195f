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

    /// <summary>
    /// Sorts the recipients: each is counted once, by the first that holds of booked, returned, discarded, queued. Recipients are counted, not matched by index: a user's number (<c>userM@…</c>) may be
    /// any. A booking counts as arrived only while the message was accepted (or may have been) and has recipients left to account for. A DSN that does not say for whom accounts for one.
    /// </summary>
    public RecipientTally Tally()
    {
        int refused = 0, booked = 0, returned = 0, discarded = 0, queued = 0, bookedThoughRefused = 0;
        for (var i = 0; i <= HighestRecipient; i++)
        {
            var seen = _seen[i];
            if ((seen & RecipientSeen.RefusedAtTheDoor) != 0)
            {
                refused++;
                if ((seen & RecipientSeen.Booked) != 0) bookedThoughRefused++;
            }
            else if ((seen & RecipientSeen.Booked) != 0) booked++;
            else if ((seen & RecipientSeen.Returned) != 0) returned++;
            else if ((seen & RecipientSeen.Discarded) != 0) discarded++;
            else if ((seen & RecipientSeen.Queued) != 0) queued++;
        }

        var open = WasOffered && Fate is MessageFate.Accepted or MessageFate.Uncertain ? Math.Max(0, Recipients - refused) : 0;
        var arrived = Math.Min(booked, open);
        var left = open - arrived;
        returned = Math.Min(left, returned + Math.Min(UnreadableReturns, Math.Max(0, left - returned - discarded - queued)));
        return new RecipientTally(refused, booked + bookedThoughRefused, open, arrived, returned, discarded, queued, Math.Max(0, left - returned - discarded - queued));
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

/// <summary>A message's recipients sorted. Open: accepted or uncertain, that is, not refused at the door; Missing: of these, in no book.</summary>
public readonly record struct RecipientTally(int Refused, int Booked, int Open, int Arrived, int Returned, int Discarded, int Queued, int Missing);
