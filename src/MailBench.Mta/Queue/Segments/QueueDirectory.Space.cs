using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>Where a directory gets space from and gives it back.</summary>
internal sealed partial class QueueDirectory
{
    private bool _deletionUnsynced;
    private long _deleteAfter = long.MinValue;

    /// <summary>Whether <see cref="Clean"/> or compaction has something to do.</summary>
    public bool CleaningDue => DeletionDue || CompactionDue;

    private bool DeletionDue => FinishedSegments() > Settings.SpareSegments && shared.Time.GetTimestamp() >= _deleteAfter;

    /// <summary>
    /// One step of cleaning: deletes the oldest segment when enough finished ones are spare. Compaction rides with groups: see <see cref="PlanCopies"/>.
    /// </summary>
    public void Clean()
    {
        if (DeletionDue) TryDeleteOldest();
    }

    /// <summary>
    /// Sees to it that a group of that size fits into the current segment's zone, with a reserve behind it: grows the zone, or goes on to a finished segment or a new one.
    /// Throws before anything of the group is written. On a full disk, finished segments are given back first.
    /// </summary>
    private void MakeRoom(long bytes, long reserve)
    {
        bytes = GroupWriter.SizeOf(bytes);
        while (true)
        {
            try
            {
                if (_current is not null && _current.End > SegmentHeader.Bytes && _current.End + bytes > Settings.SegmentBytes) _current = Next(bytes + SegmentHeader.Bytes);
                _current ??= Next(bytes + SegmentHeader.Bytes);
                var needed = _current.End + bytes + reserve;
                if (needed > _current.Zone) Grow(_current, needed, Math.Min(_current.Zone + Settings.ZoneStepBytes, Settings.SegmentBytes));
                return;
            }
            catch (DiskException full) when (full.Fault == DiskFault.Full)
            {
                if (FinishedSegments() > 0 && TryDeleteOldest()) continue;
                if (_current is null || _segments.Count > 1 || _current.LiveCount > 0 || SegmentHeader.Bytes + bytes + reserve > _current.Zone) throw;
                // The only segment, everything in it finished: it begins anew in the space that it has.
                _current = Renew(_current);
                return;
            }
        }
    }

    /// <summary>The segment that follows: the oldest when it is finished, written again in place, else a new file.</summary>
    private Segment Next(long bytes)
    {
        var oldest = _segments.Count > 0 ? _segments[0] : null;
        if (oldest is not null && oldest.LiveCount == 0 && !oldest.Damaged && oldest.Zone <= Settings.SegmentBytes + Settings.ReserveBytes && (FinishedSegments() > 0 || _segments.Count == 1))
        {
            try
            {
                return Renew(oldest);
            }
            catch (DiskException)
            {
                // Which header it has is unknown now. It stays the oldest, so that what follows it stays too, until it can be deleted.
                oldest.Damaged = true;
                throw;
            }
        }

        return CreateSegment(bytes);
    }

    /// <summary>Writes a new header over the segment's, which makes all its records void at once, and puts it last. Needs no space, no directory sync and no zeros.</summary>
    private Segment Renew(Segment segment)
    {
        var previous = _segments.Count > 1 ? _segments[^1] : null;
        SyncDeletion();
        var header = NewHeader(previous);
        // From here the previous segment may have a successor that names its end: nothing may be added to it, whatever happens.
        _current = null;
        WriteHeader(segment.File, header);
        segment.Header = header;
        segment.End = SegmentHeader.Bytes;
        segment.Group = 0;
        segment.Damaged = false;
        _segments.Remove(segment);
        _segments.Add(segment);
        return segment;
    }

    private Segment CreateSegment(long bytes)
    {
        var path = System.IO.Path.Combine(Path, DirectoryLog.FileName(_nextFile++));
        var file = disk.Create(path);
        try
        {
            var segment = new Segment(this, path, file, default);
            Grow(segment, bytes, Settings.FirstZoneBytes);
            segment.Header = NewHeader(_segments.Count > 0 ? _segments[^1] : null);
            _current = null;
            WriteHeader(file, segment.Header);
            // A file whose directory entry is not on stable storage can vanish with all that was synced into it.
            shared.Sync(() => disk.SyncDirectory(Path));
            _deletionUnsynced = false;
            _places.Register(segment);
            _segments.Add(segment);
            return segment;
        }
        catch
        {
            file.Dispose();
            TryDelete(path);
            throw;
        }
    }

    private SegmentHeader NewHeader(Segment? previous) => new(_nextSequence++, NewSalt(), shared.IdFloor, previous?.Header.Sequence ?? 0, previous?.End ?? 0);

    private void WriteHeader(IDiskFile file, SegmentHeader header)
    {
        Span<byte> block = stackalloc byte[SegmentHeader.Bytes];
        header.Write(block);
        file.Write(block, 0);
        shared.CountBytes(block.Length);
        shared.Sync(file.SyncData);
    }

    /// <summary>
    /// Makes the zone longer, as far as wanted, or where the disk is too full for that, as needed: a full disk shows here, before anything of a group is written. Allocation alone
    /// is enough, and writing zeros into what is about to be written again halves the rate of a growing queue (measured on ext4: 64 messages a sync, 60,000/s and 30,000/s; in a
    /// segment that was written before, 90,000/s, which is why finished ones are used again).
    /// </summary>
    private void Grow(Segment segment, long needed, long wanted)
    {
        try
        {
            Fill(segment, Math.Max(needed, wanted));
        }
        catch (DiskException full) when (full.Fault == DiskFault.Full && wanted > needed)
        {
            Fill(segment, needed);
        }
    }

    private void Fill(Segment segment, long zone)
    {
        zone = RecordHeader.AlignUp(zone, RecordHeader.GroupAlignment);
        var from = segment.File.Length;
        if (zone <= from)
        {
            segment.Zone = from;
            return;
        }

        if (!segment.File.Preallocate(from, zone - from)) WriteZeros(segment.File, from, zone);
        segment.Zone = zone;
    }

    private void WriteZeros(IDiskFile file, long from, long to)
    {
        shared.CountBytes(to - from);
        while (from < to)
        {
            var part = Zeros.AsSpan(0, (int)Math.Min(Zeros.Length, to - from));
            file.Write(part, from);
            from += part.Length;
        }
    }

    /// <summary>Segments at the old end without an unfinished message; never the last one, whose header keeps the ids' floor.</summary>
    private int FinishedSegments()
    {
        var count = 0;
        while (count < _segments.Count - 1 && _segments[count].LiveCount == 0) count++;
        return count;
    }

    /// <summary>
    /// Before the oldest segment goes, the going of the one before it is made durable: were that undone alone, its messages would come back without what finished them.
    /// </summary>
    private void SyncDeletion()
    {
        if (!_deletionUnsynced) return;
        shared.Sync(() => disk.SyncDirectory(Path));
        _deletionUnsynced = false;
    }

    private bool TryDeleteOldest()
    {
        try
        {
            SyncDeletion();
            _deletionUnsynced = true;
            disk.Delete(_segments[0].Path);
        }
        catch (DiskException)
        {
            // It is tried again later; meanwhile the segment only takes space.
            _deleteAfter = shared.Time.GetTimestamp() + FailureDelayTicks;
            return false;
        }

        _places.Unregister(_segments[0]);
        _segments[0].Dispose();
        _segments.RemoveAt(0);
        return true;
    }

    private void TryDelete(string path)
    {
        try
        {
            disk.Delete(path);
        }
        catch (DiskException)
        {
            // A file that could not be made whole stays; recovery knows it by its missing header.
        }
    }
}
