using System.Buffers;
using MailBench.Model.Units;
using MailBench.Transport.Linux;

namespace MailBench.Transport;

/// <summary>
/// What both loops share: the thread, posts, timers and the order of a turn: events, timers, posts, what connections have put off (closing, resumed
/// input, writability), <see cref="EventLoop.TurnEnding"/>, flush. A derived loop waits for events and performs I/O.
/// </summary>
internal abstract class LoopThread : EventLoop
{
    /// <summary>Holds what most turns have to say on a connection, a mail of today's usual 4 KiB and the next envelope included.</summary>
    internal const int BufferBytes = 16 << 10;

    private readonly Thread _thread;
    private readonly ManualResetEventSlim _started = new();
    private readonly Lock _gate = new();
    private readonly HashSet<LoopConnection> _connections = [];
    private readonly Queue<LoopConnection> _attention = new();

    /// <summary>Connections that yield and whose input is here already, in turn.</summary>
    private readonly Queue<LoopConnection> _held = new();
    private List<(Action<object?> Callback, object? State)> _posts = [];
    private List<(Action<object?> Callback, object? State)> _running = [];
    private List<LoopConnection> _dirty = [];
    private List<LoopConnection> _flushing = [];
    private long _turnNs = MonotonicClock.NowNs;
    private bool _stopping;
    private TurnBurden? _burden;

    /// <summary>CPU time of the thread when the last turn and its burden had ended.</summary>
    private long _carriedNs;

    private readonly bool _punctual;

    protected LoopThread(EventLoopOptions options)
    {
        _thread = new Thread(Run) { Name = options.Name, IsBackground = true };
        _punctual = options.Punctual;
    }

    public override long TurnNs => Volatile.Read(ref _turnNs);

    public override bool IsCurrent => Environment.CurrentManagedThreadId == _thread.ManagedThreadId;

    public override double YieldShare
    {
        get => Budget.Share;
        set => Budget.Share = value;
    }

    public override double Burden
    {
        get => _burden?.Share ?? 0;
        set
        {
            if (value is not (>= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(value), value, "A burden is a share from 0 to 1.");
            _burden = value > 0 ? new TurnBurden(value) : null;
            _carriedNs = ThreadCpuNs;
        }
    }

    internal TimerHeap Timers { get; } = new();

    protected YieldBudget Budget { get; } = new();

    protected bool IsStopping => _stopping;

    protected bool HoldsInput => _held.Count > 0;

    public override void Post(Action<object?> callback, object? state)
    {
        lock (_gate)
        {
            if (_stopping) return;
            _posts.Add((callback, state));
            if (_posts.Count > 1) return;
        }

        if (!IsCurrent) Wake();
    }

    public override LoopTimer CreateTimer(Action<object?> callback, object? state) => new HeapTimer(this, callback, state);

    public override void Dispose()
    {
        if (IsCurrent) throw new InvalidOperationException("A loop cannot be disposed from its own thread: it would wait for itself.");
        lock (_gate)
        {
            _stopping = true;
        }

        Wake();
        _thread.Join();
        _started.Dispose();
    }

    internal void Adopt(LoopConnection connection) => _connections.Add(connection);

    internal void Forget(LoopConnection connection) => _connections.Remove(connection);

    /// <summary>Has the connection looked at after this turn's events.</summary>
    internal void Attend(LoopConnection connection) => _attention.Enqueue(connection);

    /// <summary>Has the input of a connection that yields handled in its turn.</summary>
    internal void Hold(LoopConnection connection) => _held.Enqueue(connection);

    /// <summary>Has the connection's output flushed at the end of this turn.</summary>
    internal void Dirty(LoopConnection connection) => _dirty.Add(connection);

    /// <summary>Memory for a connection's output: <see cref="BufferBytes"/>. Where more is needed the connection takes more than that from the shared pool.</summary>
    internal virtual byte[] RentBuffer() => ArrayPool<byte>.Shared.Rent(BufferBytes);

    /// <summary>Takes back memory of <see cref="RentBuffer"/> or of the shared pool.</summary>
    internal virtual void ReturnBuffer(byte[] buffer) => ArrayPool<byte>.Shared.Return(buffer);

    internal void Report(Exception exception) => RaiseHandlerFailed(exception);

    protected void StartThread()
    {
        _thread.Start();
        _started.Wait();
    }

    /// <summary>Waits until something happened or the clock shows <paramref name="untilNs"/>, calls <see cref="BeginTurn"/>, then hands out the events.</summary>
    protected abstract void WaitForEvents(long untilNs);

    protected void BeginTurn() => Volatile.Write(ref _turnNs, MonotonicClock.NowNs);

    /// <summary>Ends a wait, present or next; from any thread.</summary>
    protected abstract void Wake();

    protected virtual void ThreadStarted() { }

    /// <summary>Closes listeners and the loop's own descriptors; connections have been closed. On the loop.</summary>
    protected abstract void Release();

    private void Run()
    {
        if (_punctual && OperatingSystem.IsLinux()) ShortSlice.Request();
        ThreadStarted();
        _started.Set();
        while (true)
        {
            bool pending, stopping;
            lock (_gate)
            {
                pending = _posts.Count > 0;
                stopping = _stopping;
            }

            if (stopping && !pending) break;
            WaitForEvents(pending || _attention.Count > 0 || _dirty.Count > 0 ? 0 : Math.Min(Timers.NextNs, HeldInputNs));
            RunTimers();
            RunPosts();
            RunAttention();
            EndTurn();
            FlushDirty();
            if (_burden is not null) Carry(_burden);
        }

        foreach (var connection in _connections.ToArray()) connection.Close(new CloseReason(CloseKind.LoopEnded, null), reset: false);
        while (_attention.TryDequeue(out var connection)) connection.PerformAttention();
        Release();
    }

    /// <summary>Handles one whose input is held; false when there is none.</summary>
    protected bool TakeHeld()
    {
        if (!_held.TryDequeue(out var connection)) return false;
        connection.PerformHeld();
        return true;
    }

    private void RunTimers()
    {
        while (Timers.PopDue(TurnNs) is { } timer)
        {
            try
            {
                timer.Fire();
            }
            catch (Exception escaped)
            {
                Report(escaped);
            }
        }
    }

    private void RunPosts()
    {
        lock (_gate)
        {
            (_posts, _running) = (_running, _posts);
        }

        foreach (var (callback, state) in _running)
        {
            try
            {
                callback(state);
            }
            catch (Exception escaped)
            {
                Report(escaped);
            }
        }

        _running.Clear();
    }

    private long HeldInputNs => _held.Count == 0 ? long.MaxValue : Budget.Grant(MonotonicClock.NowNs, YieldSliceNs) > 0 ? 0 : Budget.NextNs;

    /// <summary>Only those that wait now: what they cause themselves comes in the next turn, so that they cannot starve I/O.</summary>
    private void RunAttention()
    {
        for (var n = _attention.Count; n > 0; n--) _attention.Dequeue().PerformAttention();
    }

    private void EndTurn()
    {
        try
        {
            RaiseTurnEnding();
        }
        catch (Exception escaped)
        {
            Report(escaped);
        }
    }

    private void FlushDirty()
    {
        if (_dirty.Count == 0) return;
        (_dirty, _flushing) = (_flushing, _dirty);
        Flush(_flushing);
        _flushing.Clear();
    }

    /// <summary>By the thread's CPU clock, which stands still while others have the processor; where the system has none, by the time since the turn began.</summary>
    private void Carry(TurnBurden burden)
    {
        var byCpu = ThreadCpuNs > 0;
        var nowNs = SpentNs();
        var fromNs = nowNs;
        var untilNs = nowNs + burden.Owe(nowNs - (byCpu ? _carriedNs : TurnNs));
        while (nowNs < untilNs) nowNs = SpentNs();
        burden.Wasted(nowNs - fromNs);
        _carriedNs = nowNs;

        long SpentNs() => byCpu ? ThreadCpuNs : MonotonicClock.NowNs;
    }

    /// <summary>Flushes each connection once.</summary>
    protected virtual void Flush(List<LoopConnection> connections)
    {
        foreach (var connection in connections)
            if (connection.BeginFlush()) connection.Flush();
    }
}
