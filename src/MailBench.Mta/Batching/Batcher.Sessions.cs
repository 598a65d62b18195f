using System.Diagnostics.CodeAnalysis;
using MailBench.Model.Options;
using MailBench.Mta.Routing;

namespace MailBench.Mta.Batching;

// The sessions: opened under the limits, reused, given up to others, and what their failures mean for hosts and sites.
public sealed partial class Batcher
{
    /// <summary>Sessions that stand at hosts, by name; kept where a site may have several hosts.</summary>
    private readonly Dictionary<string, int> _standing = new(StringComparer.Ordinal);

    /// <summary>Dials under way, likewise.</summary>
    private readonly Dictionary<string, int> _dialled = new(StringComparer.Ordinal);
    private ulong _sessionNumber;

    /// <summary>The session stands and its host has greeted us; ask <see cref="Next"/>.</summary>
    public void Opened(SiteSession session, long nowNs)
    {
        var site = session.Queue;
        Leave(session);
        session.State = SessionState.Busy;
        site.Established++;
        if (session.Hosts is not null) _standing[session.Host.Name] = _standing.GetValueOrDefault(session.Host.Name) + 1;
        _memory.Succeeded(session.Host.Name);
        Stepped(session, nowNs);
        site.Window.Opened(site.Sessions, nowNs);
        Consider(site);
    }

    /// <summary>
    /// What a session that has just opened, or whose transaction is settled, does next. After <see cref="NextStep.Begin"/> its batch is filled; after
    /// <see cref="NextStep.Close"/> it says QUIT and the shell calls <see cref="Ended"/> when it is gone.
    /// </summary>
    public NextStep Next(SiteSession session, long nowNs)
    {
        session.Batch.Clear();
        var site = session.Queue;
        if (session.Transactions > 0) Settled(session, nowNs);

        if (session.Transactions > 0 && !MayGoOn(session, nowNs)) return StartClosing(session);

        var message = NextFor(session);
        if (message is not null)
        {
            session.SinceNs = nowNs;
            return Cut(session, message, session.Batch) ? NextStep.Begin : StartClosing(session);
        }

        if (Options.Reuse != SessionReuse.AcrossMessages || (site.Pace == SitePace.Slow && _rings[(int)SitePace.Slow].Count > 0)) return StartClosing(session);
        AddIdle(session);
        return NextStep.Idle;
    }

    /// <summary>
    /// The content of the session's transaction has been sent: cuts the next one into <see cref="SiteSession.Ahead"/>, for its envelope to follow at once. False when there is none that
    /// this session should take: what opening and idle sessions of the site will serve is left to them.
    /// </summary>
    public bool TryTakeAhead(SiteSession session, long nowNs)
    {
        var site = session.Queue;
        if (session.State != SessionState.Busy || site.WaitingBatches <= site.Opening + site.IdleCount || !MayGoOn(session, nowNs)) return false;
        return NextFor(session) is { } message && Cut(session, message, session.Ahead);
    }

    /// <summary>The transaction in hand is settled, and the one ahead is in hand now.</summary>
    public void Advance(SiteSession session, long nowNs)
    {
        Settled(session, nowNs);
        session.Batch.Clear();
        (session.Batch, session.Ahead) = (session.Ahead, session.Batch);
        session.SinceNs = nowNs;
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
        Stepped(session, nowNs);
        var stands = StandsElsewhere(session);
        if (stands) site.Window.Refused(site.Sessions - 1, Options.SitePauseNs, nowNs);
        else _memory.Failed(fault, nowNs);
        if (TryNextHost(session, nowNs)) return true;

        if (!stands && site.Established == 0) site.Window.Lost();
        Ended(session);
        if (!stands && site.Established == 0 && (site.Opening == 0 || Options.Strategy == DeliveryStrategy.PerMxHost)) Drain(site, fault, nowNs);
        return false;
    }

    /// <summary>Makes the next host that is not dead the session's, to be dialled; false when there is none, and always for per-mx-host. The batch must be settled.</summary>
    public bool TryNextHost(SiteSession session, long nowNs)
    {
        if (!HasNextHost(session, nowNs)) return false;
        Leave(session);
        session.Host = session.Hosts![++session.HostAt];
        StartOpening(session, nowNs);
        session.RecipientLimit = session.TransactionLimit = session.DomainLimit = int.MaxValue;
        session.Domains = null;
        session.Transactions = 0;
        session.Blamed = false;
        session.Batch.Clear();
        return true;
    }

    /// <summary>The session is gone, for whatever reason; its slot is free. Its batch must be settled. Once or more.</summary>
    public void Ended(SiteSession session)
    {
        if (session.State == SessionState.Ended) return;
        Leave(session);
        session.State = SessionState.Ended;
        session.Batch.Clear();
        var site = session.Queue;
        site.Sessions--;
        OpenSessions--;
        _shares.Count(site.Pace, -1);
        if (session.Blamed && site.Established == 0)
        {
            // The last one broke: what is known of the site holds no longer.
            site.Window.Lost();
            if (site.Pace == SitePace.Usual) Turn(site, SitePace.Unknown);
        }

        Consider(site);
        Release(site);
    }

    /// <summary>The message that the session's next transaction is cut from.</summary>
    private QueuedMessage? NextFor(SiteSession session) =>
        session.LastEntry is null ? session.Queue.Next : _messages.GetValueOrDefault(new MessageAtSite(session.Queue.Number, session.LastEntry.Id.Value));

    /// <summary>A transaction of the session has ended: the site may have room for one more session.</summary>
    private void Settled(SiteSession session, long nowNs)
    {
        Stepped(session, nowNs);
        session.Queue.Window.Succeeded(session.Queue.Sessions, nowNs);
        Consider(session.Queue);
    }

    /// <summary>A session of the host, of whatever site, stands, or is just being closed: it is not dead, but has enough.</summary>
    private bool StandsElsewhere(SiteSession session) =>
        session.Hosts is null ? session.Queue.Sessions > session.Queue.Opening : _standing.ContainsKey(session.Host.Name);

    /// <summary>The session broke off in mid-transaction, whatever became of its recipients.</summary>
    private void Blame(SiteSession session, HostFault fault, long? nowNs)
    {
        if (session.Blamed) return;
        session.Blamed = true;
        session.Queue.Window.Broke();
        // Where there is another host, the others that wait are better off there than here.
        if (nowNs is { } now && HasNextHost(session, now)) _memory.Failed(fault, now);
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
                (session.IsLate ? ref _late : ref _young).Remove(session);
                if (session.Hosts is not null) Less(_dialled, session.Host.Name);
                break;
            case SessionState.Busy:
                Fell(session);
                break;
            case SessionState.Idle:
                RemoveIdle(session);
                Fell(session);
                break;
            case SessionState.Closing:
                _closing--;
                break;
        }
    }

    /// <summary>The session stands no longer.</summary>
    private void Fell(SiteSession session)
    {
        session.Queue.Established--;
        if (session.Hosts is not null) Less(_standing, session.Host.Name);
    }

    private static void Less(Dictionary<string, int> counts, string host)
    {
        var left = counts[host] - 1;
        if (left > 0) counts[host] = left;
        else counts.Remove(host);
    }

    private void StartOpening(SiteSession session, long nowNs)
    {
        session.State = SessionState.Opening;
        session.SinceNs = nowNs;
        session.IsLate = false;
        session.Queue.Opening++;
        _young.Add(session);
        if (session.Hosts is not null) _dialled[session.Host.Name] = _dialled.GetValueOrDefault(session.Host.Name) + 1;
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
        _shares.Count(site.Pace, 1);
        StartOpening(session, nowNs);
        OpenSessions++;
        return true;
    }

    /// <summary>
    /// The hosts that are not dead by preference, equals drawn anew for each session (RFC 5321 §5.1); a fault when there are none. One session at a time finds out whether a host is alive:
    /// a host that is being dialled and has no session comes behind its equals, and behind all when it was dead.
    /// </summary>
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
        Array.Sort(live, (a, b) => SessionRankOf(a, salt).CompareTo(SessionRankOf(b, salt)));
        return live;
    }

    private (bool WasDead, int Preference, bool InDoubt, ulong Draw) SessionRankOf(MxHost host, ulong salt)
    {
        var inDoubt = _dialled.ContainsKey(host.Name) && !_standing.ContainsKey(host.Name);
        var (preference, draw) = RankOf(host, salt);
        return (inDoubt && _memory.DeadUntilNs(host.Name) > 0, preference, inDoubt, draw);
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
}
