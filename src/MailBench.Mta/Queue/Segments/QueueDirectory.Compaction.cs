using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// Compaction: when the segments hold more than twice what is live (and four segments), the messages left in the oldest are copied to the log's end, some with each group,
/// their present states with them. So the log tends to at most 2 × live + five segments (more for a moment where live drops faster than groups bring the copying on), and an octet that stays is copied at most once per as many octets of new log.
/// </summary>
internal sealed partial class QueueDirectory
{
    private const int SegmentsBeforeCompaction = 4;

    private readonly List<(int Place, long Id)> _collected = [];
    private readonly List<Copy> _copies = [];

    private bool CompactionDue => CompactionSource is not null;

    /// <summary>The oldest segment with messages left, if it is to be emptied.</summary>
    private Segment? CompactionSource
    {
        get
        {
            if (_segments.Count <= SegmentsBeforeCompaction) return null;
            var oldest = _segments[FinishedSegments()];
            if (oldest == _current || oldest.LiveCount == 0) return null;
            long taken = 0, live = 0;
            foreach (var segment in _segments)
            {
                taken += segment.Zone;
                live += segment.LiveBytes;
            }

            return taken > (2 * live) + (SegmentsBeforeCompaction * Settings.SegmentBytes) ? oldest : null;
        }
    }

    /// <summary>
    /// Reads what this turn copies. A record whose sum is wrong is reported, and its message is lost: it holds its segment no longer, and what was kept beside it goes on.
    /// </summary>
    private List<Copy> PlanCopies()
    {
        var copies = _copies;
        copies.Clear();
        if (shared.Time.GetTimestamp() < RefusedUntil || CompactionSource is not { } oldest) return copies;
        _collected.Clear();
        _places.Collect(oldest, Settings.CompactionBytes, _collected);
        foreach (var (place, id) in _collected)
        {
            if (TryRead(place, id, out var copy)) copies.Add(copy);
            else Lose(place);
        }

        return copies;
    }

    private bool TryRead(int place, long id, [NotNullWhen(true)] out Copy? copy)
    {
        var location = _places.LocationOf(place);
        var segment = location.Segment;
        var record = ArrayPool<byte>.Shared.Rent((int)location.RecordBytes);
        copy = null;
        try
        {
            if (segment.File.Read(record.AsSpan(0, (int)location.RecordBytes), location.RecordOffset) == location.RecordBytes
                && RecordHeader.TryRead(record, segment.Header.Salt, location.RecordOffset, out var header)
                && header.Id == id && header.RecordBytes == location.RecordBytes
                && Crc32C.Append(0, record.AsSpan(RecordHeader.Bytes, (int)header.PayloadBytes)) == header.PayloadSum
                && Envelope.TryRead(record.AsSpan(RecordHeader.Bytes, Envelope.BytesOf(record.AsSpan(RecordHeader.Bytes, 4))), id, out var entry))
            {
                copy = new Copy(place, entry!, record, (int)(location.ContentOffset - location.RecordOffset), location.RecordBytes, _places.StatusesOf(place));
                return true;
            }
        }
        catch (DiskException)
        {
            // An unreadable record is as damaged as a wrong one.
        }

        ArrayPool<byte>.Shared.Return(record);
        return false;
    }

    private void Lose(int place)
    {
        var location = _places.LocationOf(place);
        shared.Damaged?.Invoke(new QueueDamage(location.Segment.Path, location.RecordOffset, location.RecordOffset + location.RecordBytes));
        _places.Lose(place);
    }

    private void AddCopies(List<Copy> copies)
    {
        foreach (var copy in copies) copy.Target = _writer.AddMessage(copy.Entry, [copy.Record.AsMemory(copy.ContentAt, (int)copy.Entry.ContentBytes)], copy.Statuses);
    }

    private void Move(List<Copy> copies)
    {
        foreach (var copy in copies) _places.Move(copy.Place, copy.Target);
    }

    private static void Return(List<Copy> copies)
    {
        foreach (var copy in copies) ArrayPool<byte>.Shared.Return(copy.Record);
    }

    private sealed class Copy(int place, QueueEntry entry, byte[] record, int contentAt, long recordBytes, RecipientStatus[] statuses)
    {
        public int Place { get; } = place;
        public QueueEntry Entry { get; } = entry;
        public byte[] Record { get; } = record;
        public int ContentAt { get; } = contentAt;
        public RecipientStatus[] Statuses { get; } = statuses;
        public Location Target { get; set; }

        /// <summary>What it takes at most: the record, and the reasons that recipients have got since.</summary>
        public long MaxBytes { get; } = recordBytes + RecordHeader.Alignment + statuses.Sum(status => Math.Min(3L * (status.Reason?.Length ?? 0), RecipientRecord.MaxReasonBytes));
    }
}
