using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>Where a directory gets space from and gives it back.</summary>
internal sealed partial class QueueDirectory
{
    private bool _deletionUnsynced;
    private long _deleteAfter = long.MinValue;
    private SegmentUse[] _uses = [];
    private Reclamation? _reclamation;

    /// <summary>Whether <see cref="Clean"/>, compaction or a roll has something to do.</summary>
    public bool CleaningDue => DeletionDue || Reclamation.Step != ReclamationStep.None;

    private bool DeletionDue => Reclamation.Surplus && shared.Time.GetTimestamp() >= _deleteAfter;

    /// <summary>What to do for space as things stand; whoever changes something in that unsets it.</summary>
    private Reclamation Reclamation => _reclamation ??= Choose();

    /// <summary>
    /// One step of cleaning: deletes the oldest free segment when there are more than may be kept. Compaction and rolls ride with groups: see <see cref="PlanCopies"/>, <see cref="PlanRolls"/>.
    /// </summary>
    public void Clean()
    {
        if (DeletionDue) TryDeleteFree();
    }

    private Reclamation Choose()
    {
        if (_uses.Length < _segments.Count) _uses = new SegmentUse[_segments.Count * 2];
        for (var i = 0; i < _segments.Count; i++)
        {
            var segment = _segments[i];
            _uses[i] = new SegmentUse(segment.Header.Sequence, segment.RollFrom, segment.Zone, segment.LiveBytes, segment.LiveCount, !segment.Damaged);
        }

        return Reclamation.Choose(_uses.AsSpan(0, _segments.Count), Settings.SegmentBytes, Settings.SpareSegments);
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
                if (Reclamation.Free > 0 && TryDeleteFree()) continue;
                if (_current is null || _segments.Count > 1 || _current.LiveCount > 0 || SegmentHeader.Bytes + bytes + reserve > _current.Zone) throw;
                // The only segment, everything in it finished: it begins anew in the space that it has.
                _current = Renew(_current);
                return;
            }
        }
    }

    /// <summary>The segment that follows: the oldest free one, written again in place, else a new file.</summary>
    private Segment Next(long bytes)
    {
        var only = _segments.Count == 1 && _segments[0].LiveCount == 0;
        var free = Reclamation.Free > 0 ? _segments[Reclamation.FirstFree] : only ? _segments[0] : null;
        if (free is not null && !free.Damaged && free.Zone <= Settings.SegmentBytes + Settings.ReserveBytes)
        {
            try
            {
                return Renew(free);
            }
            catch (DiskException)
            {
                // Which header it has is unknown now. It stays the first to go, so that what follows it stays too, until it can be deleted.
                free.Damaged = true;
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
        segment.EndTold = false;
        _segments.Remove(segment);
        _segments.Add(segment);
        _reclamation = null;
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
            _reclamation = null;
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

    /// <summary>
    /// Before a segment goes, the going of the one before it is made durable: were that undone alone, its messages would come back without what finished them.
    /// </summary>
    private void SyncDeletion()
    {
        if (!_deletionUnsynced) return;
        shared.Sync(() => disk.SyncDirectory(Path));
        _deletionUnsynced = false;
    }

    private bool TryDeleteFree()
    {
        var free = _segments[Reclamation.FirstFree];
        try
        {
            SyncDeletion();
            _deletionUnsynced = true;
            disk.Delete(free.Path);
        }
        catch (DiskException)
        {
            // It is tried again later; meanwhile the segment only takes space.
            _deleteAfter = shared.Time.GetTimestamp() + FailureDelayTicks;
            return false;
        }

        _places.Unregister(free);
        free.Dispose();
        _segments.Remove(free);
        _reclamation = null;
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
