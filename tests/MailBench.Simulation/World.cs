using System.Net;
using System.Text;
using MailBench.Model.Options;
using MailBench.Mta.Batching;
using MailBench.Mta.Queue;
using MailBench.Mta.Routing;
using MailBench.Mta.Scheduling;

namespace MailBench.Simulation;

/// <summary>
/// The MTA's pure machines in virtual time, performed as the shell performs them, against the hosts of a scenario. Keeps books of its own on every
/// recipient and throws <see cref="BrokenInvariantException"/> as soon as they differ from what the machines do.
/// </summary>
internal sealed partial class World
{
    private const string ReturnDomain = "return.test";
    private readonly Scenario _scenario;
    private readonly RetrySchedule _retries;
    private readonly Dictionary<(long Message, int Recipient), WorldRecipient> _open = [];
    private readonly Dictionary<string, WorldHost> _hosts = new(StringComparer.Ordinal);
    private readonly List<Route> _routes = [];
    private readonly HashSet<WorldSession> _sessions = [];
    /// <summary>Messages by row, as the message table numbers them.</summary>
    private readonly List<QueueEntry> _rows = [];
    private readonly DueQueue _due = new();
    private readonly SiteShares _shares;
    private int _held;
    private bool _wasFull;
    private readonly int[] _at = new int[5];
    private long _lastId;
    private int _spread;

    public World(Scenario scenario)
    {
        _scenario = scenario;
        _retries = new RetrySchedule(scenario.Retry, (ulong)scenario.Seed);
        _shares = new SiteShares(scenario.Shares ?? SiteShareOptions.From(scenario.Options, scenario.Retry.Max.Ticks * 100));
        Batcher = new Batcher(scenario.Options);
        Addresses = new HostMemory(scenario.Options.DeadHostFirstNs, scenario.Options.DeadHostMaxNs);
        foreach (var host in scenario.Hosts.Append(new SimHost(ReturnDomain))) _hosts.Add(host.Name, new WorldHost(host));
        foreach (var domain in scenario.Domains) _routes.Add(RouteTo(domain.Exchanges.Select(x => (scenario.Hosts[x.Host], x.Preference))));
        Return = RouteTo([(_hosts[ReturnDomain].Traits, 10)]);
        _lastId = scenario.Messages.Count == 0 ? 0 : scenario.Messages.Max(m => m.Id);
        foreach (var message in scenario.Messages) Time.At(message.AtMs * VirtualTime.Ms, () => Accept(message));
    }

    public VirtualTime Time { get; } = new();
    public Batcher Batcher { get; }
    public HostMemory Addresses { get; }
    public BatchingOptions Options => _scenario.Options;
    public Chance Chance => new(_scenario.Seed);
    public int DialTimeoutMs => _scenario.DialTimeoutMs;
    public int IdleMs => _scenario.IdleMs;
    public bool Overlaps => _scenario.Overlaps;
    public List<WorldRecipient> Recipients { get; } = [];
    public int Notifications { get; private set; }
    public int Duplicates { get; private set; }
    public int Abandoned { get; set; }
    public int MostSessions { get; private set; }
    public long Steps { get; private set; }

    /// <summary>Hears of each transaction as it begins.</summary>
    public Action<SiteSession>? Begun { get; set; }
    private Route Return { get; }

    public int NextSpread() => _spread++;

    public WorldHost HostOf(string name) => _hosts[name];

    public bool IsSound(string host) => _hosts[host].Traits.IsSound;

    /// <summary>Runs to the end, or to the scenario's; then the books must close.</summary>
    public void Run()
    {
        var untilNs = _scenario.UntilMs is { } untilMs ? untilMs * VirtualTime.Ms : long.MaxValue;
        for (; Steps < 3_000_000; Steps++)
        {
            GiveDue();
            DoWork();
            if (Steps % _scenario.BooksEvery == 0) CloseBooks();
            // What is due while delivery has its hands full waits for an event.
            var dueNs = _shares.HasRoom ? Math.Max(Time.NowNs, Math.Min(_due.NextDueNs, _shares.NextWakeNs)) : long.MaxValue;
            var nextNs = Math.Min(Time.NextNs, Math.Min(dueNs, Batcher.NextWakeNs));
            if (nextNs >= untilNs || nextNs == long.MaxValue) break;
            Time.GoTo(nextNs);
        }

        CloseBooks();
        if (_scenario.UntilMs is null) CheckEnd();
    }

    /// <summary>The recipient got its end.</summary>
    public void End(WorldRecipient recipient, bool delivered)
    {
        Leave(recipient, SiteAnswer.Answered);
        Move(recipient, Whereabouts.Flying, delivered ? Whereabouts.Delivered : Whereabouts.Failed);
        if (!delivered) Notify(recipient);
        _open.Remove((recipient.Entry.Id.Value, recipient.Index));
    }

    /// <summary>The attempt came to nothing, or nobody knows (<paramref name="uncertain"/>).</summary>
    public void Defer(WorldRecipient recipient, Whereabouts from, bool uncertain = false)
    {
        if (uncertain) Duplicates++;
        recipient.Attempts++;
        Leave(recipient, from == Whereabouts.Queued ? SiteAnswer.Unreachable : uncertain ? SiteAnswer.None : SiteAnswer.Answered);
        var ageNs = Time.NowNs - recipient.AcceptedNs;
        if (!_retries.TryNext(recipient.Entry.Id, recipient.Attempts, ageNs, Time.NowNs, out var dueNs))
        {
            if (ageNs < _scenario.Retry.Lifetime.Ticks * 100) throw new BrokenInvariantException($"recipient {recipient.Index} of {recipient.Entry.Id.Value} is given up at the age of {ageNs} ns");
            Move(recipient, from, Whereabouts.Failed);
            recipient.HasExpired = true;
            Notify(recipient);
            _open.Remove((recipient.Entry.Id.Value, recipient.Index));
            return;
        }

        var waitNs = _retries.WaitNs(recipient.Attempts);
        if (dueNs < Time.NowNs + waitNs) throw new BrokenInvariantException($"a retry is planned {Time.NowNs + waitNs - dueNs} ns early");
        if (dueNs > Time.NowNs + waitNs + (waitNs / 8) + 2) throw new BrokenInvariantException($"a retry is planned {dueNs - Time.NowNs - waitNs} ns late");
        Move(recipient, from, Whereabouts.Waiting);
        recipient.DueNs = dueNs;
        Plan(recipient, untried: false);
    }

    public WorldRecipient RecipientOf(QueueEntry entry, int index) => _open.TryGetValue((entry.Id.Value, index), out var open) ? open
        : throw new BrokenInvariantException($"recipient {index} of {entry.Id.Value} has ended, and is handled still");

    public void Move(WorldRecipient recipient, Whereabouts from, Whereabouts to)
    {
        recipient.Go(from, to, Time.NowNs);
        _at[(int)from]--;
        _at[(int)to]++;
    }

    public void Gone(WorldSession session) => _sessions.Remove(session);

    private void Accept(SimMessage message)
    {
        var names = message.Domains.Select((d, k) => $"u{k}@{_scenario.Domains[d].Name}");
        Take(message.Id, [.. names], k => (_scenario.Domains[message.Domains[k]].Name, _routes[message.Domains[k]]), false);
    }

    /// <summary>A DSN of the failed recipient, unless it was one itself (RFC 5321 §4.5.5).</summary>
    private void Notify(WorldRecipient failed)
    {
        if (failed.IsNotification) return;
        Notifications++;
        Take(++_lastId, [$"sender@{ReturnDomain}"], _ => (ReturnDomain, Return), true);
    }

    private void Take(long id, string[] mailboxes, Func<int, (string Domain, Route Route)> way, bool isNotification)
    {
        var entry = new QueueEntry
        {
            Id = new QueueId(id),
            ReversePath = [],
            Recipients = [.. mailboxes.Select(m => new RecipientEntry(Encoding.ASCII.GetBytes(m)))],
            ContentBytes = 100,
            AcceptedUnixMs = 0,
            Row = _rows.Count,
        };
        _rows.Add(entry);
        for (var i = 0; i < mailboxes.Length; i++)
        {
            var (domain, route) = way(i);
            var recipient = new WorldRecipient(entry, i, domain, route, isNotification, Time.NowNs);
            Recipients.Add(recipient);
            _open.Add((id, i), recipient);
            _at[(int)Whereabouts.Waiting]++;
            Plan(recipient, untried: true);
        }
    }

    private void Plan(WorldRecipient recipient, bool untried) =>
        _due.Add(new DueRecipient(recipient.Entry.Row, recipient.Index, recipient.DueNs, KeyOf(recipient), untried));

    private static uint KeyOf(WorldRecipient recipient) => DomainKey.Of(recipient.Entry.Recipients[recipient.Index].Address);

    private void Leave(WorldRecipient recipient, SiteAnswer answer) => _shares.Leave(KeyOf(recipient), answer, Time.NowNs);

    /// <summary>As the stage does: what was held back and what comes anew in turn, as far as sites have a share.</summary>
    private void GiveDue()
    {
        for (var any = true; any && _shares.HasRoom;)
        {
            any = _shares.TryTake(Time.NowNs, out var taken);
            if (any)
            {
                _held--;
                HandOn(taken);
            }

            if (!_shares.HasRoom || !_due.TryPeekDue(Time.NowNs, out var due)) continue;
            any = true;
            _due.RemoveFirst();
            var recipient = RecipientOf(_rows[due.Message], due.Recipient);
            if (due.DueNs > Time.NowNs || recipient.DueNs != due.DueNs) throw new BrokenInvariantException($"recipient {recipient.Index} of {recipient.Entry.Id.Value} is due at {recipient.DueNs}, and taken for {due.DueNs} at {Time.NowNs}");
            if (Time.NowNs > due.DueNs && !_wasFull) throw new BrokenInvariantException($"a retry is {Time.NowNs - due.DueNs} ns late although delivery has room");
            if (_shares.TryEnter(due, Time.NowNs)) HandOn(due);
            else _held++;
        }

        _wasFull = !_shares.HasRoom;
    }

    private void HandOn(in DueRecipient due)
    {
        var recipient = RecipientOf(_rows[due.Message], due.Recipient);
        if (Time.NowNs < recipient.DueNs) throw new BrokenInvariantException($"recipient {recipient.Index} of {recipient.Entry.Id.Value} is handed on {recipient.DueNs - Time.NowNs} ns early");
        if (due.Site != KeyOf(recipient)) throw new BrokenInvariantException("a recipient is counted for another's site");
        Move(recipient, Whereabouts.Waiting, Whereabouts.Queued);
        Batcher.Add(recipient.Entry, recipient.Index, recipient.Domain, recipient.Route, Time.NowNs, Time.NowNs);
    }

    private void DoWork()
    {
        while (Batcher.TryTakeWork(Time.NowNs, out var work))
        {
            MostSessions = Math.Max(MostSessions, Batcher.OpenSessions);
            if (Batcher.OpenSessions > Options.SessionsOut) throw new BrokenInvariantException($"{Batcher.OpenSessions} sessions are open");
            if (work.Session.Queue.Sessions > Options.SessionsPerSite) throw new BrokenInvariantException($"{work.Session.Queue.Sessions} sessions at {work.Session.Queue.Site}");
            if (work.Kind == WorkKind.Open) _sessions.Add(new WorldSession(this, work.Session));
            else if (work.Kind == WorkKind.Begin) ((WorldSession)work.Session.Owner!).Begin();
            else if (work.Kind == WorkKind.Abandon) ((WorldSession)work.Session.Owner!).Abandon();
            else ((WorldSession)work.Session.Owner!).Quit();
        }

        while (Batcher.TryTakeExhausted(out var exhausted)) Defer(RecipientOf(exhausted.Entry, exhausted.Recipient), Whereabouts.Queued);
    }

    private static Route RouteTo(IEnumerable<(SimHost Host, int Preference)> exchanges)
    {
        var hosts = exchanges.OrderBy(x => x.Preference)
            .Select(x => new MxHost(x.Host.Name, x.Preference, [.. Enumerable.Range(1, x.Host.Addresses).Select(a => new IPAddress([127, 0, 0, (byte)a]))])).ToArray();
        return new Route(RouteKind.Hosts, hosts, null, null) { MxSet = string.Join(' ', hosts.Select(h => $"{h.Preference} {h.Name}").Order(StringComparer.Ordinal)) };
    }
}
