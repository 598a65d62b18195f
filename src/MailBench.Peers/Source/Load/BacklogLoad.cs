using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Source.Arrivals;
using MailBench.Peers.Source.Sessions;
using MailBench.Transport;

namespace MailBench.Peers.Source.Load;

/// <summary>
/// Backlog: K undelivered recipients are kept in the system. A message takes as many credits as it has recipients; what the sinks book gives them back, and what was refused or
/// failed at once. An uncertain message gives none back: it may still be delivered, and then the sink's booking will. Where nothing is accepted any more it rests with bounded back-off.
/// </summary>
internal sealed class BacklogLoad : LoadDriver
{
    private readonly Dispatcher _dispatcher;
    private readonly LoopTimer _rest;
    private readonly LoopTimer _end;
    private readonly int _recipients;
    private readonly long _count;
    private readonly long _durationNs;
    private Backoff _backoff;
    private long _credits;
    private long _restUntilNs;
    private bool _running;

    public BacklogLoad(Dispatcher dispatcher, LoadOptions load, int recipients)
    {
        LoadSchedule.Validate(load, LoadModel.Backlog);
        if (load.BacklogRecipients < recipients)
            throw new ArgumentException($"A backlog of {load.BacklogRecipients} recipients has no room for one message of {recipients}.", nameof(load));
        _dispatcher = dispatcher;
        _recipients = recipients;
        _credits = load.BacklogRecipients;
        _count = load.Count == 0 ? long.MaxValue : load.Count;
        _durationNs = load.Duration.ToNs();
        _rest = dispatcher.Loop.CreateTimer(static self => ((BacklogLoad)self!).Pump(), this);
        _end = dispatcher.Loop.CreateTimer(static self => ((BacklogLoad)self!).Finish(), this);
    }

    public override void Start(long startNs)
    {
        _running = true;
        if (_durationNs > 0) _end.Arm(startNs + _durationNs);
        Pump();
    }

    public override void Stop()
    {
        _running = false;
        _rest.Dispose();
        _end.Dispose();
    }

    public override void Credit(long recipients)
    {
        _credits += recipients;
        Pump();
    }

    public override void MessageEnded(MessageEnd end)
    {
        if (end.Outcome == Outcome.Accepted)
        {
            _backoff.Succeeded();
        }
        else
        {
            var restNs = _backoff.Failed(free: 2 * _dispatcher.MaxSessions);
            if (restNs > 0 && _running) _rest.Arm(_restUntilNs = MonotonicClock.NowNs + restNs);
        }

        if (end.Outcome != Outcome.Uncertain) _credits += _recipients - end.AcceptedRecipients;
        Pump();
    }

    public override void SessionAvailable() => Pump();

    private void Pump()
    {
        while (_running && _credits >= _recipients && _dispatcher.CanStart && (_restUntilNs == 0 || MonotonicClock.NowNs >= _restUntilNs))
        {
            _credits -= _recipients;
            _dispatcher.Offer(_dispatcher.Loop.TurnNs, scheduled: false);
            if (_dispatcher.Offered >= _count) Finish();
        }
    }

    private void Finish()
    {
        if (!_running) return;
        _running = false;
        Ended?.Invoke();
    }
}
