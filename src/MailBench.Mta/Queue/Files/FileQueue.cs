using MailBench.Model.Nodes;
using MailBench.Mta.Queue.Disk;
using MailBench.Mta.Queue.Segments;

namespace MailBench.Mta.Queue.Files;

/// <summary>
/// The queue as sendmail and Postfix keep it (backend <c>files</c>): a file per message, created, written, synced, renamed, and its directory synced. As many writers as those have
/// processes at work, the same number however many directories there are, so that directories alone make the difference.
/// Limits: memory for each waiting entry's envelope, no open file for what waits.
/// </summary>
internal sealed class FileQueue : MessageQueue
{
    /// <summary>Messages being written at once: more than a device can sync apart, fewer than sessions come.</summary>
    private const int Writers = 32;

    private readonly QueueShared _shared;
    private readonly List<FileDirectory> _directories = [];
    private readonly object _gate = new();
    private readonly Queue<FileWork> _work = new();
    private readonly List<FilePlace> _failed = [];
    private readonly List<Thread> _threads = [];
    private long _pendingBytes;
    private long _retryAt;
    private int _turn;
    private bool _closing;

    /// <param name="threads">False in tests, which call <see cref="Turn"/> themselves.</param>
    public FileQueue(IReadOnlyList<string> directories, IDisk disk, TimeProvider time, QueueSettings settings, Action<QueueDamage>? damaged, bool threads)
    {
        _shared = new QueueShared(settings, time, damaged);
        var recovered = new List<QueueEntry>();
        var life = BitConverter.ToInt64(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8));
        try
        {
            foreach (var path in directories)
            {
                disk.CreateDirectory(path);
                var directory = new FileDirectory(path, disk, _shared, life);
                _directories.Add(directory);
                recovered.AddRange(directory.Open());
            }

            foreach (var directory in _directories) directory.Begin();
        }
        catch (Exception failed)
        {
            foreach (var directory in _directories) directory.Dispose();
            if (failed is IOException or UnauthorizedAccessException) throw QueueShared.CannotOpen(failed);
            throw;
        }

        recovered.Sort((one, other) => (one.AcceptedUnixMs, one.Id.Value).CompareTo((other.AcceptedUnixMs, other.Id.Value)));
        Recovered = recovered;
        for (var i = 0; threads && i < Writers; i++)
        {
            var thread = new Thread(Run) { IsBackground = true, Name = "queue writer" };
            _threads.Add(thread);
            thread.Start();
        }
    }

    public override IEnumerable<QueueEntry> Recovered { get; }
    public override long Syncs => _shared.Syncs;
    public override long SyncBusyNs => _shared.SyncBusyNs;
    public override long BytesWritten => _shared.BytesWritten;

    public override QueueId ReserveId() => new(_shared.NextId());

    public override void Enqueue(NewMessage message, Action<QueueEntry?, Exception?> committed)
    {
        var entry = message.ToEntry(message.Id ?? ReserveId(), _shared.Time.GetUtcNow());
        var bytes = Envelope.BytesOf(entry) + entry.ContentBytes;
        var refused = bytes > _shared.Settings.MaxMessageBytes
            ? new QueueRefusedException(QueueRefusal.TooLarge, $"A message of {bytes} octets is larger than the queue takes ({_shared.Settings.MaxMessageBytes}).")
            : TryAdd(new PendingMessage(entry, message.Content, bytes, committed));
        if (refused is not null) committed(null, refused);
    }

    public override void Record(QueueEntry entry, int recipient, Action? durable = null)
    {
        var place = (FilePlace)entry.Place!;
        if (place.Add(new FileState(recipient, RecipientStatus.Of(entry.Recipients[recipient]), durable))) Add(new FileWork(null, place));
    }

    public override int ReadContent(QueueEntry entry, long offset, Span<byte> target)
    {
        var place = (FilePlace)entry.Place!;
        var length = (int)Math.Min(target.Length, entry.ContentBytes - offset);
        if (length <= 0) return 0;
        var read = place.Directory.ReadContent(place, offset, target[..length]);
        return read > 0 ? read : throw new DiskException(DiskFault.Failed, $"{place.Path} ends before the content of message {entry.Id}.");
    }

    public override ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _closing = true;
            RetryFailed();
            Monitor.PulseAll(_gate);
        }

        if (_threads.Count == 0) Turn();
        foreach (var thread in _threads) thread.Join();
        foreach (var directory in _directories) directory.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Without threads: does all that waits, one after another.</summary>
    internal void Turn()
    {
        lock (_gate) RetryFailed();
        for (var count = _work.Count; count > 0; count--) Process(_work.Dequeue());
    }

    private QueueRefusedException? TryAdd(PendingMessage message)
    {
        lock (_gate)
        {
            if (_closing) return new QueueRefusedException(QueueRefusal.Closed, "The queue is being closed.");
            // One message is always taken, however large: else it would never be.
            if (_pendingBytes > 0 && _pendingBytes + message.RecordBytes > _shared.Settings.MaxPendingBytes)
                return new QueueRefusedException(QueueRefusal.Busy, $"{_pendingBytes} octets already wait for the queue's disk.");
            _pendingBytes += message.RecordBytes;
            Add(new FileWork(message, null));
        }

        return null;
    }

    private void Add(FileWork work)
    {
        lock (_gate)
        {
            _work.Enqueue(work);
            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        while (TryTake(out var work)) Process(work);
    }

    private bool TryTake(out FileWork work)
    {
        lock (_gate)
        {
            while (!_work.TryDequeue(out work))
            {
                if (_closing) return false;
                if (_failed.Count == 0)
                {
                    Monitor.Wait(_gate);
                    continue;
                }

                var now = _shared.Time.GetTimestamp();
                if (now >= _retryAt) RetryFailed();
                else Monitor.Wait(_gate, (int)Math.Ceiling(_shared.Time.GetElapsedTime(now, _retryAt).TotalMilliseconds));
            }

            return true;
        }
    }

    private void RetryFailed()
    {
        foreach (var place in _failed) _work.Enqueue(new FileWork(null, place));
        _failed.Clear();
    }

    private void Process(in FileWork work)
    {
        if (work.Message is { } message)
        {
            Commit(message);
            return;
        }

        var place = work.Place!;
        if (place.Directory.TryWriteStates(place, out var again) || !again) return;
        lock (_gate)
        {
            _retryAt = _shared.Time.GetTimestamp() + (long)(_shared.Settings.FailureDelay.TotalSeconds * _shared.Time.TimestampFrequency);
            _failed.Add(place);
            Monitor.Pulse(_gate);
        }
    }

    private void Commit(PendingMessage message)
    {
        Exception? failure = null;
        try
        {
            message.Entry.Place = Choose().Write(message.Entry, message.Content);
        }
        catch (IOException failed)
        {
            failure = QueueDirectory.RefusalFor(failed as DiskException ?? new DiskException(DiskFault.Failed, failed.Message, failed));
        }

        lock (_gate) _pendingBytes -= message.RecordBytes;
        message.Committed(failure is null ? message.Entry : null, failure);
    }

    /// <summary>The next directory in turn whose disk has not just failed; one that has when all have.</summary>
    private FileDirectory Choose()
    {
        var turn = Interlocked.Increment(ref _turn);
        for (var i = 0; i < _directories.Count; i++)
        {
            var directory = _directories[(int)((uint)(turn + i) % (uint)_directories.Count)];
            if (!directory.Refusing) return directory;
        }

        return _directories[(int)((uint)turn % (uint)_directories.Count)];
    }
}

/// <summary>A message to be written, or a place whose states are.</summary>
internal readonly record struct FileWork(PendingMessage? Message, FilePlace? Place);
