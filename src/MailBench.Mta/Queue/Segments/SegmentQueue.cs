using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// The queue over segment files (backend <c>segments</c>): an append-only log per directory, written in place into allocated files, with one sync per group of
/// messages (in class <c>synced</c>). INTERNALS.md describes the files, <see cref="RecordHeader"/> and <see cref="SegmentHeader"/> the octets.
/// Limits: one open file per segment; some 72 octets of memory for a waiting message (<see cref="PlaceTable"/>), none for its envelope and content.
/// </summary>
internal sealed class SegmentQueue : MessageQueue
{
    private readonly QueueShared _shared;
    private readonly List<DeviceCommitter> _committers = [];
    private int _turn;

    /// <param name="threads">False in tests, which call <see cref="Turn"/> themselves.</param>
    public SegmentQueue(IReadOnlyList<string> directories, IDisk disk, TimeProvider time, QueueSettings settings, Action<QueueDamage>? damaged, bool threads)
    {
        _shared = new QueueShared(settings, time, damaged);
        var opened = new List<QueueDirectory>();
        try
        {
            var byDevice = new Dictionary<ulong, DeviceCommitter>();
            foreach (var path in directories)
            {
                disk.CreateDirectory(path);
                var device = disk.DeviceOf(path);
                if (!byDevice.TryGetValue(device, out var committer))
                {
                    byDevice.Add(device, committer = new DeviceCommitter(_shared));
                    _committers.Add(committer);
                }

                var directory = new QueueDirectory(path, disk, _shared, committer);
                opened.Add(directory);
                directory.Open();
                committer.Add(directory);
            }

            foreach (var directory in opened) directory.Begin();
        }
        catch (Exception failed)
        {
            foreach (var directory in opened) directory.Dispose();
            if (failed is IOException or UnauthorizedAccessException) throw QueueShared.CannotOpen(failed);
            throw;
        }

        if (!threads) return;
        foreach (var committer in _committers) committer.Start();
    }

    public override IEnumerable<QueueEntry> Recovered => _shared.Places.InOrder().Select(Load);
    public override IEnumerable<RecoveredRecipient> RecoveredRecipients => _shared.Places.Waiting();
    public override long Syncs => _shared.Syncs;
    public override long SyncBusyNs => _shared.SyncBusyNs;
    public override long BytesWritten => _shared.BytesWritten;

    /// <summary>Each device's directories have failed of late and are not tried again yet.</summary>
    public override QueueRefusal? Refusing
    {
        get
        {
            QueueRefusal? refusing = null;
            foreach (var committer in _committers)
                if (committer.Refusing is { } refusal) refusing = refusal;
                else return null;

            return refusing;
        }
    }

    public override QueueId ReserveId() => new(_shared.NextId());

    public override void Enqueue(NewMessage message, Action<QueueEntry?, Exception?> committed)
    {
        var entry = message.ToEntry(message.Id ?? ReserveId(), _shared.Time.GetUtcNow());
        var recordBytes = RecordHeader.SizeOf(Envelope.BytesOf(entry) + entry.ContentBytes);
        var refused = recordBytes > _shared.Settings.MaxMessageBytes
            ? new QueueRefusedException(QueueRefusal.TooLarge, $"A message of {recordBytes} octets is larger than the queue takes ({_shared.Settings.MaxMessageBytes}).")
            : Choose().TryAdd(new PendingMessage(entry, message.Content, recordBytes, committed));
        if (refused is not null) committed(null, refused);
    }

    public override void Record(QueueEntry entry, int recipient, Action? durable = null)
    {
        var directory = (QueueDirectory)entry.Place!;
        var status = RecipientStatus.Of(entry.Recipients[recipient]);
        var last = _shared.Places.Record(entry.Slot, recipient, status);
        directory.Committer.Add(new PendingState(directory, entry.Slot, entry.Id.Value, recipient, status, last, _shared.Time.GetTimestamp(), durable));
    }

    /// <summary>Always: all that its states are is in the table by the time it is recorded.</summary>
    public override bool TryRest(QueueEntry entry, out int place)
    {
        place = entry.Slot;
        return true;
    }

    public override QueueEntry Load(int place) =>
        _shared.Places.Read(place) ?? throw new DiskException(DiskFault.Failed, "A message's record in the queue is damaged.");

    public override int ReadContent(QueueEntry entry, long offset, Span<byte> target)
    {
        var length = (int)Math.Min(target.Length, entry.ContentBytes - offset);
        if (length <= 0) return 0;
        while (true)
        {
            var location = _shared.Places.LocationOf(entry.Slot);
            if (location.Segment is not { } segment) throw new DiskException(DiskFault.Failed, $"The record of message {entry.Id} in the queue is damaged.");
            try
            {
                var read = segment.File.Read(target[..length], location.ContentOffset + offset);
                // Compaction may have moved the message and given its old place to others while it was read.
                if (_shared.Places.LocationOf(entry.Slot) != location) continue;
                return read > 0 ? read : throw new DiskException(DiskFault.Failed, $"{segment.Path} ends before the content of message {entry.Id}.");
            }
            catch (ObjectDisposedException) when (_shared.Places.LocationOf(entry.Slot) != location)
            {
                // Its segment was deleted; the copy is read.
            }
        }
    }

    public override ValueTask DisposeAsync()
    {
        foreach (var committer in _committers) committer.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Without threads: one turn of every committer.</summary>
    internal void Turn(bool flush = false)
    {
        foreach (var committer in _committers) committer.Turn(flush);
    }

    /// <summary>Where a waiting message is.</summary>
    internal Location LocationOf(QueueEntry entry) => _shared.Places.LocationOf(entry.Slot);

    /// <summary>The device with the least waiting for it; one whose disk fails only when all do. Equals take turns.</summary>
    private DeviceCommitter Choose()
    {
        if (_committers.Count == 1) return _committers[0];
        DeviceCommitter? best = null;
        (bool Refusing, long Bytes) bestLoad = default;
        _turn++;
        for (var i = 0; i < _committers.Count; i++)
        {
            var committer = _committers[(int)((uint)(_turn + i) % (uint)_committers.Count)];
            var (bytes, refusing) = committer.Load;
            if (best is not null && (refusing, bytes).CompareTo(bestLoad) >= 0) continue;
            best = committer;
            bestLoad = (refusing, bytes);
        }

        return best!;
    }
}
