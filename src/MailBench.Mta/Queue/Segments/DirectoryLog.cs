using System.Globalization;
using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// A directory's log read from the first segment to the last: what is waiting, where its content is, and from where numbers go on. A message that compaction copied is found twice
/// and counts where it is last. The same reading serves recovery and, without the lock, inspection.
/// </summary>
internal sealed class DirectoryLog
{
    private const string Suffix = ".seg";
    private readonly Dictionary<long, (QueueEntry Entry, Location Location)> _messages = [];

    /// <summary>Whole segments, oldest first, open.</summary>
    public List<Segment> Segments { get; } = [];

    /// <summary>Segment files that were created but never got a header: nothing acknowledged is in them.</summary>
    public List<string> Unborn { get; } = [];

    /// <summary>Messages with a waiting recipient.</summary>
    public IEnumerable<(QueueEntry Entry, Location Location)> Messages => _messages.Values;
    public long NextId { get; private set; } = 1;
    public long NextFile { get; private set; } = 1;
    public long NextSequence { get; private set; } = 1;

    /// <summary>Whether a file vanished while it was read.</summary>
    public bool Moved { get; private set; }

    public static string FileName(long number) => number.ToString("D10", CultureInfo.InvariantCulture) + Suffix;

    public static bool IsSegment(string name, out long number)
    {
        number = 0;
        return name.EndsWith(Suffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(0, name.Length - Suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>Reads it. Throws <see cref="DiskException"/>, or <see cref="Model.Nodes.NodeRefusedException"/> for an unknown format version.</summary>
    public static DirectoryLog Read(IDisk disk, string directory, bool writable, Action<QueueDamage>? damaged)
    {
        var log = new DirectoryLog();
        try
        {
            log.OpenSegments(disk, directory, writable, damaged);
            foreach (var segment in log.Segments) log.Apply(segment, damaged);
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

    private void OpenSegments(IDisk disk, string directory, bool writable, Action<QueueDamage>? damaged)
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
                file = disk.Open(path, writable);
            }
            catch (FileNotFoundException)
            {
                Moved = true;
                continue;
            }

            if (SegmentHeader.TryRead(block.AsSpan(0, file.Read(block, 0)), path, out var header))
            {
                Segments.Add(new Segment(path, file, header) { Zone = file.Length });
                continue;
            }

            using (file)
            {
                // Groups are written only after the header is synced; so a file that a power cut left without header holds nothing but zeros.
                if (IsZero(file)) Unborn.Add(path);
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

    private void Apply(Segment segment, Action<QueueDamage>? damaged)
    {
        var syncedEnd = Segments.Where(later => later.Header.PreviousSequence == segment.Header.Sequence).Select(later => later.Header.PreviousEnd).DefaultIfEmpty(long.MaxValue).Min();
        var scan = SegmentScan.Run(segment.File, segment.Header, syncedEnd);
        segment.End = scan.End;
        segment.Group = scan.LastGroup;
        foreach (var (start, end) in scan.Damage) damaged?.Invoke(new QueueDamage(segment.Path, start, end));
        foreach (var record in scan.Records)
        {
            var id = record.Header.Id;
            NextId = Math.Max(NextId, id + 1);
            if (record.Entry is { } entry) _messages[id] = (entry, new Location(segment, record.Offset, record.Header.RecordBytes, record.ContentOffset));
            else if (_messages.TryGetValue(id, out var message) && (uint)record.Recipient < (uint)message.Entry.Recipients.Length)
                record.Status!.ApplyTo(message.Entry.Recipients[record.Recipient]);
            else continue;

            // A finished message is not copied, so nothing later brings it back.
            if (_messages[id].Entry.Unfinished == 0) _messages.Remove(id);
        }
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
