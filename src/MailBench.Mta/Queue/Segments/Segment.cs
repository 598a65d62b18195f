using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>A file of the log. Everything but reading its file belongs to the committer's thread.</summary>
internal sealed class Segment(string path, IDiskFile file, SegmentHeader header) : IDisposable
{
    public string Path { get; } = path;
    public IDiskFile File { get; } = file;
    public SegmentHeader Header { get; set; } = header;

    /// <summary>Where the next group begins, or the log ends.</summary>
    public long End { get; set; } = SegmentHeader.Bytes;

    /// <summary>Octets that are allocated: writing below needs no space.</summary>
    public long Zone { get; set; } = SegmentHeader.Bytes;
    public uint Group { get; set; }

    /// <summary>Unfinished messages whose content is here.</summary>
    public HashSet<Place> Live { get; } = [];
    public long LiveBytes { get; private set; }

    /// <summary>Whether a write, sync or sum failed here: then it is neither compacted nor written again, only deleted once its messages are finished.</summary>
    public bool Damaged { get; set; }

    public void Hold(Place place)
    {
        if (Live.Add(place)) LiveBytes += place.Location.RecordBytes;
    }

    public void Release(Place place)
    {
        if (Live.Remove(place)) LiveBytes -= place.Location.RecordBytes;
    }

    public void Dispose() => File.Dispose();
}

/// <summary>Where a message's record is.</summary>
/// <param name="ContentOffset">Where the content begins in the file.</param>
internal sealed record Location(Segment Segment, long RecordOffset, long RecordBytes, long ContentOffset);

/// <summary>The queue's own knowledge about an entry, behind <see cref="QueueEntry.Place"/>.</summary>
internal sealed class Place
{
    private readonly bool[] _finished;
    private readonly RecipientStatus?[] _recorded;
    private int _unfinished;
    private volatile Location _location;

    public Place(QueueDirectory directory, QueueEntry entry, Location location)
    {
        Directory = directory;
        Entry = entry;
        _location = location;
        _finished = new bool[entry.Recipients.Length];
        _recorded = new RecipientStatus?[entry.Recipients.Length];
        for (var i = 0; i < _finished.Length; i++)
        {
            var status = RecipientStatus.Of(entry.Recipients[i]);
            if (status != RecipientStatus.Untried) _recorded[i] = status;
            if (status.State == RecipientState.Waiting) _unfinished++;
            else _finished[i] = true;
        }
    }

    public QueueDirectory Directory { get; }
    public QueueEntry Entry { get; }

    /// <summary>Replaced when the message is copied; a reader that finds the old file closed looks again.</summary>
    public Location Location
    {
        get => _location;
        set => _location = value;
    }

    /// <summary>Loop only. True when this recipient was the last one waiting.</summary>
    public bool Finish(int recipient)
    {
        if (_finished[recipient]) return false;
        _finished[recipient] = true;
        return --_unfinished == 0;
    }

    /// <summary>Committer only: the state last given to the log.</summary>
    public RecipientStatus Recorded(int recipient) => _recorded[recipient] ?? RecipientStatus.Untried;

    public void SetRecorded(int recipient, RecipientStatus status) => _recorded[recipient] = status;
}
