using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// One thread per storage device. A group is what arrived while the group before was being synced; where groups were large of late, a small one waits a moment for company (<see cref="GroupGathering"/>). Each group's messages go to one of the device's
/// directories, in turn, so that it costs one sync however many directories there are; state records go to their message's directory.
/// </summary>
internal sealed class DeviceCommitter(QueueShared shared) : IDisposable
{
    private const int StatesPerTurn = 8192;

    /// <summary>Between two looks at what has come.</summary>
    private const long SleepNs = 60_000;

    private readonly object _gate = new();
    private readonly List<QueueDirectory> _directories = [];
    private readonly Dictionary<QueueDirectory, List<PendingState>> _states = [];
    private readonly Queue<PendingMessage> _messages = new();
    private readonly List<PendingMessage> _group = [];
    private readonly GroupGathering _gathering = new();

    /// <summary>The states of the group under way: two lists change places, so that a message costs none.</summary>
    private List<PendingState> _taken = [];
    private Thread? _thread;
    private long _pendingBytes;
    private int _turn;
    private bool _closing;

    public GroupWriter Writer { get; } = new();

    /// <summary>Octets waiting for a group, and whether all directories are refusing: what new messages are steered by.</summary>
    public (long PendingBytes, bool Refusing) Load
    {
        get
        {
            var now = shared.Time.GetTimestamp();
            lock (_gate) return (_pendingBytes, AllRefuse(now));
        }
    }

    /// <summary>Why all directories refuse at present; null when one does not.</summary>
    public QueueRefusal? Refusing
    {
        get
        {
            return Load.Refusing ? QueueDirectory.RefusalFor(_directories[0].Failure!).Refusal : null;
        }
    }

    public void Add(QueueDirectory directory)
    {
        _directories.Add(directory);
        _states.Add(directory, []);
    }

    public void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "queue committer" };
        _thread.Start();
    }

    /// <summary>Null when taken, else why not; then the callback is not kept.</summary>
    public QueueRefusedException? TryAdd(PendingMessage message)
    {
        lock (_gate)
        {
            if (_closing) return new QueueRefusedException(QueueRefusal.Closed, "The queue is being closed.");
            // One message is always taken, however large: else it would never be.
            if (_pendingBytes > 0 && _pendingBytes + message.RecordBytes > shared.Settings.MaxPendingBytes)
                return new QueueRefusedException(QueueRefusal.Busy, $"{_pendingBytes} octets already wait for the queue's disk.");
            _pendingBytes += message.RecordBytes;
            _messages.Enqueue(message);
            Monitor.Pulse(_gate);
        }

        return null;
    }

    public void Add(PendingState state)
    {
        lock (_gate)
        {
            var states = _states[state.Directory];
            states.Add(state);
            // Woken for the first only: the thread then knows by when it must write.
            if (states.Count == 1) Monitor.Pulse(_gate);
        }
    }

    /// <summary>Commits one group, and state records of other directories that are due. Called by the thread, or by tests without one.</summary>
    /// <param name="flush">Whether state records are due whatever their age.</param>
    public void Turn(bool flush)
    {
        var now = shared.Time.GetTimestamp();
        var chosen = Choose(now);
        if (chosen is null) RefuseAll();
        foreach (var directory in _directories)
        {
            _group.Clear();
            List<PendingState> states;
            lock (_gate)
            {
                if (directory == chosen) TakeMessages(directory.Room);
                if (_group.Count == 0 && !StatesDue(directory, now, flush) && !directory.CleaningDue) continue;
                states = TakeStates(directory);
            }

            if (_group.Count > 0 || states.Count > 0 || directory.CleaningDue)
            {
                var began = shared.Time.GetTimestamp();
                var left = directory.Commit(_group, states);
                _gathering.Committed(_group.Count, shared.Time.GetElapsedTime(began).Ticks * 100);
                lock (_gate)
                {
                    foreach (var message in _group) _pendingBytes -= message.RecordBytes;
                    if (left.Count > 0) GiveBack(directory, left);
                }
            }

            directory.Clean();
        }

        _turn++;
    }

    /// <summary>Commits what was given and ends the thread; what is given afterwards is refused.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.Pulse(_gate);
        }

        if (_thread is not null) _thread.Join();
        else Turn(flush: true);
        foreach (var directory in _directories) directory.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            bool closing;
            int before;
            lock (_gate)
            {
                while (!_closing && WaitMs() is var wait and > 0) Monitor.Wait(_gate, wait);
                closing = _closing;
                before = StatesPending;
            }

            if (!closing) Gather();
            Turn(flush: closing);
            if (!closing) continue;
            lock (_gate)
            {
                // A disk that does not take the last states keeps nobody from ending: they cost duplicates, never a loss.
                if (_messages.Count == 0 && (StatesPending == 0 || StatesPending >= before)) return;
            }
        }
    }

    /// <summary>Lets messages come together in a group, in short sleeps: nobody has to wake this thread for each.</summary>
    private void Gather()
    {
        var began = shared.Time.GetTimestamp();
        // The count bounds it where a test's clock stands still.
        for (var sleeps = 0; sleeps < GroupGathering.MostNs / SleepNs; sleeps++)
        {
            int messages;
            lock (_gate)
            {
                if (_closing || _messages.Count == 0) return;
                messages = _messages.Count;
            }

            var waitNs = _gathering.WaitNs(messages, shared.Time.GetElapsedTime(began).Ticks * 100);
            if (waitNs <= 0) return;
            ShortSleep.For(Math.Min(waitNs, SleepNs));
        }
    }

    /// <summary>Asked for every message: a closure for it would be a quarter of what a message allocates.</summary>
    private bool AllRefuse(long now)
    {
        foreach (var directory in _directories)
            if (directory.RefusedUntil <= now) return false;
        return true;
    }

    private int StatesPending => _states.Values.Sum(states => states.Count);

    /// <summary>Milliseconds until there is work; 0 when there is.</summary>
    private int WaitMs()
    {
        if (_messages.Count > 0) return 0;
        var now = shared.Time.GetTimestamp();
        var wait = TimeSpan.FromMinutes(1);
        foreach (var directory in _directories)
        {
            var refused = directory.RefusedUntil > now ? shared.Time.GetElapsedTime(now, directory.RefusedUntil) : TimeSpan.Zero;
            if (directory.CleaningDue && refused < wait) wait = refused;
            if (_states[directory] is not [var first, ..]) continue;
            var due = shared.Settings.StateDelay - shared.Time.GetElapsedTime(first.Since, now);
            if (due < refused) due = refused;
            if (due < wait) wait = due;
        }

        return (int)Math.Ceiling(Math.Max(0, wait.TotalMilliseconds));
    }

    /// <summary>The next directory in turn that does not refuse at present; null when all do.</summary>
    private QueueDirectory? Choose(long now)
    {
        for (var i = 0; i < _directories.Count; i++)
        {
            var directory = _directories[(_turn + i) % _directories.Count];
            if (directory.RefusedUntil <= now) return directory;
        }

        return null;
    }

    private void RefuseAll()
    {
        _group.Clear();
        lock (_gate)
        {
            while (_messages.TryDequeue(out var message))
            {
                _pendingBytes -= message.RecordBytes;
                _group.Add(message);
            }
        }

        var failure = _directories[0].Failure!;
        foreach (var message in _group) message.Committed(null, QueueDirectory.RefusalFor(failure));
    }

    private void TakeMessages(long room)
    {
        while (_messages.TryPeek(out var message) && (_group.Count == 0 || message.RecordBytes <= room))
        {
            _group.Add(_messages.Dequeue());
            room -= message.RecordBytes;
        }
    }

    private bool StatesDue(QueueDirectory directory, long now, bool flush) =>
        _states[directory] is [var first, ..]
        && (flush || (directory.RefusedUntil <= now && shared.Time.GetElapsedTime(first.Since, now) >= shared.Settings.StateDelay));

    private List<PendingState> TakeStates(QueueDirectory directory)
    {
        var all = _states[directory];
        if (all.Count <= StatesPerTurn)
        {
            _taken.Clear();
            _states[directory] = _taken;
            return _taken = all;
        }

        var taken = all.GetRange(0, Math.Min(all.Count, StatesPerTurn));
        all.RemoveRange(0, taken.Count);
        return taken;
    }

    /// <summary>Puts back what a failing disk did not take; of a recipient only the latest state, so that a long failure does not pile them up.</summary>
    private void GiveBack(QueueDirectory directory, IReadOnlyList<PendingState> left)
    {
        var merged = new Dictionary<(long, int), PendingState>();
        foreach (var state in left.Concat(_states[directory]))
        {
            var key = (state.Id, state.Recipient);
            merged[key] = merged.TryGetValue(key, out var older)
                ? state with { Last = state.Last || older.Last, Since = older.Since, Durable = older.Durable + state.Durable }
                : state;
        }

        _states[directory] = [.. merged.Values];
    }
}
