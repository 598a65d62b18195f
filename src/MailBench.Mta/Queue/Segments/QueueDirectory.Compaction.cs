using System.Buffers;
using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// Compaction: when the segments hold more than twice what is live (and four segments), the messages left in the oldest are copied to the log's end, some with each group,
/// their present states with them. So the log takes at most 2 × live + five segments, and an octet that stays is copied at most once per as many octets of new log.
/// </summary>
internal sealed partial class QueueDirectory
{
    private const int SegmentsBeforeCompaction = 4;

    private bool CompactionDue => CompactionSource is not null;

    /// <summary>The oldest segment with messages left, if it is to be emptied.</summary>
    private Segment? CompactionSource
    {
        get
        {
            if (_segments.Count <= SegmentsBeforeCompaction) return null;
            var oldest = _segments[FinishedSegments()];
            if (oldest == _current || oldest.Live.Count == 0 || oldest.Damaged) return null;
            long taken = 0, live = 0;
            foreach (var segment in _segments)
            {
                taken += segment.Zone;
                live += segment.LiveBytes;
            }

            return taken > (2 * live) + (SegmentsBeforeCompaction * Settings.SegmentBytes) ? oldest : null;
        }
    }

    /// <summary>Reads what this turn copies. A record whose sum is wrong is reported and stays where it is.</summary>
    private List<Copy> PlanCopies()
    {
        var copies = new List<Copy>();
        if (shared.Time.GetTimestamp() < RefusedUntil || CompactionSource is not { } oldest) return copies;
        long bytes = 0;
        foreach (var place in oldest.Live)
        {
            if (TryReadContent(place, out var copy)) copies.Add(copy);
            else
            {
                oldest.Damaged = true;
                var location = place.Location;
                shared.Damaged?.Invoke(new QueueDamage(oldest.Path, location.RecordOffset, location.RecordOffset + location.RecordBytes));
                break;
            }

            bytes += place.Location.RecordBytes;
            if (bytes >= Settings.CompactionBytes) break;
        }

        return copies;
    }

    private static bool TryReadContent(Place place, out Copy copy)
    {
        var location = place.Location;
        var segment = location.Segment;
        var record = ArrayPool<byte>.Shared.Rent((int)location.RecordBytes);
        copy = new Copy(place, record, (int)(location.ContentOffset - location.RecordOffset));
        try
        {
            if (segment.File.Read(record.AsSpan(0, (int)location.RecordBytes), location.RecordOffset) == location.RecordBytes
                && RecordHeader.TryRead(record, segment.Header.Salt, location.RecordOffset, out var header)
                && header.RecordBytes == location.RecordBytes
                && Crc32C.Append(0, record.AsSpan(RecordHeader.Bytes, (int)header.PayloadBytes)) == header.PayloadSum)
                return true;
        }
        catch (DiskException)
        {
            // An unreadable record is as damaged as a wrong one.
        }

        ArrayPool<byte>.Shared.Return(record);
        return false;
    }

    /// <summary>By how much the copy may be larger than its original: the reasons that recipients have got since.</summary>
    private static long CopyGrowth(Place place)
    {
        long growth = RecordHeader.Alignment;
        for (var i = 0; i < place.Entry.Recipients.Length; i++) growth += Math.Min(3L * (place.Recorded(i).Reason?.Length ?? 0), RecipientRecord.MaxReasonBytes);
        return growth;
    }

    private void AddCopies(List<Copy> copies)
    {
        foreach (var copy in copies)
        {
            var content = copy.Record.AsMemory(copy.ContentOffset, (int)copy.Place.Entry.ContentBytes);
            copy.Target = _writer.AddMessage(copy.Place.Entry, [content], copy.Place.Recorded);
        }
    }

    private static void Move(List<Copy> copies)
    {
        foreach (var copy in copies)
        {
            copy.Place.Location.Segment.Release(copy.Place);
            copy.Place.Location = copy.Target!;
            copy.Target!.Segment.Hold(copy.Place);
        }
    }

    private static void Return(List<Copy> copies)
    {
        foreach (var copy in copies) ArrayPool<byte>.Shared.Return(copy.Record);
    }

    private sealed class Copy(Place place, byte[] record, int contentOffset)
    {
        public Place Place { get; } = place;
        public byte[] Record { get; } = record;
        public int ContentOffset { get; } = contentOffset;
        public Location? Target { get; set; }
    }
}
