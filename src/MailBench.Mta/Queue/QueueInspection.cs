using MailBench.Model.Options;
using MailBench.Mta.Queue.Disk;
using MailBench.Mta.Queue.Files;
using MailBench.Mta.Queue.Segments;

namespace MailBench.Mta.Queue;

/// <summary>
/// A look into a queue directory, of a live or a stopped MTA: the log is read without the lock, and nothing is written. What a live MTA commits while it is read may be missing;
/// what waits all the while is not. What it had finished may be listed still, where it used segments again while they were read.
/// </summary>
public sealed class QueueInspection : IDisposable
{
    private const int Attempts = 20;
    private const int DamageAttempts = 2;
    private readonly DirectoryLog? _log;

    private QueueInspection(DirectoryLog? log, IEnumerable<QueueEntry> entries, IReadOnlyList<QueueDamage> damages)
    {
        _log = log;
        Entries = entries;
        Damages = damages;
    }

    /// <summary>Entries with a waiting recipient, oldest first; each is read when its turn comes, so a million take little memory. What a live MTA finishes meanwhile is left out.</summary>
    public IEnumerable<QueueEntry> Entries { get; }

    /// <summary>Stretches of files that cannot be read.</summary>
    public IReadOnlyList<QueueDamage> Damages { get; }

    /// <summary>Whether a queue has been opened there.</summary>
    public static bool IsQueue(string directory) =>
        Directory.Exists(directory) && Directory.EnumerateFiles(directory).Any(path => Path.GetFileName(path) == DirectoryLock.FileName || DirectoryLog.IsSegment(Path.GetFileName(path), out _));

    /// <summary>Reads the directory. Throws <see cref="IOException"/> when it cannot be read, and NodeRefusedException for an unknown format version.</summary>
    public static QueueInspection Read(string directory) => Read(directory, new RealDisk());

    /// <summary>The backend whose files are there; segments where there are none.</summary>
    internal static QueueBackend BackendOf(string directory) =>
        File.Exists(Path.Combine(directory, FileDirectory.IdsName)) ? QueueBackend.Files : QueueBackend.Segments;

    internal static QueueInspection Read(string directory, IDisk disk) =>
        disk.List(directory).Contains(FileDirectory.IdsName) ? ReadFiles(directory, disk) : ReadSegments(directory, disk);

    private static QueueInspection ReadFiles(string directory, IDisk disk)
    {
        var damages = new List<QueueDamage>();
        var entries = new List<QueueEntry>();
        foreach (var name in disk.List(directory))
        {
            if (!FileDirectory.IsMessage(name, out var id)) continue;
            try
            {
                if (FileDirectory.Read(disk, Path.Combine(directory, name), id, null, writable: false, damages.Add) is { Unfinished: > 0 } entry) entries.Add(entry);
            }
            catch (FileNotFoundException)
            {
                // Finished since it was listed.
            }
        }

        Sort(entries);
        return new QueueInspection(null, entries, damages);
    }

    private static void Sort(List<QueueEntry> entries) =>
        entries.Sort((one, other) => (one.AcceptedUnixMs, one.Id.Value).CompareTo((other.AcceptedUnixMs, other.Id.Value)));

    private static QueueInspection ReadSegments(string directory, IDisk disk)
    {
        for (var attempt = 1; ; attempt++)
        {
            var damages = new List<QueueDamage>();
            var places = new PlaceTable(reasons: int.MaxValue);
            var log = DirectoryLog.Read(disk, directory, owner: null, places, damages.Add);

            // A live MTA writes finished segments anew. If one changed while it was read, the reading may be mixed: it is done again; and in the end what was found in a changed
            // segment is left out, since nothing in it can have been waiting any more. What looks like damage may be the end of a log that grew between two glances; true damage is there again.
            var changed = log.Segments.Where(Changed).ToHashSet();
            if (attempt < Attempts && (changed.Count > 0 || log.Moved || (damages.Count > 0 && attempt <= DamageAttempts)))
            {
                log.Close();
                continue;
            }

            var unchanged = places.InOrder().Where(place => !changed.Contains(places.LocationOf(place).Segment));
            return new QueueInspection(log, Read(places, unchanged), [.. damages.Where(damage => !changed.Any(segment => segment.Path == damage.Path))]);
        }
    }

    private static IEnumerable<QueueEntry> Read(PlaceTable places, IEnumerable<int> inOrder)
    {
        var window = new HeadWindow();
        foreach (var place in inOrder)
            if (places.Read(place, window) is { } entry)
                yield return entry;
    }

    /// <summary>The content's header section, up to and without the empty line; at most so many octets.</summary>
    public static byte[] ReadHeaderSection(QueueEntry entry, int maxBytes)
    {
        var head = new byte[(int)Math.Min(maxBytes, entry.ContentBytes)];
        var section = head.AsSpan(0, entry.Place is FilePlace file ? ReadFile(file, head) : ReadSegment((Location)entry.Place!, head));
        if (section.StartsWith("\r\n"u8)) return [];
        var end = section.IndexOf("\r\n\r\n"u8);
        return section[..(end < 0 ? section.Length : end + 2)].ToArray();
    }

    private static int ReadSegment(in Location location, Span<byte> target) => location.Segment.File.Read(target, location.ContentOffset);

    /// <summary>Nothing when the message has been finished since.</summary>
    private static int ReadFile(FilePlace place, Span<byte> target)
    {
        try
        {
            using var file = new RealDisk().Open(place.Path, writable: false);
            return file.Read(target, place.ContentOffset);
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }

    public void Dispose() => _log?.Close();

    /// <summary>Whether it has begun another life. (In the same life a header only comes to say where the segment ends.)</summary>
    private static bool Changed(Segment segment)
    {
        Span<byte> block = stackalloc byte[SegmentHeader.Bytes];
        return !SegmentHeader.TryRead(block[..segment.File.Read(block, 0)], segment.Path, out var header) || header.Salt != segment.Header.Salt;
    }
}
