using System.Buffers;
using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

// Where the messages are: in the log, and in their segment's list, which compaction goes through.
internal sealed partial class PlaceTable
{
    public Location LocationOf(int place)
    {
        lock (_gate)
        {
            ref var row = ref _rows[place];
            var offset = (long)row.Offset * RecordHeader.Alignment;
            return row.Segment == None ? default : new Location(_segments[row.Segment]!, offset, (long)row.Size * RecordHeader.Alignment, offset + row.HeadBytes);
        }
    }

    /// <summary>The message was copied. Its segments' committer only.</summary>
    public void Move(int place, in Location target)
    {
        lock (_gate)
        {
            ref var row = ref _rows[place];
            Unlink(place, ref row);
            Link(place, ref row, target);
        }
    }

    /// <summary>The message's record is damaged: it can be read no more, and holds its segment no longer.</summary>
    public void Lose(int place)
    {
        lock (_gate) Unlink(place, ref _rows[place]);
    }

    /// <summary>The messages of a segment in the order of their records, until so many octets are reached (at least one message).</summary>
    public void Collect(Segment segment, long bytes, List<(int Place, long Id)> places)
    {
        lock (_gate)
        {
            for (var place = segment.FirstLive; place != None && bytes > 0; place = _rows[place].Next)
            {
                places.Add((place, _rows[place].Id));
                bytes -= (long)_rows[place].Size * RecordHeader.Alignment;
            }
        }
    }

    /// <summary>The messages of a segment whose records begin between two offsets, in order.</summary>
    public void CollectBetween(Segment segment, long from, long to, List<(int Place, long Id)> places)
    {
        lock (_gate)
        {
            for (var place = segment.FirstLive; place != None; place = _rows[place].Next)
            {
                var offset = (long)_rows[place].Offset * RecordHeader.Alignment;
                if (offset >= to) return;
                if (offset >= from) places.Add((place, _rows[place].Id));
            }
        }
    }

    /// <summary>Writes a message and its recipients' states into a roll.</summary>
    public void Call(int place, Roll roll)
    {
        lock (_gate)
        {
            ref var row = ref _rows[place];
            roll.Call(row.Id, row.Recipients);
            for (var i = 0; i < row.Recipients; i++) roll.Add(StatusOf(SlotOf(ref row, i)));
        }
    }

    /// <summary>
    /// The message with its present states, its addresses read from the log. Null when what is there is not its record: damage, or, for who looks into a live queue, a message that has been finished.
    /// Throws <see cref="DiskException"/>.
    /// </summary>
    /// <param name="window">Of who reads many in order; null: the file is read.</param>
    public QueueEntry? Read(int place, HeadWindow? window = null)
    {
        while (true)
        {
            var location = LocationOf(place);
            if (location.Segment is null) return null;
            var headBytes = (int)(location.ContentOffset - location.RecordOffset);
            var head = ArrayPool<byte>.Shared.Rent(headBytes);
            try
            {
                var target = head.AsSpan(0, headBytes);
                var read = window?.Read(location.Segment, target, location.RecordOffset) ?? location.Segment.File.Read(target, location.RecordOffset);
                // Compaction may have moved the message and given its old place to others while it was read.
                if (LocationOf(place) != location) continue;
                return read == headBytes ? Parse(place, location, head.AsSpan(0, headBytes)) : null;
            }
            catch (ObjectDisposedException) when (LocationOf(place) != location)
            {
                // Its segment was deleted; the copy is read.
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(head);
            }
        }
    }

    private QueueEntry? Parse(int place, in Location location, ReadOnlySpan<byte> head)
    {
        if (!RecordHeader.TryRead(head, location.Segment.Header.Salt, location.RecordOffset, out var header) || header.Type != RecordType.Message) return null;
        if (!Envelope.TryRead(head[RecordHeader.Bytes..], header.Id, out var entry)) return null;
        lock (_gate)
        {
            ref var row = ref _rows[place];
            if (row.Id != header.Id || row.Recipients != entry!.Recipients.Length) return null;
            for (var i = 0; i < entry.Recipients.Length; i++) StatusOf(SlotOf(ref row, i)).ApplyTo(entry.Recipients[i]);
        }

        entry.Slot = place;
        entry.Place = location.Segment.Directory ?? (object)location;
        return entry;
    }

    /// <summary>The messages in use, oldest first.</summary>
    public int[] InOrder()
    {
        lock (_gate)
        {
            var places = new int[_rows.Count];
            var ids = new long[_rows.Count];
            for (int place = 0, at = 0; place < _rows.End; place++)
            {
                if (_rows[place].Id == 0) continue;
                ids[at] = _rows[place].Id;
                places[at++] = place;
            }

            Array.Sort(ids, places);
            return places;
        }
    }

    /// <summary>Each recipient that waits, by message, oldest first. Before anything changes.</summary>
    public IEnumerable<RecoveredRecipient> Waiting()
    {
        foreach (var place in InOrder())
            for (var i = 0; i < RecipientsOf(place); i++)
                if (Waiting(place, i) is { } waiting)
                    yield return waiting;
    }

    private RecoveredRecipient? Waiting(int place, int recipient)
    {
        lock (_gate)
        {
            ref var row = ref _rows[place];
            ref var slot = ref SlotOf(ref row, recipient);
            if (slot.State != RecipientState.Waiting) return null;
            return new RecoveredRecipient(null, place, new QueueId(row.Id), row.NullReversePath, recipient, slot.Domain, slot.NextAttemptUnixMs);
        }
    }

    private void Link(int place, ref Row row, in Location location)
    {
        var segment = location.Segment;
        row.Offset = (uint)(location.RecordOffset / RecordHeader.Alignment);
        row.Size = (uint)(location.RecordBytes / RecordHeader.Alignment);
        row.HeadBytes = (int)(location.ContentOffset - location.RecordOffset);
        row.Segment = segment.Number;
        // Rolls rely on the order of offsets. Records come in it, so that nothing is passed over here.
        row.Previous = segment.LastLive;
        while (row.Previous != None && _rows[row.Previous].Offset > row.Offset) row.Previous = _rows[row.Previous].Previous;
        row.Next = row.Previous == None ? segment.FirstLive : _rows[row.Previous].Next;
        if (row.Previous == None) segment.FirstLive = place;
        else _rows[row.Previous].Next = place;
        if (row.Next == None) segment.LastLive = place;
        else _rows[row.Next].Previous = place;
        segment.LiveCount++;
        segment.LiveBytes += location.RecordBytes;
    }

    private void Unlink(int place, ref Row row)
    {
        if (row.Segment == None) return;
        var segment = _segments[row.Segment]!;
        if (row.Previous == None) segment.FirstLive = row.Next;
        else _rows[row.Previous].Next = row.Next;
        if (row.Next == None) segment.LastLive = row.Previous;
        else _rows[row.Next].Previous = row.Previous;
        segment.LiveCount--;
        segment.LiveBytes -= (long)row.Size * RecordHeader.Alignment;
        row.Segment = row.Previous = row.Next = None;
    }
}
