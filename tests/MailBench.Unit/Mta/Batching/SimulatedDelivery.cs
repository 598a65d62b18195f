using MailBench.Model.Options;
using MailBench.Mta.Batching;
using MailBench.Mta.Queue;
using MailBench.Mta.Routing;
using MailBench.Mta.Scheduling;

namespace MailBench.Unit.Mta.Batching;

/// <summary>Batcher, retry schedule and due queue in virtual time, against hosts that refuse, break and run full by seeded chance.</summary>
internal sealed class SimulatedDelivery(int seed, BatchingOptions options, double faults)
{
    private const long Ms = 1_000_000;
    private readonly Random _random = new(seed);
    private readonly Batcher _batcher = new(options);
    private readonly DueQueue _due = new();
    private readonly RetrySchedule _retries = new(new RetrySettings { First = TimeSpan.FromSeconds(5), Max = TimeSpan.FromSeconds(40), Lifetime = TimeSpan.FromMinutes(5) }, (ulong)seed);
    private readonly PriorityQueue<Action, long> _events = new();
    private readonly Dictionary<(long Message, int Recipient), Func<Route>> _routes = [];
    private readonly Dictionary<(QueueEntry Entry, int Recipient), int> _attempts = [];
    private readonly Dictionary<int, QueueEntry> _entries = [];
    private long _now;

    public Dictionary<(long Message, int Recipient), string> Ends { get; } = [];
    public int Recipients { get; private set; }

    public void Arrive(long atMs, QueueEntry entry, Func<int, Route> route) => _events.Enqueue(() =>
    {
        for (var i = 0; i < entry.Recipients.Length; i++)
        {
            var k = i;
            Recipients++;
            _routes[(entry.Id.Value, i)] = () => route(k);
            _due.Add(Remember(entry), i, _now);
        }
    }, atMs * Ms);

    public void Run(int limit)
    {
        for (var step = 0; step < limit; step++)
        {
            GiveDue();
            DoWork();
            var nextNs = Math.Min(_events.TryPeek(out _, out var atNs) ? atNs : long.MaxValue, Math.Min(_due.NextDueNs, _batcher.NextWakeNs));
            if (nextNs == long.MaxValue) break;
            if (nextNs < _now) throw new InvalidOperationException("Time runs backwards.");
            _now = nextNs;
            if (_events.Count > 0 && atNs == nextNs) _events.Dequeue()();
        }

        if (_batcher.Waiting != 0) throw new InvalidOperationException($"{_batcher.Waiting} recipients wait for nothing.");
        if (_batcher.Sites != 0 || _batcher.OpenSessions != 0) throw new InvalidOperationException($"{_batcher.Sites} sites and {_batcher.OpenSessions} sessions are left over.");
    }

    private int Remember(QueueEntry entry)
    {
        var message = (int)entry.Id.Value;
        _entries[message] = entry;
        return message;
    }

    private void GiveDue()
    {
        var taken = new List<DueRecipient>();
        _due.TakeDue(_now, int.MaxValue, taken);
        foreach (var (message, recipient, dueNs) in taken)
        {
            var entry = _entries[message];
            if (dueNs > _now) throw new InvalidOperationException("A retry is early.");
            _batcher.Add(entry, recipient, entry.Recipients[recipient].Domain, _routes[(entry.Id.Value, recipient)](), _now, _now);
        }
    }

    private void DoWork()
    {
        while (_batcher.TryTakeWork(_now, out var work))
        {
            if (_batcher.OpenSessions > options.SessionsOut) throw new InvalidOperationException("More sessions than allowed.");
            if (work.Session.Queue.Sessions > options.SessionsPerSite) throw new InvalidOperationException("More sessions at a site than allowed.");
            var session = work.Session;
            switch (work.Kind)
            {
                case WorkKind.Open: After(5, () => Dialled(session)); break;
                case WorkKind.Begin: After(20, () => Transacted(session)); break;
                default: After(1, () => _batcher.Ended(session)); break;
            }
        }

        while (_batcher.TryTakeExhausted(out var exhausted)) Defer(exhausted.Entry, exhausted.Recipient);
    }

    private void Dialled(SiteSession session)
    {
        if (Chance())
        {
            if (_batcher.HostFailed(session, BatcherBench.Fault(session.Host.Name), _now)) After(5, () => Dialled(session));
            return;
        }

        _batcher.Opened(session);
        GoOn(session);
    }

    private void GoOn(SiteSession session)
    {
        switch (_batcher.Next(session))
        {
            case NextStep.Begin: After(20, () => Transacted(session)); break;
            case NextStep.Close: After(1, () => _batcher.Ended(session)); break;
            default:
                After(2000, () =>
                {
                    if (session.State != SessionState.Idle) return;
                    _batcher.Retire(session);
                    After(1, () => _batcher.Ended(session));
                });
                break;
        }
    }

    private void Transacted(SiteSession session)
    {
        var batch = session.Batch;
        if (batch.Count > options.RecipientsPerTransaction) throw new InvalidOperationException("A transaction holds too many.");
        if (Chance())
        {
            var fault = BatcherBench.Fault(session.Host.Name);
            var stale = session.Transactions > 1;
            for (var i = 0; i < batch.Count; i++)
            {
                if (stale) _batcher.Return(session, i, fault);
                else _batcher.MoveOn(session, i, fault, _now);
            }

            if (!stale && _batcher.TryNextHost(session, _now)) After(5, () => Dialled(session));
            else _batcher.Ended(session);
            return;
        }

        var full = Chance() ? _random.Next(1, 4) : int.MaxValue;
        for (var i = 0; i < batch.Count; i++)
        {
            if (i >= full) _batcher.Return(session, i, null);
            else if (!Chance()) End(batch.Entry!, batch[i].Recipient, "delivered");
            else if (Chance()) End(batch.Entry!, batch[i].Recipient, "failed");
            else Defer(batch.Entry!, batch[i].Recipient);
        }

        GoOn(session);
    }

    private void Defer(QueueEntry entry, int recipient)
    {
        var attempts = _attempts[(entry, recipient)] = _attempts.GetValueOrDefault((entry, recipient)) + 1;
        if (_retries.TryNext(entry.Id, attempts, _now, _now, out var dueNs)) _due.Add(Remember(entry), recipient, dueNs);
        else End(entry, recipient, "expired");
    }

    private void End(QueueEntry entry, int recipient, string how)
    {
        if (!Ends.TryAdd((entry.Id.Value, recipient), how)) throw new InvalidOperationException($"Recipient {recipient} of {entry.Id} ends twice.");
    }

    private void After(int ms, Action action) => _events.Enqueue(action, _now + (ms * Ms));

    private bool Chance() => _random.NextDouble() < faults;
}
