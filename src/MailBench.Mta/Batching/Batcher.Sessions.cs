using System.Diagnostics.CodeAnalysis;
using MailBench.Model.Options;
using MailBench.Mta.Routing;

namespace MailBench.Mta.Batching;

// The sessions: opened under the limits, reused, given up to others, and what their failures mean for hosts and sites.
public sealed partial class Batcher
{
    private SiteSession? _oldestIdle;
    private SiteSession? _newestIdle;
    private int _closing;
    private ulong _sessionNumber;

    /// <summary>The session stands and its host has greeted us; ask <see cref="Next"/>.</summary>
    public void Opened(SiteSession session)
    {
        session.State = SessionState.Busy;
        session.Queue.Opening--;
        session.Queue.Established++;
        _memory.Succeeded(session.Host.Name);
    }

    /// <summary>
    /// What a session that has just opened, or whose transaction is settled, does next. After <see cref="NextStep.Begin"/> its batch is filled; after
    /// <see cref="NextStep.Close"/> it says QUIT and the shell calls <see cref="Ended"/> when it is gone.
    /// </summary>
    public NextStep Next(SiteSession session)
    {
        session.Batch.Clear();
        var site = session.Queue;
        if (session.Transactions > 0 && !MayGoOn(session)) return StartClosing(session);

        var message = session.LastEntry is null ? site.First
            : _messages.GetValueOrDefault(new MessageAtSite(site.Number, session.LastEntry.Id.Value));
        if (message is not null) return Cut(session, message, session.Batch) ? NextStep.Begin : StartClosing(session);
        if (Options.Reuse != SessionReuse.AcrossMessages) return StartClosing(session);
        AddIdle(session);
        return NextStep.Idle;
    }

    /// <summary>
    /// The content of the session's transaction has been sent: cuts the next one into <see cref="SiteSession.Ahead"/>, for its envelope to follow at once. False when there is none that
    /// this session should take: what opening and idle sessions of the site will serve is left to them.
    /// </summary>
    public bool TryTakeAhead(SiteSession session)
    {
        var site = session.Queue;
        if (session.State != SessionState.Busy || site.WaitingBatches <= site.Opening + site.IdleCount || !MayGoOn(session)) return false;
        var message = session.LastEntry is null ? site.First : _messages.GetValueOrDefault(new MessageAtSite(site.Number, session.LastEntry.Id.Value));
        return message is not null && Cut(session, message, session.Ahead);
    }

    /// <summary>The transaction in hand is settled, and the one ahead is in hand now.</summary>
    public void Advance(SiteSession session)
    {
        session.Batch.Clear();
        (session.Batch, session.Ahead) = (session.Ahead, session.Batch);
    }

    /// <summary>The shell closes a session on its own account (idle for too long): it gets no more work.</summary>
    public void Retire(SiteSession session) => StartClosing(session);

    /// <summary>
    /// The session's host could not be reached or did not greet us, none of its addresses. True: dial <see cref="SiteSession.Host"/>, the next one. False: the session has ended;
    /// what waited for the host has moved on or is exhausted, unless other sessions stand there, which take it.
    /// </summary>
    public bool HostFailed(SiteSession session, HostFault fault, long nowNs)
    {
        var site = session.Queue;
        if (site.Established > 0) Pause(site, nowNs + Options.SitePauseNs);
        else _memory.Failed(fault, nowNs);
        if (TryNextHost(session, nowNs)) return true;

        Ended(session);
        if (site.Established == 0 && (site.Opening == 0 || Options.Strategy == DeliveryStrategy.PerMxHost)) Drain(site, fault, nowNs);
        return false;
    }

    /// <summary>Makes the next host that is not dead the session's, to be dialled; false when there is none, and always for per-mx-host. The batch must be settled.</summary>
    public bool TryNextHost(SiteSession session, long nowNs)
    {
        if (!HasNextHost(session, nowNs)) return false;
        session.Host = session.Hosts![++session.HostAt];
        session.RecipientLimit = session.TransactionLimit = session.DomainLimit = int.MaxValue;
        session.Domains = null;
        session.Batch.Clear();
        if (session.State == SessionState.Opening) return true;
        Leave(session);
        session.State = SessionState.Opening;
        session.Queue.Opening++;
        return true;
    }

    /// <summary>The session is gone, for whatever reason; its slot is free. Its batch must be settled. Once or more.</summary>
    public void Ended(SiteSession session)
    {
        if (session.State == SessionState.Ended) return;
        Leave(session);
        session.State = SessionState.Ended;
        session.Batch.Clear();
        session.Queue.Sessions--;
        OpenSessions--;
        Consider(session.Queue);
        Release(session.Queue);
    }

    /// <summary>A session must go when it may not be reused, has done its share, or others wait for its slot and it has had its turn.</summary>
    private bool MayGoOn(SiteSession session)
    {
        if (Options.Reuse == SessionReuse.None || session.Transactions >= Math.Min(Options.TransactionsPerSession, session.TransactionLimit)) return false;
        if (session.Transactions < Options.TransactionsPerTurn || OpenSessions < Options.SessionsOut) return true;
        return _ring.Count - (session.Queue.InRing ? 1 : 0) <= _closing;
    }

    private NextStep StartClosing(SiteSession session)
    {
        Leave(session);
        session.State = SessionState.Closing;
        _closing++;
        return NextStep.Close;
    }

    /// <summary>Takes the session out of the counts of the state that it is in.</summary>
    private void Leave(SiteSession session)
    {
        switch (session.State)
        {
            case SessionState.Opening:
                session.Queue.Opening--;
                break;
            case SessionState.Busy:
                session.Queue.Established--;
                break;
            case SessionState.Idle:
                RemoveIdle(session);
                session.Queue.Established--;
                break;
            case SessionState.Closing:
                _closing--;
                break;
        }
    }

    /// <summary>All slots are taken: the longest idle session, if any, gives up its own, as long as more sites wait than slots are on their way.</summary>
    private bool TryEvict(out Work work)
    {
        work = default;
        if (_oldestIdle is not { } session || _closing >= _ring.Count) return false;
        StartClosing(session);
        work = new Work(WorkKind.Close, session);
        return true;
    }

    private bool TryOpen(DestinationQueue site, long nowNs, [NotNullWhen(true)] out SiteSession? session)
    {
        session = null;
        MxHost[]? hosts = null;
        HostFault? fault;
        if (Options.Strategy == DeliveryStrategy.PerMxHost) _memory.IsDead(site.Host.Name, nowNs, out fault);
        else hosts = LiveHosts(site.Route, nowNs, out fault);

        if (hosts is null ? fault is not null : hosts.Length == 0)
        {
            if (site.Opening + site.Established == 0) Drain(site, fault!, nowNs, remembered: true);
            else Pause(site, nowNs + Options.SitePauseNs);
            return false;
        }

        session = new SiteSession(site, hosts is null ? site.Host : hosts[0]) { Hosts = hosts };
        site.Sessions++;
        site.Opening++;
        OpenSessions++;
        return true;
    }

    /// <summary>The hosts that are not dead by preference, equals drawn anew for each session (RFC 5321 §5.1); a fault when there are none.</summary>
    private MxHost[] LiveHosts(Route route, long nowNs, out HostFault? fault)
    {
        fault = null;
        var count = 0;
        var live = new MxHost[route.Hosts.Count];
        foreach (var host in route.Hosts)
        {
            if (_memory.IsDead(host.Name, nowNs, out var dead)) fault ??= dead;
            else live[count++] = host;
        }

        if (count < live.Length) Array.Resize(ref live, count);
        if (count < 2) return live;
        var salt = ++_sessionNumber;
        Array.Sort(live, (a, b) => RankOf(a, salt).CompareTo(RankOf(b, salt)));
        return live;
    }

    private bool HasNextHost(SiteSession session, long nowNs)
    {
        if (session.Hosts is null) return false;
        for (var i = session.HostAt + 1; i < session.Hosts.Length; i++)
        {
            if (_memory.IsDead(session.Hosts[i].Name, nowNs, out _)) continue;
            (session.Hosts[i], session.Hosts[session.HostAt + 1]) = (session.Hosts[session.HostAt + 1], session.Hosts[i]);
            return true;
        }

        return false;
    }

    /// <summary>Idle sessions are in two lists: their site's, newest on top, and that of all, by age.</summary>
    private void AddIdle(SiteSession session)
    {
        var site = session.Queue;
        session.State = SessionState.Idle;
        session.BelowIdle = site.Idle;
        if (site.Idle is not null) site.Idle.AboveIdle = session;
        site.Idle = session;
        site.IdleCount++;

        session.OlderIdle = _newestIdle;
        if (_newestIdle is null) _oldestIdle = session;
        else _newestIdle.NewerIdle = session;
        _newestIdle = session;
    }

    private void RemoveIdle(SiteSession session)
    {
        var site = session.Queue;
        if (session.AboveIdle is null) site.Idle = session.BelowIdle;
        else session.AboveIdle.BelowIdle = session.BelowIdle;
        if (session.BelowIdle is not null) session.BelowIdle.AboveIdle = session.AboveIdle;
        session.AboveIdle = session.BelowIdle = null;
        site.IdleCount--;

        if (session.OlderIdle is null) _oldestIdle = session.NewerIdle;
        else session.OlderIdle.NewerIdle = session.NewerIdle;
        if (session.NewerIdle is null) _newestIdle = session.OlderIdle;
        else session.NewerIdle.OlderIdle = session.OlderIdle;
        session.OlderIdle = session.NewerIdle = null;
    }
}
