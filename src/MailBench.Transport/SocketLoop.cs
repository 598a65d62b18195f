using System.Net;
using MailBench.Model.Units;

namespace MailBench.Transport;

/// <summary>
/// The loop that runs wherever .NET does: System.Net.Sockets, whose completions are handed to the loop's one thread. Timers are as good as the system's
/// waits (1–2 ms); on Linux <see cref="EpollLoop"/> is the one that is measured with.
/// </summary>
internal sealed class SocketLoop : LoopThread
{
    private readonly object _signal = new();
    private readonly HashSet<SocketListener> _listeners = [];
    private List<(Action<object?> Callback, object? State)> _completions = [];
    private List<(Action<object?> Callback, object? State)> _running = [];
    private bool _woken;

    private SocketLoop(EventLoopOptions options) : base(options)
    {
    }

    /// <summary>Unknown here.</summary>
    public override long ThreadCpuNs => 0;

    public static new EventLoop Start(EventLoopOptions options)
    {
        var loop = new SocketLoop(options);
        loop.StartThread();
        return loop;
    }

    public override Listener Listen(IPEndPoint endPoint, Func<Connection, IConnectionHandler?> accept, SocketOptions? options = null)
    {
        var listener = new SocketListener(this, endPoint, accept, options ?? new SocketOptions());
        if (IsCurrent)
            listener.Begin();
        else
            Post(static state => ((SocketListener)state!).Begin(), listener);
        return listener;
    }

    public override Connection Dial(IPEndPoint endPoint, IConnectionHandler handler, TimeSpan timeout, SocketOptions? options = null) =>
        SocketConnection.Dial(this, endPoint, handler, timeout, options ?? new SocketOptions());

    internal void Adopt(SocketListener listener) => _listeners.Add(listener);

    internal void Forget(SocketListener listener) => _listeners.Remove(listener);

    /// <summary>Has the callback run on the loop as an event of its next turn; from any thread, after the loop's end as well (then it is dropped).</summary>
    internal void Complete(Action<object?> callback, object? state)
    {
        lock (_signal)
        {
            _completions.Add((callback, state));
            if (_completions.Count == 1) Monitor.Pulse(_signal);
        }
    }

    protected override void WaitForEvents(long untilNs)
    {
        lock (_signal)
        {
            while (_completions.Count == 0 && !_woken)
            {
                var waitNs = untilNs == long.MaxValue ? long.MaxValue : untilNs - MonotonicClock.NowNs;
                if (waitNs <= 0) break;
                Monitor.Wait(_signal, waitNs == long.MaxValue ? Timeout.Infinite : (int)Math.Min((waitNs + 999_999) / 1_000_000, int.MaxValue));
            }

            _woken = false;
            (_completions, _running) = (_running, _completions);
        }

        BeginTurn();
        foreach (var (callback, state) in _running) callback(state);
        _running.Clear();
        if (HoldsInput) TakeYielding();
    }

    private void TakeYielding()
    {
        var startNs = MonotonicClock.NowNs;
        var grantNs = Budget.Grant(startNs, YieldSliceNs);
        var nowNs = startNs;
        while (nowNs - startNs < grantNs && TakeHeld()) nowNs = MonotonicClock.NowNs;

        Budget.Spend(startNs, nowNs);
    }

    protected override void Wake()
    {
        lock (_signal)
        {
            _woken = true;
            Monitor.Pulse(_signal);
        }
    }

    protected override void Release()
    {
        foreach (var listener in _listeners.ToArray()) listener.CloseNow();
    }
}
