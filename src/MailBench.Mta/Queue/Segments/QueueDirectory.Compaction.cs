using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// Compaction: the messages left in a segment that is mostly garbage are copied to the log's end, some with each group, their present states with them. When and which: <see cref="Reclamation"/>.
/// </summary>
internal sealed partial class QueueDirectory
{
    /// <summary>
    /// Octets copied for each octet of the messages that a group brings: they wait for the copying, and a group of a few with a MiB of copies behind it would take several times as long. The log may grow by a
    /// quarter of what is live meanwhile.
    /// </summary>
    private const int CopiedPerOctet = 4;

    private readonly List<(int Place, long Id)> _collected = [];
    private readonly List<Copy> _copies = [];

    /// <summary>
    /// Reads what this turn copies beside so many octets of messages that wait for it. A record whose sum is wrong is reported, and its message is lost: it holds its segment no longer, and what was kept beside it goes on.
    /// </summary>
    private List<Copy> PlanCopies(long messageBytes)
    {
        var copies = _copies;
        copies.Clear();
        if (Reclamation.Step != ReclamationStep.Copy || shared.Time.GetTimestamp() < RefusedUntil) return copies;
        _collected.Clear();
        _places.Collect(_segments[Reclamation.Targets[0]], messageBytes == 0 ? Settings.CompactionBytes : Math.Min(messageBytes * CopiedPerOctet, Settings.CompactionBytes), _collected);
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
        _reclamation = null;
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
