namespace MailBench.Mta.Queue.Segments;

/// <summary>Where a message's record is.</summary>
/// <param name="ContentOffset">Where the content begins in the file.</param>
internal readonly record struct Location(Segment Segment, long RecordOffset, long RecordBytes, long ContentOffset);

/// <summary>A recipient as found in the log.</summary>
internal readonly record struct FoundRecipient(RecipientStatus Status, uint Domain);

/// <summary>
/// All that is kept in memory of a message that waits: a row of some 72 octets with its number, its place in the log and its only recipient's state; 24 octets for each recipient where there are
/// several. Addresses, reverse-path and content stay on disk (<see cref="Read"/>). A recipient's state here is the one last given to the log, which compaction copies.
/// Rows come and go on committers' threads, states are given on the MTA's loop: everything is under one lock, held for a row at a time.
/// </summary>
internal sealed partial class PlaceTable(int reasons = ReasonTable.DefaultLimit)
{
    private const int None = -1;

    private readonly Lock _gate = new();
    private readonly Slab<Row> _rows = new();
    private readonly List<Segment?> _segments = [];
    private readonly ReasonTable _reasons = new(reasons);

    /// <summary>Messages.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _rows.Count;
        }
    }

    /// <summary>Gives a segment its number here, before anything in it is added.</summary>
    public void Register(Segment segment)
    {
        lock (_gate)
        {
            segment.Number = _segments.IndexOf(null);
            if (segment.Number >= 0)
            {
                _segments[segment.Number] = segment;
                return;
            }

            segment.Number = _segments.Count;
            _segments.Add(segment);
        }
    }

    /// <summary>A segment without live messages goes.</summary>
    public void Unregister(Segment segment)
    {
        lock (_gate) _segments[segment.Number] = null;
    }

    /// <summary>Adds a message that was just committed, untried.</summary>
    public int Add(QueueEntry entry, in Location location)
    {
        lock (_gate)
        {
            var place = Add(entry.Id.Value, location, entry.ReversePath.Length == 0);
            ref var row = ref _rows[place];
            row.Unfinished = entry.Recipients.Length;
            if (entry.Recipients.Length > 1) row.Many = new RecipientSlot[entry.Recipients.Length];
            for (var i = 0; i < entry.Recipients.Length; i++) SlotOf(ref row, i).Domain = DomainKey.Of(entry.Recipients[i].Address);
            return place;
        }
    }

    /// <summary>Adds a message that was found, with the states in its record.</summary>
    public int Add(long id, in Location location, bool nullReversePath, ReadOnlySpan<FoundRecipient> recipients)
    {
        lock (_gate)
        {
            var place = Add(id, location, nullReversePath);
            ref var row = ref _rows[place];
            if (recipients.Length > 1) row.Many = new RecipientSlot[recipients.Length];
            for (var i = 0; i < recipients.Length; i++)
            {
                ref var slot = ref SlotOf(ref row, i);
                slot.Domain = recipients[i].Domain;
                Set(ref slot, recipients[i].Status);
                if (slot.State == RecipientState.Waiting) row.Unfinished++;
            }

            return place;
        }
    }

    /// <summary>The message is finished, or no longer readable: nothing is known of it any more.</summary>
    public void Remove(int place)
    {
        lock (_gate)
        {
            ref var row = ref _rows[place];
            Unlink(place, ref row);
            for (var i = 0; i < row.Recipients; i++) _reasons.Release(SlotOf(ref row, i).Reason);
            _rows.Remove(place);
        }
    }

    /// <summary>Takes a recipient's new state; true when it was the last one waiting.</summary>
    public bool Record(int place, int recipient, in RecipientStatus status)
    {
        lock (_gate)
        {
            ref var row = ref _rows[place];
            ref var slot = ref SlotOf(ref row, recipient);
            var waited = slot.State == RecipientState.Waiting;
            Set(ref slot, status);
            return waited && status.State != RecipientState.Waiting && --row.Unfinished == 0;
        }
    }

    /// <summary>Recipients, those that are finished included.</summary>
    public int RecipientsOf(int place)
    {
        lock (_gate) return _rows[place].Recipients;
    }

    public int UnfinishedOf(int place)
    {
        lock (_gate) return _rows[place].Unfinished;
    }

    public RecipientStatus[] StatusesOf(int place)
    {
        lock (_gate)
        {
            ref var row = ref _rows[place];
            var statuses = new RecipientStatus[row.Recipients];
            for (var i = 0; i < statuses.Length; i++) statuses[i] = StatusOf(SlotOf(ref row, i));
            return statuses;
        }
    }

    private int Add(long id, in Location location, bool nullReversePath)
    {
        var place = _rows.Add();
        ref var row = ref _rows[place];
        row.Id = id;
        row.NullReversePath = nullReversePath;
        Link(place, ref row, location);
        return place;
    }

    private void Set(ref RecipientSlot slot, in RecipientStatus status)
    {
        var reason = _reasons.Take(status.Reason);
        _reasons.Release(slot.Reason);
        slot.Reason = reason;
        slot.State = status.State;
        slot.Attempts = status.Attempts;
        slot.NextAttemptUnixMs = status.NextAttemptUnixMs;
    }

    private RecipientStatus StatusOf(in RecipientSlot slot) => new(slot.State, slot.Attempts, slot.NextAttemptUnixMs, _reasons[slot.Reason]);

    private static ref RecipientSlot SlotOf(ref Row row, int recipient) => ref row.Many is null ? ref row.One : ref row.Many[recipient];

    private struct RecipientSlot
    {
        public long NextAttemptUnixMs;
        public int Attempts;
        public int Reason;
        public uint Domain;
        public RecipientState State;
    }

    private struct Row
    {
        public long Id;

        /// <summary>Of the record, in units of its alignment.</summary>
        public uint Offset, Size;

        /// <summary>From the record's begin to the content's.</summary>
        public int HeadBytes;

        /// <summary>The segment's number, and the messages before and behind this one in it.</summary>
        public int Segment, Previous, Next;
        public int Unfinished;
        public bool NullReversePath;
        public RecipientSlot One;

        /// <summary>Where there are several recipients.</summary>
        public RecipientSlot[]? Many;

        public readonly int Recipients => Many?.Length ?? 1;
    }
}
