using System.Net;
using System.Runtime.InteropServices;
using MailBench.Model.Units;
using MailBench.Transport.Linux;

namespace MailBench.Transport;

/// <summary>
/// The loop on Linux: level-triggered epoll, an absolute timerfd for timers (no timer slack), an eventfd for posts. One receive per readable connection and
/// turn into one shared buffer, one send per connection with output.
/// </summary>
internal sealed unsafe partial class EpollLoop : LoopThread
{
    private const int EventsPerTurn = 512;
    private const int YieldingPerCall = Landings;

    private readonly int _epoll = Checked(Native.epoll_create1(Native.EPOLL_CLOEXEC));

    /// <summary>The set of connections that yield, itself in the first: the kernel hands out a few at a time and puts those behind the others.</summary>
    private readonly int _yielding = Checked(Native.epoll_create1(Native.EPOLL_CLOEXEC));
    private readonly int _timer = Checked(Native.timerfd_create(Native.CLOCK_MONOTONIC, Native.EFD_TFD_NONBLOCK_CLOEXEC));
    private readonly int _wake = Checked(Native.eventfd(0, Native.EFD_TFD_NONBLOCK_CLOEXEC));
    private readonly byte* _events = (byte*)NativeMemory.Alloc((nuint)(EventsPerTurn * Native.EpollEventBytes));
    private readonly Lock _wakeGate = new();
    private IEpollTarget?[] _targets = new IEpollTarget?[256];
    private readonly WakeLead? _lead;
    private long _armedNs;
    private int _threadId;
    private bool _yieldedLast;

    /// <summary>Until then those that yield are out of the first set; 0: they are in.</summary>
    private long _refrainUntilNs;
    private bool _released;

    private EpollLoop(EventLoopOptions options) : base(options)
    {
        if (options.Punctual) _lead = new WakeLead();
        if (options.CallsTogether) _ring = CallRing.TryOpen();
        // Edge-triggered: these two are never read, each write or expiry is an edge of its own.
        Control(_epoll, Native.EPOLL_CTL_ADD, _timer, Native.EPOLLIN | Native.EPOLLET);
        Control(_epoll, Native.EPOLL_CTL_ADD, _wake, Native.EPOLLIN | Native.EPOLLET);
        Control(_epoll, Native.EPOLL_CTL_ADD, _yielding, Native.EPOLLIN);
    }

    /// <summary>Where received octets land when their connection has none left over. On the loop only.</summary>
    internal byte[] ReceiveBuffer { get; } = GC.AllocateUninitializedArray<byte>(64 << 10, pinned: true);

    public override long ThreadCpuNs
    {
        get
        {
            // The kernel's clock ID of a thread's CPU time: CPUCLOCK_PERTHREAD | CPUCLOCK_SCHED.
            Native.TimeValue value;
            return Native.clock_gettime((~_threadId << 3) | 6, &value) == 0 ? value.Seconds * 1_000_000_000L + value.Nanoseconds : 0;
        }
    }

    public static new EventLoop Start(EventLoopOptions options)
    {
        var loop = new EpollLoop(options);
        loop.StartThread();
        return loop;
    }

    public override Listener Listen(IPEndPoint endPoint, Func<Connection, IConnectionHandler?> accept, SocketOptions? options = null)
    {
        var listener = new EpollListener(this, endPoint, accept, options ?? new SocketOptions());
        if (IsCurrent)
            listener.Begin();
        else
            Post(static state => ((EpollListener)state!).Begin(), listener);
        return listener;
    }

    public override Connection Dial(IPEndPoint endPoint, IConnectionHandler handler, TimeSpan timeout, SocketOptions? options = null) =>
        EpollConnection.Dial(this, endPoint, handler, timeout, options ?? new SocketOptions());

    /// <summary>Begins to watch a descriptor for a target; whether it yields must be said the same in all calls for it.</summary>
    internal void Watch(int descriptor, IEpollTarget target, uint interest, bool yields = false)
    {
        if (descriptor >= _targets.Length) Array.Resize(ref _targets, Math.Max(_targets.Length * 2, descriptor + 1));
        _targets[descriptor] = target;
        Control(yields ? _yielding : _epoll, Native.EPOLL_CTL_ADD, descriptor, interest);
    }

    internal void Change(int descriptor, uint interest, bool yields = false) => Control(yields ? _yielding : _epoll, Native.EPOLL_CTL_MOD, descriptor, interest);

    /// <summary>Stops watching; the target stays known until <see cref="Unwatch"/>.</summary>
    internal void Suspend(int descriptor, bool yields = false) => Control(yields ? _yielding : _epoll, Native.EPOLL_CTL_DEL, descriptor, 0);

    /// <summary>Forgets a descriptor that is about to be closed (closing takes it out of the epoll set).</summary>
    internal void Unwatch(int descriptor)
    {
        if (descriptor < _targets.Length) _targets[descriptor] = null;
    }

    internal static int Checked(int result) => result >= 0 ? result : throw Errno.ToException(Marshal.GetLastPInvokeError());

    protected override void ThreadStarted() => _threadId = Native.gettid();

    protected override void WaitForEvents(long untilNs)
    {
        if (_refrainUntilNs > 0) untilNs = Math.Min(untilNs, _refrainUntilNs);
        var count = Native.epoll_wait(_epoll, _events, EventsPerTurn, ArmFor(untilNs));
        if (_lead is not null && untilNs != long.MaxValue) count = AwaitDeadline(count, untilNs, _lead);
        BeginTurn();
        if (_refrainUntilNs > 0 && _refrainUntilNs <= TurnNs) Refrain(untilNs: 0);
        var (others, yielding) = HandOut(count);

        // Where others had something, their answers leave before those that yield are heard, but two turns in a row are not refused to these.
        _yieldedLast = (yielding || HoldsInput) && (others == 0 || !_yieldedLast);
        if (_yieldedLast) TakeYielding();
    }

    private (int Others, bool Yielding) HandOut(int count)
    {
        var others = 0;
        var yielding = false;
        for (var from = 0; from < count; from += Landings)
        {
            var to = Math.Min(from + Landings, count);
            var received = ReceiveTogether(from, to);
            for (var i = from; i < to; i++)
            {
                var (descriptor, events) = EventAt(i);
                if (descriptor == _yielding)
                {
                    yielding = true;
                }
                else if (received && _receiving[i - from] is { } connection)
                {
                    others++;
                    Land(connection, i - from);
                }
                else if (TargetOf(descriptor) is { } target)
                {
                    others++;
                    target.OnEvents(events);
                }
            }
        }

        return (others, yielding);
    }

    private (int Descriptor, uint Events) EventAt(int at)
    {
        var e = _events + (at * Native.EpollEventBytes);
        return (*(int*)(e + Native.EpollDataOffset), *(uint*)e);
    }

    private IEpollTarget? TargetOf(int descriptor) => descriptor < _targets.Length ? _targets[descriptor] : null;

    private void TakeYielding()
    {
        var startNs = MonotonicClock.NowNs;
        var grantNs = Budget.Grant(startNs, YieldSliceNs);
        if (grantNs == 0)
        {
            Refrain(Budget.NextNs);
            return;
        }

        var nowNs = startNs;
        while (nowNs - startNs < grantNs)
        {
            var held = TakeHeld();
            var count = Native.epoll_wait(_yielding, _events, YieldingPerCall, 0);
            if (count > 0) HandOut(count);
            nowNs = MonotonicClock.NowNs;
            // Fewer than asked for: no more are ready, and to be told so is not worth a call.
            if (count < YieldingPerCall && !held) break;
        }

        Budget.Spend(startNs, nowNs);
    }

    /// <summary>Takes the set of those that yield out of the first one until then, or with 0 back in: it would end each wait at once.</summary>
    private void Refrain(long untilNs)
    {
        _refrainUntilNs = untilNs;
        Control(_epoll, Native.EPOLL_CTL_MOD, _yielding, untilNs > 0 ? 0 : Native.EPOLLIN);
    }

    protected override void Wake()
    {
        lock (_wakeGate)
        {
            if (_released) return;
            var one = 1UL;
            _ = Native.write(_wake, &one, 8);
        }
    }

    protected override void Release()
    {
        foreach (var target in _targets) (target as EpollListener)?.CloseNow();
        lock (_wakeGate)
        {
            _released = true;
            _ = Native.close(_wake);
        }

        _ = Native.close(_timer);
        _ = Native.close(_yielding);
        _ = Native.close(_epoll);
        NativeMemory.Free(_events);
        ReleaseRing();
    }

    /// <summary>
    /// Sets the timerfd if it would not wake us by then anyway; returns epoll_wait's time-out. A punctual loop is woken by its lead earlier and so does not sleep at all where
    /// less than that is left.
    /// </summary>
    private int ArmFor(long untilNs)
    {
        if (untilNs == long.MaxValue) return -1;
        var nowNs = MonotonicClock.NowNs;
        if (_lead is not null) untilNs -= _lead.Ns(nowNs);
        if (untilNs <= nowNs) return 0;
        if (_armedNs > nowNs && _armedNs <= untilNs) return -1;
        _armedNs = untilNs;
        var setting = new Native.TimerSetting
        {
            Value = new Native.TimeValue { Seconds = (nint)(untilNs / 1_000_000_000), Nanoseconds = (nint)(untilNs % 1_000_000_000) },
        };
        _ = Checked(Native.timerfd_settime(_timer, Native.TFD_TIMER_ABSTIME, &setting, null));
        return -1;
    }

    /// <summary>Woken by the timer, or not having slept: looks for events until one comes or the deadline does.</summary>
    private int AwaitDeadline(int count, long untilNs, WakeLead lead)
    {
        if (count > 1 || (count == 1 && *(int*)(_events + Native.EpollDataOffset) != _timer)) return count;
        var nowNs = MonotonicClock.NowNs;
        if (count == 1) lead.Woken(nowNs - _armedNs);
        var beganNs = nowNs;
        for (; nowNs < untilNs && untilNs - nowNs <= WakeLead.MostNs; nowNs = MonotonicClock.NowNs)
        {
            count = Native.epoll_wait(_epoll, _events, EventsPerTurn, 0);
            if (count > 0) break;
        }

        lead.Spent(beganNs, MonotonicClock.NowNs);
        return count;
    }

    private static void Control(int set, int operation, int descriptor, uint interest)
    {
        var e = stackalloc byte[16];
        *(uint*)e = interest;
        *(long*)(e + Native.EpollDataOffset) = descriptor;
        _ = Checked(Native.epoll_ctl(set, operation, descriptor, e));
    }
}

/// <summary>What a descriptor of the epoll set stands for.</summary>
internal interface IEpollTarget
{
    /// <summary>Handles events; lets no exception of a callback escape.</summary>
    void OnEvents(uint events);
}
