using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Source.Arrivals;
using MailBench.Peers.Source.Sessions;
using MailBench.Transport;

namespace MailBench.Peers.Source.Load;

/// <summary>
/// Closed loop: each user sends a message, waits for its end, thinks, and sends the next; each has a session. Users are not told apart, so they are a count and the times at
/// which the thinking ones wake. Where nothing is accepted any more, users rest with bounded back-off instead of spinning.
/// </summary>
internal sealed class ClosedLoad : LoadDriver
{
    private readonly Dispatcher _dispatcher;
    private readonly UserSchedule _schedule;
    private readonly PriorityQueue<long, long> _waking = new();
    private readonly LoopTimer _wake;
    private readonly LoopTimer _change;
    private readonly long _thinkNs;
    private readonly long _count;
    private Backoff _backoff;
    private long _startNs;
    private int _users;
    private int _wanted;
    private bool _running;

    public ClosedLoad(Dispatcher dispatcher, LoadOptions load)
    {
        _dispatcher = dispatcher;
        _schedule = new UserSchedule(load);
        _thinkNs = load.ThinkTime.ToNs();
        _count = load.Count == 0 ? long.MaxValue : load.Count;
        _wake = dispatcher.Loop.CreateTimer(static self => ((ClosedLoad)self!).Wake(), this);
        _change = dispatcher.Loop.CreateTimer(static self => ((ClosedLoad)self!).Change(), this);
    }

    public override void Start(long startNs)
    {
        _startNs = startNs;
        _running = true;
        Change();
    }

    public override void Stop()
    {
        _running = false;
        _wake.Dispose();
        _change.Dispose();
    }

    public override void MessageEnded(MessageEnd end)
    {
        var restNs = _thinkNs;
        if (end.Outcome == Outcome.Accepted) _backoff.Succeeded();
        else restNs = Math.Max(restNs, _backoff.Failed(free: 2 * _users));
        if (!_running) return;
        if (_users > _wanted) _users--;
        else if (restNs == 0) Send(_dispatcher.Loop.TurnNs, scheduled: false);
        else Sleep(MonotonicClock.NowNs + restNs);
    }

    private void Change()
    {
        var offsetNs = Math.Max(0, MonotonicClock.NowNs - _startNs);
        _wanted = _schedule.At(offsetNs);
        if (_wanted < 0)
        {
            Finish();
            return;
        }

        _dispatcher.Limit(Math.Max(1, _wanted));
        if (_schedule.NextChangeNs(offsetNs) is var next and < long.MaxValue) _change.Arm(_startNs + next);
        while (_running && _users < _wanted)
        {
            _users++;
            Send(MonotonicClock.NowNs, scheduled: false);
        }
    }

    private void Sleep(long untilNs)
    {
        _waking.Enqueue(untilNs, untilNs);
        if (_waking.Peek() == untilNs) _wake.Arm(untilNs);
    }

    private void Wake()
    {
        for (var nowNs = MonotonicClock.NowNs; _running && _waking.TryPeek(out var dueNs, out _) && dueNs <= nowNs;)
        {
            _waking.Dequeue();
            if (_users > _wanted) _users--;
            else Send(dueNs, scheduled: true);
        }

        if (_running && _waking.TryPeek(out var nextNs, out _)) _wake.Arm(nextNs);
    }

    private void Send(long intendedNs, bool scheduled)
    {
        _dispatcher.Offer(intendedNs, scheduled);
        if (_dispatcher.Offered >= _count) Finish();
    }

    private void Finish()
    {
        if (!_running) return;
        _running = false;
        Ended?.Invoke();
    }
}
