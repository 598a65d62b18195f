using System.Diagnostics;
using System.Text;
using MailBench.Model.Options;
using MailBench.Mta.Batching;
using MailBench.Mta.Queue;
using MailBench.Mta.Scheduling;

namespace MailBench.Simulation;

/// <summary>
/// A day of mail through due queue, retry schedule and batcher: what a delivery costs them in ns and octets, by the number of domains. The world around
/// is as cheap as can be and allocates nothing per delivery: messages are used again once they have ended.
/// </summary>
internal sealed class Day
{
    private const long DayNs = 86_400_000_000_000;
    private static readonly int[] Sizes = [1, 1, 1, 1, 1, 1, 2, 3, 10, 80];
    private readonly DaySites _sites;
    private readonly Batcher _batcher;
    private readonly DueQueue _due = new();
    private readonly RetrySchedule _retries = new(new RetrySettings { First = TimeSpan.FromMinutes(5), Max = TimeSpan.FromHours(4), Lifetime = TimeSpan.FromDays(5) });
    private readonly PriorityQueue<(DayEvent Kind, SiteSession Session, int Number), long> _events = new();
    private readonly Stack<DayMessage>[] _spare = [.. Sizes.Select(_ => new Stack<DayMessage>())];
    private readonly List<DayMessage> _messages = [];
    private readonly List<DueRecipient> _taken = [];
    private readonly Random _random;
    private readonly long _deliveries;
    private readonly byte[] _address = Encoding.ASCII.GetBytes("u@d.test");
    private long _nowNs;
    private long _nextArrivalNs;
    private long _accepted;
    private long _lastId;

    public Day(int domains, long deliveries, DeliveryStrategy strategy = DeliveryStrategy.PerMxHost, int seed = 1)
    {
        (Domains, _deliveries, _random) = (domains, deliveries, new Random(seed));
        _sites = new DaySites(domains, seed);
        _batcher = new Batcher(new BatchingOptions { Strategy = strategy, SessionsPerSite = 20, SessionsOut = 5000, DeadHostMaxNs = 60_000_000_000 });
    }

    public int Domains { get; }
    public long Delivered { get; private set; }
    public long Expired { get; private set; }
    public long Deferred { get; private set; }
    public long Transactions { get; private set; }
    public long Dials { get; private set; }
    public long Abandoned { get; private set; }
    public int MostWaiting { get; private set; }
    public int MostDue { get; private set; }
    public int MostSites { get; private set; }

    /// <summary>Recipients that the machines still hold.</summary>
    public int StillOpen => _due.Count + _batcher.Waiting;
    public TimeSpan Took { get; private set; }
    public long AllocatedBytes { get; private set; }

    /// <summary>Processor time per delivery in ns, this world's own included.</summary>
    public double CpuNs { get; private set; }

    public void Run()
    {
        var cpuBefore = Environment.CpuUsage.TotalTime;
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        while (_accepted < _deliveries || Delivered + Expired < _accepted)
        {
            GiveDue();
            DoWork();
            var nextNs = Math.Min(Math.Min(_due.NextDueNs, _batcher.NextWakeNs), _accepted < _deliveries ? _nextArrivalNs : long.MaxValue);
            if (_events.TryPeek(out _, out var atNs) && atNs <= nextNs)
            {
                _nowNs = atNs;
                var (kind, session, number) = _events.Dequeue();
                Happen(kind, session, number);
                continue;
            }

            if (nextNs == long.MaxValue) throw new BrokenInvariantException($"{_accepted - Delivered - Expired} recipients of {_accepted} have no end");
            _nowNs = Math.Max(_nowNs, nextNs);
            while (_accepted < _deliveries && _nextArrivalNs <= _nowNs) Arrive();
        }

        Took = watch.Elapsed;
        CpuNs = (Environment.CpuUsage.TotalTime - cpuBefore).TotalNanoseconds / Delivered;
        AllocatedBytes = GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>Arrivals follow a day's shape: three times as dense at noon as at midnight.</summary>
    private void Arrive()
    {
        var size = _random.Next(Sizes.Length);
        var message = _spare[size].TryPop(out var spare) ? spare : NewMessage(size);
        var count = message.Entry.Recipients.Length;
        message.Open = count;
        message.AcceptedNs = _nowNs;
        for (var i = 0; i < count; i++)
        {
            message.Domains[i] = _sites.Draw(_random.NextDouble());
            message.Attempts[i] = 0;
            _due.Add(message.Entry.Row, i, _nowNs);
        }

        _accepted += count;
        var density = 1 - (0.5 * Math.Cos(2 * Math.PI * _nowNs / DayNs));
        _nextArrivalNs = _nowNs + (long)(DayNs / (double)_deliveries * count / density);
        MostDue = Math.Max(MostDue, _due.Count);
    }

    private DayMessage NewMessage(int size)
    {
        var message = new DayMessage(new QueueEntry
        {
            Id = new QueueId(++_lastId),
            ReversePath = [],
            Recipients = [.. Enumerable.Range(0, Sizes[size]).Select(_ => new RecipientEntry(_address))],
            ContentBytes = 1000,
            AcceptedUnixMs = 0,
            Row = _messages.Count,
        }, size);
        _messages.Add(message);
        return message;
    }

    private void GiveDue()
    {
        if (_due.NextDueNs > _nowNs) return;
        _taken.Clear();
        _due.TakeDue(_nowNs, int.MaxValue, _taken);
        foreach (var (row, recipient, _) in _taken)
        {
            var message = _messages[row];
            var domain = message.Domains[recipient];
            _batcher.Add(message.Entry, recipient, _sites.Names[domain], _sites.Routes[domain], _nowNs, _nowNs);
        }

        MostWaiting = Math.Max(MostWaiting, _batcher.Waiting);
        MostSites = Math.Max(MostSites, _batcher.Sites);
    }

    private void DoWork()
    {
        while (_batcher.TryTakeWork(_nowNs, out var work))
        {
            if (work.Kind == WorkKind.Open) Dial(work.Session);
            else if (work.Kind == WorkKind.Begin) Begin(work.Session);
            else if (work.Kind == WorkKind.Abandon) Abandon(work.Session);
            else Set(DayEvent.Gone, work.Session, 10_000_000);
        }

        while (_batcher.TryTakeExhausted(out var exhausted)) Defer(exhausted.Entry, exhausted.Recipient);
    }

    private void Dial(SiteSession session)
    {
        Dials++;
        session.Owner ??= new DaySession();
        var number = ++((DaySession)session.Owner).Number;
        if (DaySites.IsDown(session.Host, _nowNs)) Set(DayEvent.Failed, session, 30_000_000_000, number);
        else Set(DayEvent.Opened, session, DaySites.StepNs(session.Host), number);
    }

    private void Abandon(SiteSession session)
    {
        Abandoned++;
        ((DaySession)session.Owner!).Number++;
        _batcher.Ended(session);
    }

    private void Begin(SiteSession session)
    {
        ((DaySession)session.Owner!).Number++;
        Transactions++;
        Set(DayEvent.Transacted, session, DaySites.StepNs(session.Host));
    }

    private void Happen(DayEvent kind, SiteSession session, int number)
    {
        // What was set for a state that the session is no longer in.
        if (number > 0 && number != ((DaySession)session.Owner!).Number) return;
        switch (kind)
        {
            case DayEvent.Opened:
                _batcher.Opened(session, _nowNs);
                GoOn(session);
                break;
            case DayEvent.Failed:
                if (_batcher.HostFailed(session, Fault(session), _nowNs)) Dial(session);
                break;
            case DayEvent.Transacted:
                for (var i = 0; i < session.Batch.Count; i++) Settle(session.Batch.Entry!, session.Batch[i].Recipient);
                GoOn(session);
                break;
            case DayEvent.IdleEnded:
                _batcher.Retire(session);
                Set(DayEvent.Gone, session, 10_000_000);
                break;
            default:
                _batcher.Ended(session);
                break;
        }
    }

    private void GoOn(SiteSession session)
    {
        switch (_batcher.Next(session, _nowNs))
        {
            case NextStep.Begin:
                Begin(session);
                break;
            case NextStep.Idle:
                Set(DayEvent.IdleEnded, session, 5_000_000_000, ++((DaySession)session.Owner!).Number);
                break;
            default:
                ((DaySession)session.Owner!).Number++;
                Set(DayEvent.Gone, session, 10_000_000);
                break;
        }
    }

    /// <summary>Two of a hundred first attempts are greylisted.</summary>
    private void Settle(QueueEntry entry, int recipient)
    {
        var message = _messages[entry.Row];
        if (message.Attempts[recipient] == 0 && _random.Next(50) == 0)
        {
            Defer(entry, recipient);
            return;
        }

        Delivered++;
        Finish(message);
    }

    private void Defer(QueueEntry entry, int recipient)
    {
        var message = _messages[entry.Row];
        Deferred++;
        if (_retries.TryNext(entry.Id, ++message.Attempts[recipient], _nowNs - message.AcceptedNs, _nowNs, out var dueNs))
        {
            _due.Add(entry.Row, recipient, dueNs);
            return;
        }

        Expired++;
        Finish(message);
    }

    private void Finish(DayMessage message)
    {
        if (--message.Open == 0) _spare[message.Size].Push(message);
    }

    private void Set(DayEvent kind, SiteSession session, long afterNs, int number = 0) => _events.Enqueue((kind, session, number), _nowNs + afterNs);

    private static HostFault Fault(SiteSession session) => ((DaySession)session.Owner!).Fault ??= new HostFault(session.Host.Name, null, "no answer", null, "4.4.1", null);

    private enum DayEvent : byte { Opened, Failed, Transacted, IdleEnded, Gone }

    private sealed class DaySession
    {
        public int Number { get; set; }
        public HostFault? Fault { get; set; }
    }

    private sealed class DayMessage(QueueEntry entry, int size)
    {
        public QueueEntry Entry { get; } = entry;
        public int Size { get; } = size;
        public int[] Domains { get; } = new int[entry.Recipients.Length];
        public byte[] Attempts { get; } = new byte[entry.Recipients.Length];
        public int Open { get; set; }
        public long AcceptedNs { get; set; }
    }
}
