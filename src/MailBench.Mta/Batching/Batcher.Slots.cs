using MailBench.Model.Options;

namespace MailBench.Mta.Batching;

// The slots: which pace a site has, who waits for a slot, and who gives one up.
public sealed partial class Batcher
{
    private readonly StepTimes _steps = new();
    private readonly SlotShares _shares = new(options.SessionsOut);

    /// <summary>Idle sessions of all sites.</summary>
    private SessionList _idle;

    /// <summary>Sessions being opened that have not outlasted their turn, and those that have.</summary>
    private SessionList _young;
    private SessionList _late;
    private int _closing;

    /// <summary>When a slot may come to those that wait without an event.</summary>
    private long _slotWakeNs = long.MaxValue;

    /// <summary>A site of its pace may have one more session, when a slot is free.</summary>
    internal bool HasShare(DestinationQueue site, long nowNs) => _shares.LeftFor(site.Pace, nowNs) > 0;

    /// <summary>A session must go when it may not be reused, has done its share, or others wait for its slot and it has had its turn.</summary>
    private bool MayGoOn(SiteSession session, long nowNs)
    {
        var site = session.Queue;
        if (Options.Reuse == SessionReuse.None || session.Transactions >= Math.Min(Options.TransactionsPerSession, session.TransactionLimit)) return false;
        if (session.Transactions < Options.TransactionsPerTurn && !_shares.IsOver(site.Pace)) return true;
        return OthersWaiting(site, nowNs) <= _closing;
    }

    /// <summary>Sites that would take the slots that sessions of this site gave up, as far as their shares go.</summary>
    private int OthersWaiting(DestinationQueue site, long nowNs)
    {
        var ownLeft = _shares.LeftFor(site.Pace, nowNs);
        var own = _rings[(int)site.Pace].Count - (site.InRing ? 1 : 0);
        if (OpenSessions < Options.SessionsOut) return ownLeft > 0 ? 0 : own;
        var waiting = Math.Min(own, ownLeft + 1);
        for (var pace = SitePace.Unknown; pace <= SitePace.Slow; pace++)
            if (pace != site.Pace) waiting += Math.Min(_rings[(int)pace].Count, _shares.LeftFor(pace, nowNs));
        return waiting;
    }

    /// <summary>
    /// Sites wait and all slots are taken. The longest idle session, if any, gives up its own, as long as more wait than slots are on their way; then, where others than slow sites wait, the
    /// newest of the openings that have outlasted their turn, down to what the slow may keep: those that have waited longest are nearest to their end.
    /// </summary>
    private bool TryReclaim(int slowWaiting, int othersWaiting, out Work work)
    {
        work = default;
        if (slowWaiting + othersWaiting > _closing && _idle.Oldest is { } idle) work = new Work(WorkKind.Close, idle);
        else if (othersWaiting > _closing && _late.Newest is { } late && (late.Queue.Pace != SitePace.Slow || _shares.IsOver(SitePace.Slow))) work = new Work(WorkKind.Abandon, late);
        else return false;
        StartClosing(work.Session);
        return true;
    }

    /// <summary>Sees to openings that last: a site of which no session stands is slow, if not dead.</summary>
    private void SeeLate(long nowNs)
    {
        while (_young.Oldest is { } session && nowNs - session.SinceNs > _steps.SlowNs)
        {
            _young.Remove(session);
            session.IsLate = true;
            _late.Add(session);
            if (session.Queue.Established > 0) continue;
            session.Queue.Window.Lost();
            Learn(session.Queue, SitePace.Slow, nowNs);
        }
    }

    /// <summary>A step of the session has ended: its time tells whether the site is slow.</summary>
    private void Stepped(SiteSession session, long nowNs) =>
        Learn(session.Queue, _steps.IsSlow(nowNs - session.SinceNs) ? SitePace.Slow : SitePace.Usual, nowNs);

    private void Learn(DestinationQueue site, SitePace pace, long nowNs)
    {
        if (pace == site.Pace) return;
        if (pace == SitePace.Slow) _steps.Remember(site.Site, nowNs);
        else if (site.Pace == SitePace.Slow) _steps.Forget(site.Site);
        Turn(site, pace);
    }

    private void Turn(DestinationQueue site, SitePace pace)
    {
        _shares.Count(site.Pace, -site.Sessions);
        _shares.Count(pace, site.Sessions);
        if (site.InRing) _rings[(int)site.Pace].Remove(site);
        site.Pace = pace;
        Consider(site);
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
        _idle.Add(session);
    }

    private void RemoveIdle(SiteSession session)
    {
        var site = session.Queue;
        if (session.AboveIdle is null) site.Idle = session.BelowIdle;
        else session.AboveIdle.BelowIdle = session.BelowIdle;
        if (session.BelowIdle is not null) session.BelowIdle.AboveIdle = session.AboveIdle;
        session.AboveIdle = session.BelowIdle = null;
        site.IdleCount--;
        _idle.Remove(session);
    }
}
