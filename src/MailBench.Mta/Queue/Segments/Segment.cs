using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>A file of the log. Everything but reading its file belongs to the committer's thread.</summary>
internal sealed class Segment(QueueDirectory? directory, string path, IDiskFile file, SegmentHeader header) : IDisposable
{
    public string Path { get; } = path;
    public IDiskFile File { get; } = file;
    public SegmentHeader Header { get; set; } = header;

    /// <summary>Where the next group begins, or the log ends.</summary>
    public long End { get; set; } = SegmentHeader.Bytes;

    /// <summary>Octets that are allocated: writing below needs no space.</summary>
    public long Zone { get; set; } = SegmentHeader.Bytes;
    public uint Group { get; set; }

    /// <summary>The directory that writes it; null for who only looks.</summary>
    public QueueDirectory? Directory { get; } = directory;

    /// <summary>Its number in the <see cref="PlaceTable"/>, which keeps the list of unfinished messages whose content is here.</summary>
    public int Number { get; set; } = -1;
    public int FirstLive { get; set; } = -1;
    public int LastLive { get; set; } = -1;
    public int LiveCount { get; set; }
    public long LiveBytes { get; set; }

    /// <summary>Whether a write or sync failed here: then it is not written again, only deleted once its messages are finished or copied.</summary>
    public bool Damaged { get; set; }

    /// <summary>Whether its own header says, durably, where it ends. What a former process told may be in the page cache only: it is told again.</summary>
    public bool EndTold { get; set; }

    /// <summary>
    /// The number of the segment in which its last whole roll begins, or its own: what is known of its messages is in segments from there on. Those before it do not count any more.
    /// </summary>
    public long RollFrom
    {
        get => Math.Max(field, Header.Sequence);
        set;
    }

    public void Dispose() => File.Dispose();
}
