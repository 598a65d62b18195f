using System.Security.Cryptography;
using MailBench.Model.Nodes;
using MailBench.Mta.Queue.Disk;
using MailBench.Mta.Queue.Files;

namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// One queue directory: its segments in order, the last of which is written. All members belong to the committer's thread.
/// A segment leaves when nothing waits in it and no older one needs what it says (<see cref="Reclamation"/>). So a state record never goes before the message it speaks of, unless a roll was called
/// since, and what a power cut brings back is finished by what comes after it.
/// </summary>
internal sealed partial class QueueDirectory(string path, IDisk disk, QueueShared shared, DeviceCommitter committer) : IDisposable
{
    /// <summary>Ids passed over at a restart: those that the former process gave to messages which never reached the disk are not given to others.</summary>
    private const int IdsSkipped = 1 << 16;

    private static readonly byte[] Zeros = new byte[1 << 18];

    private readonly GroupWriter _writer = committer.Writer;
    private readonly PlaceTable _places = shared.Places;
    private readonly List<Segment> _segments = [];
    private Location[] _written = [];
    private Segment? _current;
    private IDisposable? _lock;
    private long _nextFile = 1;
    private long _nextSequence = 1;

    public string Path { get; } = path;
    public DeviceCommitter Committer => committer;

    /// <summary>Set after a failure: until this time stamp the directory is not tried.</summary>
    public long RefusedUntil { get; private set; } = long.MinValue;

    /// <summary>The failure that <see cref="RefusedUntil"/> stands for.</summary>
    public DiskException? Failure { get; private set; }

    private QueueSettings Settings => shared.Settings;
    private long FailureDelayTicks => (long)(Settings.FailureDelay.TotalSeconds * shared.Time.TimestampFrequency);

    /// <summary>Locks, reads the log into the table of places. A former process's segments are never appended to.</summary>
    public void Open()
    {
        _lock = disk.Lock(Path);
        if (disk.List(Path).Contains(FileDirectory.IdsName))
            throw new NodeRefusedException($"Queue directory {Path} was made by backend files; let that deliver what waits there, or name another directory with --queue.");
        var log = DirectoryLog.Read(disk, Path, this, _places, shared.Damaged);
        _segments.AddRange(log.Segments);
        _nextFile = log.NextFile;
        _nextSequence = log.NextSequence;
        if (log.Segments.Count > 0) shared.RaiseIds(log.NextId + IdsSkipped);
        foreach (var unborn in log.Unborn) disk.Delete(unborn);

    }

    /// <summary>Makes the segment to be written; ids of all directories must be known by then, since its header says from where they go on.</summary>
    public void Begin()
    {
        // What a killed process had written or deleted may be in the page cache only. It is made durable first: the next header will say that it is, and reuse relies on it.
        shared.Sync(() => disk.SyncDirectory(Path));
        if (_segments.Count > 0) shared.Sync(_segments[^1].File.SyncData);
        try
        {
            _current = Next(SegmentHeader.Bytes);
        }
        catch (DiskException full) when (full.Fault == DiskFault.Full && _segments.Count > 0)
        {
            // Not even a header fits. What waits here can be delivered all the same, and that gives space back; until then messages are refused.
            Refuse([], full);
        }
    }

    /// <summary>Octets that still fit into the current segment; a message larger than a segment gets one of its own.</summary>
    public long Room => _current is null ? Settings.SegmentBytes - SegmentHeader.Bytes : Math.Max(0, Settings.SegmentBytes - _current.End);

    /// <summary>
    /// Writes and syncs a group: messages and states, or what of them the disk takes. Answers the messages' callbacks and the states'; states that could not be written are
    /// returned, to be given again.
    /// </summary>
    public IReadOnlyList<PendingState> Commit(List<PendingMessage> messages, List<PendingState> states)
    {
        // The message is finished in memory already: its space counts as free even while a full disk cannot take the record that says so. Deleting the segment says it too.
        for (var i = 0; i < states.Count; i++)
        {
            if (!states[i].Last) continue;
            _places.Remove(states[i].Place);
            _reclamation = null;
            states[i] = states[i] with { Last = false };
        }

        long stateBytes = 0, messageBytes = 0;
        foreach (var state in states) stateBytes += RecordHeader.SizeOf(24 + 3L * Math.Min(state.Status.Reason?.Length ?? 0, RecipientRecord.MaxReasonBytes));
        foreach (var message in messages) messageBytes += message.RecordBytes;
        var copies = PlanCopies(messageBytes);
        messageBytes += PlanRolls();
        if (messages.Count == 0 && states.Count == 0 && copies.Count == 0 && _planned == 0) return states;
        foreach (var copy in copies) messageBytes += copy.MaxBytes;
        try
        {
            MakeRoom(messageBytes + stateBytes, messageBytes > 0 ? Settings.ReserveBytes : 0);
        }
        catch (DiskException full)
        {
            Return(copies);
            // Nothing of the group was written. Messages are refused; deliveries may still be noted in what is left of the zone.
            Refuse(messages, full);
            if (states.Count == 0 || _current is null || _current.End + GroupWriter.SizeOf(stateBytes) > _current.Zone) return states;
            messages = [];
            copies = [];
            _planned = 0;
        }

        return Write(messages, states, copies);
    }

    public void Dispose()
    {
        foreach (var segment in _segments) segment.Dispose();
        _lock?.Dispose();
    }

    private IReadOnlyList<PendingState> Write(List<PendingMessage> messages, List<PendingState> states, List<Copy> copies)
    {
        var segment = _current!;
        if (_written.Length < messages.Count) _written = new Location[Math.Max(messages.Count, _written.Length * 2)];
        try
        {
            var before = _writer.BytesWritten;
            _writer.Begin(segment);
            for (var i = 0; i < messages.Count; i++) _written[i] = _writer.AddMessage(messages[i].Entry, messages[i].Content, null);
            foreach (var state in states) _writer.AddState(state.Id, state.Recipient, state.Status);
            AddRolls();
            AddCopies(copies);
            var end = _writer.End();
            shared.CountBytes(_writer.BytesWritten - before);
            shared.Sync(segment.File);
            segment.End = end;
            segment.Group++;
        }
        catch (DiskException failed)
        {
            Seal(segment);
            ForgetRolls();
            Refuse(messages, failed);
            return states;
        }
        finally
        {
            Return(copies);
        }

        if (messages.Count > 0) RefusedUntil = long.MinValue;
        for (var i = 0; i < messages.Count; i++)
        {
            var entry = messages[i].Entry;
            entry.Slot = _places.Add(entry, _written[i]);
            entry.Place = this;
        }

        Move(copies);
        RollsWritten(segment);
        _reclamation = null;

        foreach (var message in messages) message.Committed(message.Entry, null);
        foreach (var state in states) state.Durable?.Invoke();
        return [];
    }

    /// <summary>
    /// Ends the current segment after a failed write or sync. The kernel reports a failed sync once and may then hold the lost pages for clean: syncing the same file again would
    /// answer "done" for data that never reached the disk. So nothing is written behind such a group; the next segment's header names the end of what was synced before, and
    /// recovery ignores the rest: the failed group's messages, which were refused, do not come back.
    /// </summary>
    private void Seal(Segment segment)
    {
        segment.Damaged = true;
        _current = null;
    }

    private void Refuse(List<PendingMessage> messages, DiskException failure)
    {
        Failure = failure;
        RefusedUntil = shared.Time.GetTimestamp() + FailureDelayTicks;
        foreach (var message in messages) message.Committed(null, RefusalFor(failure));
    }

    public static QueueRefusedException RefusalFor(DiskException failure) => new(
        failure.Fault == DiskFault.Full ? QueueRefusal.DiskFull : QueueRefusal.DiskFailed, failure.Message, failure);

    private static ulong NewSalt() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
}
