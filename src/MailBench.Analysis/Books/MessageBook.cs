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
    private const int FirstPlaces = 100;

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

    /// <summary>DSNs about this message that still lie in the SUT's queue. For which recipients they are, nobody has read.</summary>
    public int QueuedReturns { get; set; }

    // Recipients that events named, ascending: an index may be any number (userM), so that a place for each would cost what no event paid for.
    private int[] _indexes = [];
    private RecipientSeen[] _seen = [];
    private long[] _bookedNs = [];
    private int _known;

    /// <summary>Per recipient that an event named, in the order of their indexes, the stamp of its first booking; negative: not booked.</summary>
    public ReadOnlySpan<long> BookedNs => _bookedNs.AsSpan(0, _known);

    public RecipientSeen Seen(int recipient) => Array.BinarySearch(_indexes, 0, _known, recipient) is var place and >= 0 ? _seen[place] : RecipientSeen.Nowhere;

    public void Mark(int recipient, RecipientSeen what)
    {
        var place = PlaceOf(recipient);
        _seen[place] |= what;
    }

    /// <summary>False: it was booked before (a duplicate).</summary>
    public bool Book(int recipient, long timeNs)
    {
        var place = PlaceOf(recipient);
        var first = (_seen[place] & RecipientSeen.Booked) == 0;
        _seen[place] |= RecipientSeen.Booked;
        if (first || timeNs < _bookedNs[place]) _bookedNs[place] = timeNs;
        return first;
    }

    /// <summary>
    /// Sorts the recipients: each is counted once, by the first that holds of booked, returned, discarded, queued. Recipients are counted, not matched by index: a user's number (<c>userM@…</c>) may be
    /// any. A booking counts as arrived only while the message was accepted (or may have been) and has recipients left to account for. A DSN that does not say for whom accounts for one; one that
    /// is still queued for all that are left, as an MTA gathers a message's failures in it.
    /// </summary>
    public RecipientTally Tally()
    {
        int refused = 0, booked = 0, returned = 0, discarded = 0, queued = 0, bookedThoughRefused = 0;
        foreach (var seen in _seen.AsSpan(0, _known))
        {
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
        if (QueuedReturns > 0) queued = Math.Max(queued, left - returned - discarded);
        return new RecipientTally(refused, booked + bookedThoughRefused, open, arrived, returned, discarded, queued, Math.Max(0, left - returned - discarded - queued));
    }

    private int PlaceOf(int recipient)
    {
        var place = _known == 0 || _indexes[_known - 1] < recipient ? ~_known : Array.BinarySearch(_indexes, 0, _known, recipient);
        if (place >= 0) return place;
        place = ~place;
        if (_known == _indexes.Length)
        {
            var size = Math.Max(_known == 0 ? Math.Min(Recipients, FirstPlaces) : _known * 2, 1);
            Array.Resize(ref _indexes, size);
            Array.Resize(ref _seen, size);
            Array.Resize(ref _bookedNs, size);
        }

        var behind = _known - place;
        Array.Copy(_indexes, place, _indexes, place + 1, behind);
        Array.Copy(_seen, place, _seen, place + 1, behind);
        Array.Copy(_bookedNs, place, _bookedNs, place + 1, behind);
        (_indexes[place], _seen[place], _bookedNs[place]) = (recipient, RecipientSeen.Nowhere, -1);
        _known++;
        return place;
    }
}

/// <summary>A message's recipients sorted. Open: accepted or uncertain, that is, not refused at the door; Missing: of these, in no book.</summary>
public readonly record struct RecipientTally(int Refused, int Booked, int Open, int Arrived, int Returned, int Discarded, int Queued, int Missing);
