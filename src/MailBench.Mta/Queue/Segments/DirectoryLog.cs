using System.Globalization;
using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// A directory's log read from the first segment to the last: what is waiting, where its content is, and from where numbers go on. A message that compaction copied is found twice
/// and counts where it is last; what a segment's roll does not call is finished. The same reading serves recovery and, without the lock, inspection.
/// </summary>
internal sealed class DirectoryLog
{
    private const string Suffix = ".seg";

    /// <summary>Segments read at once: reading costs the checking of sums.</summary>
    private static readonly int Readers = Math.Clamp(Environment.ProcessorCount, 1, 4);

    private readonly Dictionary<long, int> _placeOf = [];
    private readonly HashSet<int> _called = [];
    private readonly List<(int Place, long Id)> _listed = [];

    /// <summary>Whole segments, oldest first, open.</summary>
    public List<Segment> Segments { get; } = [];

    /// <summary>Segment files that were created but never got a header: nothing acknowledged is in them.</summary>
    public List<string> Unborn { get; } = [];

    public long NextId { get; private set; } = 1;
    public long NextFile { get; private set; } = 1;
    public long NextSequence { get; private set; } = 1;

    /// <summary>Whether a file vanished, or got its header, while it was read: of a live log only, which is to be read again.</summary>
    public bool Moved { get; private set; }

    public static string FileName(long number) => number.ToString("D10", CultureInfo.InvariantCulture) + Suffix;

    public static bool IsSegment(string name, out long number)
    {
        number = 0;
        return name.EndsWith(Suffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(0, name.Length - Suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>
    /// Reads it into <paramref name="places"/>: messages with a waiting recipient. Throws <see cref="DiskException"/>, or <see cref="Model.Nodes.NodeRefusedException"/> for an unknown format version.
    /// </summary>
    /// <param name="owner">Who is going to write the log; null for who only looks.</param>
    public static DirectoryLog Read(IDisk disk, string path, QueueDirectory? owner, PlaceTable places, Action<QueueDamage>? damaged)
    {
        var log = new DirectoryLog();
        try
        {
            log.OpenSegments(disk, path, owner, damaged);
            log.ReadSegments(places, damaged);
            return log;
        }
        catch
        {
            log.Close();
            throw;
        }
    }

    public void Close()
    {
        foreach (var segment in Segments) segment.Dispose();
    }

    private void OpenSegments(IDisk disk, string directory, QueueDirectory? owner, Action<QueueDamage>? damaged)
    {
        var block = new byte[SegmentHeader.Bytes];
        foreach (var name in disk.List(directory))
        {
            if (!IsSegment(name, out var number)) continue;
            NextFile = Math.Max(NextFile, number + 1);
            var path = Path.Combine(directory, name);
            IDiskFile file;
            try
            {
                file = disk.Open(path, writable: owner is not null);
            }
            catch (FileNotFoundException)
            {
                Moved = true;
                continue;
            }

            if (SegmentHeader.TryRead(block.AsSpan(0, file.Read(block, 0)), path, out var header))
            {
                Segments.Add(new Segment(owner, path, file, header) { Zone = file.Length });
                continue;
            }

            using (file)
            {
                // Groups are written only after the header is synced; so a file that a power cut left without header holds nothing but zeros.
                if (IsZero(file)) Unborn.Add(path);
                // Where a live MTA is looked at, it may have been born between the two readings.
                else if (SegmentHeader.TryRead(block.AsSpan(0, file.Read(block, 0)), path, out _)) Moved = true;
                else damaged?.Invoke(new QueueDamage(path, 0, file.Length));
            }
        }

        Segments.Sort((one, other) => one.Header.Sequence.CompareTo(other.Header.Sequence));
        foreach (var segment in Segments)
        {
            NextSequence = Math.Max(NextSequence, segment.Header.Sequence + 1);
            NextId = Math.Max(NextId, segment.Header.IdFloor);
        }
    }

    private void ReadSegments(PlaceTable places, Action<QueueDamage>? damaged)
    {
        var reading = new Queue<(Segment Segment, Task<SegmentScan> Scan)>();
        var spare = new Stack<List<FoundRecord>>();
        foreach (var segment in Segments)
        {
            // Lists are used again: a segment's records are megabytes, and a log of a million messages would leave a heap of them.
            var records = spare.TryPop(out var used) ? used : [];
            var syncedEnd = SyncedEnd(segment);
            reading.Enqueue((segment, Task.Run(() => SegmentScan.Run(segment.File, segment.Header, syncedEnd, records))));
            if (reading.Count > Readers) ApplyNext();
        }

        while (reading.Count > 0) ApplyNext();

        void ApplyNext()
        {
            var (segment, task) = reading.Dequeue();
            var scan = task.GetAwaiter().GetResult();
            Apply(segment, scan, places, damaged);
            scan.Records.Clear();
            spare.Push(scan.Records);
        }
    }

    /// <summary>What its own header or a later segment's says of where it ends.</summary>
    private long SyncedEnd(Segment segment) =>
        Segments.Where(later => later.Header.PreviousSequence == segment.Header.Sequence).Select(later => later.Header.PreviousEnd)
            .Append(segment.Header.End > 0 ? segment.Header.End : long.MaxValue).Min();

    private void Apply(Segment segment, SegmentScan scan, PlaceTable places, Action<QueueDamage>? damaged)
    {
        places.Register(segment);
        segment.End = scan.End;
        segment.Group = scan.LastGroup;
        foreach (var (start, end) in scan.Damage) damaged?.Invoke(new QueueDamage(segment.Path, start, end));
        foreach (var record in scan.Records)
        {
            if (record.Roll is { } roll)
            {
                Apply(roll, places);
                continue;
            }

            var id = record.Header.Id;
            NextId = Math.Max(NextId, id + 1);
            var known = _placeOf.TryGetValue(id, out var place);
            if (record.Header.Type == RecordType.Message)
            {
                if (known) places.Remove(place);
                _placeOf[id] = place = AddMessage(places, segment, record);
                known = true;
            }
            else if (known && (uint)record.Recipient < (uint)places.RecipientsOf(place))
            {
                places.Record(place, record.Recipient, record.One.Status);
            }

            // A finished message is not copied, so nothing later brings it back.
            if (!known || places.UnfinishedOf(place) > 0) continue;
            places.Remove(place);
            _placeOf.Remove(id);
        }
    }

    /// <summary>Messages that were called get their states, the others between the roll's offsets are finished (or were copied, and then they are no longer found there).</summary>
    private void Apply(ReadOnlySpan<byte> octets, PlaceTable places)
    {
        var roll = RollReader.Of(octets);
        var sequence = roll.Sequence;
        // The segment may have gone since.
        if (Segments.Find(one => one.Header.Sequence == sequence) is not { Number: >= 0 } segment) return;
        _called.Clear();
        while (roll.TryNext(out var id, out var recipients))
        {
            // Not found where its record is damaged, which has been reported.
            var found = _placeOf.TryGetValue(id, out var place) && places.LocationOf(place).Segment == segment && places.RecipientsOf(place) == recipients;
            for (var i = 0; i < recipients && roll.TryStatus(out var status); i++)
                if (found) places.Record(place, i, status);
            if (found && places.UnfinishedOf(place) > 0) _called.Add(place);
        }

        _listed.Clear();
        places.CollectBetween(segment, roll.From, roll.To, _listed);
        foreach (var (place, id) in _listed)
        {
            if (_called.Contains(place)) continue;
            places.Remove(place);
            _placeOf.Remove(id);
        }
    }

    private static int AddMessage(PlaceTable places, Segment segment, in FoundRecord record)
    {
        var one = record.One;
        var location = new Location(segment, record.Offset, record.Header.RecordBytes, record.Offset + record.HeadBytes);
        return places.Add(record.Header.Id, location, record.NullReversePath, record.Several ?? new ReadOnlySpan<FoundRecipient>(in one));
    }

    private static bool IsZero(IDiskFile file)
    {
        var part = new byte[1 << 16];
        int read;
        for (long offset = 0; (read = file.Read(part, offset)) > 0; offset += read)
            if (part.AsSpan(0, read).ContainsAnyExcept((byte)0))
                return false;
        return true;
    }
}
