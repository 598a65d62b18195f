using MailBench.Model.Options;
using MailBench.Mta.Queue;
using MailBench.Mta.Routing;

namespace MailBench.Mta.Batching;

/// <summary>
/// Decides which recipients share a transaction, over which session, and in which order sites get sessions (method: delivery strategies). Pure: it is told
/// what happened and when, and asked what to do; a shell dials and speaks.
/// <list type="number">
/// <item><see cref="Add"/> all recipients of a message, then <see cref="TryTakeWork"/> until it has none. Batches are cut only when a session is free, so what was
/// added before shares transactions.</item>
/// <item>An opened session: <see cref="Opened"/> or <see cref="HostFailed"/>; then <see cref="Next"/> after the opening and after each transaction.</item>
/// <item>Recipients that a transaction did not settle go on by <see cref="Return"/> or <see cref="MoveOn"/>; all others belong to the shell.</item>
/// <item>At the end of a session <see cref="Ended"/>; after any of these, take work and <see cref="TryTakeExhausted"/> again.</item>
/// </list>
/// No call looks at all sites: costs depend on the recipients and sessions concerned.
/// </summary>
public sealed partial class Batcher(BatchingOptions options)
{
    private readonly HostMemory _memory = new(options.DeadHostFirstNs, options.DeadHostMaxNs);

    /// <summary>Sites that have work and an idle session for it.</summary>
    private readonly Queue<DestinationQueue> _assignable = new();

    /// <summary>Sites that want one more session, in turn, by their pace.</summary>
    private readonly SiteRing[] _rings = new SiteRing[3];
    private int _turn;
    private readonly PriorityQueue<DestinationQueue, long> _paused = new();
    private readonly Queue<ExhaustedRecipient> _exhausted = new();

    public BatchingOptions Options { get; } = options;

    /// <summary>Recipients waiting in all sites' queues.</summary>
    public int Waiting { get; private set; }

    /// <summary>Sites that have recipients or sessions.</summary>
    public int Sites => _sites.Count;

    /// <summary>All of them, in no order: what a simulation looks at.</summary>
    internal IEnumerable<DestinationQueue> AllSites => _sites.Values;

    /// <summary>Sessions, those being opened or closed included.</summary>
    public int OpenSessions { get; private set; }

    /// <summary>When work may come up by itself; <see cref="long.MaxValue"/> when only events can bring it.</summary>
    public long NextWakeNs => Math.Min(_slotWakeNs, _paused.TryPeek(out _, out var atNs) ? atNs : long.MaxValue);

    /// <summary>
    /// Queues one recipient. <paramref name="domain"/> keys the site of per-domain and per-recipient delivery; the route must have hosts. When all of them are known
    /// to be dead, the recipient is exhausted at once. <paramref name="queuedNs"/> goes with the recipient, for its delay.
    /// </summary>
    public void Add(QueueEntry entry, int recipient, string domain, Route route, long queuedNs, long nowNs)
    {
        if (route.Hosts.Count == 0) throw new ArgumentException($"The route to {domain} has no hosts.", nameof(route));
        if (Options.Strategy == DeliveryStrategy.PerMxHost)
        {
            AddToHost(entry, new QueuedRecipient(recipient, route, -1, 0, queuedNs), null, nowNs);
            return;
        }

        var site = SiteOf(Options.Strategy == DeliveryStrategy.PerMxSet ? route.MxSet : domain, nowNs);
        site.Route = route;
        Enqueue(site, entry, new QueuedRecipient(recipient, route, 0, 0, queuedNs), front: false);
        Consider(site);
    }

    /// <summary>The next thing to do, or false: nothing until the next event or <see cref="NextWakeNs"/>.</summary>
    public bool TryTakeWork(long nowNs, out Work work)
    {
        Wake(nowNs);
        return TryAssign(nowNs, out work) || TryOpenNext(nowNs, out work);
    }

    /// <summary>A recipient for which no host is left: the shell defers it.</summary>
    public bool TryTakeExhausted(out ExhaustedRecipient exhausted) => _exhausted.TryDequeue(out exhausted);

    private bool TryAssign(long nowNs, out Work work)
    {
        while (_assignable.TryDequeue(out var site))
        {
            site.InAssignable = false;
            if (site.Next is not { } message || site.Idle is not { } session)
            {
                Release(site);
                continue;
            }

            RemoveIdle(session);
            session.State = SessionState.Busy;
            session.SinceNs = nowNs;
            var begun = Cut(session, message, session.Batch);
            if (!begun) StartClosing(session);
            Consider(site);
            work = new Work(begun ? WorkKind.Begin : WorkKind.Close, session);
            return true;
        }

        work = default;
        return false;
    }

    /// <summary>Opens a session for the next site in turn; the paces take turns too, as far as their shares go.</summary>
    private bool TryOpenNext(long nowNs, out Work work)
    {
        SeeLate(nowNs);
        _slotWakeNs = long.MaxValue;
        var slowWaiting = 0;
        var othersWaiting = 0;
        var waits = false;
        for (var i = 0; i < _rings.Length; i++)
        {
            var pace = (SitePace)((_turn + i) % _rings.Length);
            if (!HasNext(pace)) continue;
            var left = _shares.LeftFor(pace, nowNs);
            if (left > 0 && OpenSessions < Options.SessionsOut)
            {
                if (!TryOpenFrom(pace, nowNs, out work)) continue;
                _turn = (int)pace + 1;
                return true;
            }

            waits = true;
            if (left == 0) _slotWakeNs = Math.Min(_slotWakeNs, _shares.GrowsNs(pace, nowNs));
            else _shares.Waits(pace, nowNs);
            var waiting = Math.Min(_rings[(int)pace].Count, left);
            if (pace == SitePace.Slow) slowWaiting = waiting;
            else othersWaiting += waiting;
        }

        if (waits && _young.Oldest is { } oldest) _slotWakeNs = Math.Min(_slotWakeNs, oldest.SinceNs + _steps.SlowNs + 1);
        return TryReclaim(slowWaiting, othersWaiting, out work);
    }

    /// <summary>True when the first in this ring wants a session; those that do not go.</summary>
    private bool HasNext(SitePace pace)
    {
        ref var ring = ref _rings[(int)pace];
        while (ring.First is { } site)
        {
            if (WantsSession(site)) return true;
            ring.Remove(site);
            Release(site);
        }

        return false;
    }

    private bool TryOpenFrom(SitePace pace, long nowNs, out Work work)
    {
        while (HasNext(pace))
        {
            var site = _rings[(int)pace].First!;
            _rings[(int)pace].Remove(site);
            if (!TryOpen(site, nowNs, out var session)) continue;
            Consider(site);
            work = new Work(WorkKind.Open, session);
            return true;
        }

        work = default;
        return false;
    }

    /// <summary>Puts a site where its work is found: among those with an idle session, or in the ring of those that want one more.</summary>
    private void Consider(DestinationQueue site)
    {
        if (site.WaitingBatches == 0) return;
        if (site.IdleCount > 0 && !site.InAssignable)
        {
            site.InAssignable = true;
            _assignable.Enqueue(site);
        }

        if (!site.InRing && WantsSession(site)) _rings[(int)site.Pace].Add(site);
    }

    internal bool WantsSession(DestinationQueue site) =>
        site.WaitingBatches > site.Opening + site.IdleCount && site.Sessions < site.Window.Size && !site.Paused;

    /// <summary>No more sessions for the site until then; those that stand go on.</summary>
    private void Pause(DestinationQueue site, long untilNs)
    {
        if (site.Paused) return;
        site.Paused = true;
        _paused.Enqueue(site, untilNs);
    }

    private void Wake(long nowNs)
    {
        while (_paused.TryPeek(out var site, out var atNs) && atNs <= nowNs)
        {
            _paused.Dequeue();
            site.Paused = false;
            Consider(site);
        }
    }
}
