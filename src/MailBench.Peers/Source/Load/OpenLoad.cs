using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Source.Arrivals;
using MailBench.Peers.Source.Sessions;
using MailBench.Transport;

namespace MailBench.Peers.Source.Load;

/// <summary>Open loop: arrivals at the pacer's absolute times, whatever the system does. All that are due in a turn are offered in it.</summary>
internal sealed class OpenLoad : LoadDriver
{
    private readonly Dispatcher _dispatcher;
    private readonly ArrivalPacer _pacer;
    private readonly LoopTimer _timer;
    private long _startNs;
    private long _nextNs;
    private bool _more;
    private bool _stopped;

    public OpenLoad(Dispatcher dispatcher, LoadOptions load, int seed)
    {
        _dispatcher = dispatcher;
        _pacer = new ArrivalPacer(load, seed);
        _timer = dispatcher.Loop.CreateTimer(static self => ((OpenLoad)self!).Due(), this);
    }

    public override void Start(long startNs)
    {
        _startNs = startNs;
        Advance();
        Due();
    }

    public override void Stop()
    {
        _more = false;
        _stopped = true;
        _timer.Dispose();
    }

    private void Due()
    {
        for (var nowNs = MonotonicClock.NowNs; _more && _nextNs <= nowNs; Advance()) _dispatcher.Offer(_nextNs, scheduled: true);
        if (_more) _timer.Arm(_nextNs);
        // In a turn of its own: what the end sets off is no lateness of the last arrival.
        else _dispatcher.Loop.Post(static self => ((OpenLoad)self!).End(), this);
    }

    private void End()
    {
        if (!_stopped) Ended?.Invoke();
    }

    private void Advance()
    {
        _more = _pacer.TryNext(out var offsetNs);
        _nextNs = _startNs + offsetNs;
    }
}
