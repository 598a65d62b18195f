namespace MailBench.Mta.Scheduling;

/// <summary>What an attempt says of its site.</summary>
public enum SiteAnswer
{
    /// <summary>Nothing: the attempt was not made.</summary>
    None,

    /// <summary>A host of the site answered the transaction, whatever it said.</summary>
    Answered,

    /// <summary>No host was to be found, reached or kept.</summary>
    Unreachable,
}

/// <summary>
/// Which of the recipients that are due may go to delivery: a share for each site, patience with those that fail. A site is a number; here, that of a domain. Pure.
/// <list type="bullet">
/// <item>A site's window is how many of its recipients may be in hand. It grows by one with each answer, so that a site which takes mail gets all that it can take, and one
/// that keeps silent never has more than its first window.</item>
/// <item>A site that cannot be reached is paused, twice as long each time; then one recipient tries it for all. The others stay parked here, unread and unwritten, and are
/// let go by the first answer. Untried ones are not parked, while few are in hand: their one attempt tells them, and who looks into the queue, what is wrong.</item>
/// <item>Among sites whose recipients were held back, turns are taken recipient by recipient; among a site's messages, by a few recipients.</item>
/// </list>
/// </summary>
public sealed partial class SiteShares(SiteShareOptions options)
{
    private const int MaxSpare = 1024;

    private readonly Dictionary<uint, Site> _sites = [];
    private readonly Stack<Site> _spare = new();
    private readonly Queue<Site> _ring = new();
    private readonly PriorityQueue<Site, long> _wakes = new();
    private int _failing;

    /// <summary>Recipients that have entered and not left.</summary>
    public int InHand { get; private set; }

    public bool HasRoom => InHand < options.MaxInHand;

    /// <summary>Sites about which something is kept.</summary>
    public int Sites => _sites.Count;

    /// <summary>When <see cref="TryTake"/> may have something by itself; <see cref="long.MaxValue"/> when only events can bring it.</summary>
    public long NextWakeNs
    {
        get
        {
            if (_ring.Count > 0 && HasRoom) return 0;
            while (_wakes.TryPeek(out var site, out var atNs))
            {
                if (site.WakeNs == atNs) return atNs;
                // Something else was planned for it since.
                _wakes.Dequeue();
            }

            return long.MaxValue;
        }
    }

    /// <summary>A recipient is due. True: it is in hand now. False: it is held here until <see cref="TryTake"/> gives it. The caller asks only while <see cref="HasRoom"/>.</summary>
    public bool TryEnter(in DueRecipient due, long nowNs)
    {
        var site = SiteOf(due.Site);
        var untriedPasses = due.Untried && site.Failures > 0 && site.InHand < options.FirstWindow;
        if (untriedPasses || (site.Held == 0 && site.InHand < WindowOf(site, nowNs)))
        {
            Enter(site);
            return true;
        }

        Hold(site, due, nowNs);
        Consider(site, nowNs);
        Watch(site, nowNs);
        return false;
    }

    /// <summary>A held recipient that may go now: it is in hand. Those of one message that were held one after another come one after another.</summary>
    public bool TryTake(long nowNs, out DueRecipient taken)
    {
        Wake(nowNs);
        while (HasRoom && _ring.TryPeek(out var site))
        {
            if (site.InHand < WindowOf(site, nowNs) && TryRelease(site, out taken))
            {
                Enter(site);
                if (site.Held > 0 && NextIsOf(site, taken.Message) && site.InHand < WindowOf(site, nowNs)) return true;
                _ring.Dequeue();
                site.InRing = false;
                Consider(site, nowNs);
                Watch(site, nowNs);
                return true;
            }

            _ring.Dequeue();
            site.InRing = false;
            Watch(site, nowNs);
        }

        taken = default;
        return false;
    }

    /// <summary>A recipient is in hand no longer.</summary>
    public void Leave(uint key, SiteAnswer answer, long nowNs)
    {
        var site = _sites[key];
        InHand--;
        site.InHand--;
        if (answer == SiteAnswer.Answered) Answered(site);
        else if (answer == SiteAnswer.Unreachable) Failed(site, nowNs);
        Consider(site, nowNs);
        Watch(site, nowNs);
    }

    private Site SiteOf(uint key)
    {
        if (_sites.TryGetValue(key, out var site)) return site;
        site = _spare.TryPop(out var spare) ? spare : new Site();
        site.Begin(key, options.FirstWindow);
        _sites.Add(key, site);
        return site;
    }

    /// <summary>Nothing is left of a site that answers. It comes again with the next message, as a rule, and then costs nothing.</summary>
    private void Forget(Site site)
    {
        _sites.Remove(site.Key);
        if (_spare.Count < MaxSpare) _spare.Push(site);
    }

    private void Enter(Site site)
    {
        site.InHand++;
        InHand++;
    }

    private void Answered(Site site)
    {
        if (site.Failures > 0)
        {
            _failing--;
            site.Failures = 0;
            site.UntilNs = site.WakeNs = 0;
        }

        site.Window = Math.Min(Math.Max(site.Window, options.FirstWindow) + 1, options.MaxWindow);
    }

    /// <summary>Failures of attempts that began before the pause do not lengthen it.</summary>
    private void Failed(Site site, long nowNs)
    {
        if (nowNs < site.UntilNs) return;
        if (site.Failures == 0 && _failing++ >= options.MaxFailing)
        {
            _failing--;
            return;
        }

        site.Failures++;
        site.Window = 1;
        site.UntilNs = nowNs + Math.Min(options.MaxPauseNs, options.FirstPauseNs << Math.Min(site.Failures - 1, 20));
    }

    /// <summary>Recipients of the site that may be in hand now.</summary>
    private int WindowOf(Site site, long nowNs)
    {
        if (site.Failures == 0) return site.Window;
        if (site.Held > 0 && HeldSinceNs(site) + options.MaxParkedNs <= nowNs) return options.FirstWindow;
        return nowNs < site.UntilNs ? 0 : site.Window;
    }

    /// <summary>Puts a site that may go on into the ring.</summary>
    private void Consider(Site site, long nowNs)
    {
        if (site.InRing || site.Held == 0 || site.InHand >= WindowOf(site, nowNs)) return;
        site.InRing = true;
        _ring.Enqueue(site);
    }

    private void Wake(long nowNs)
    {
        while (_wakes.TryPeek(out var site, out var atNs) && atNs <= nowNs)
        {
            _wakes.Dequeue();
            if (site.WakeNs != atNs) continue;
            site.WakeNs = 0;
            Consider(site, nowNs);
            Watch(site, nowNs);
        }
    }

    /// <summary>Sees to it that a failing site is looked at when that may help, and that one of which nothing is left is forgotten: a failing one when it has been left alone for long.</summary>
    private void Watch(Site site, long nowNs)
    {
        if (site.Failures == 0)
        {
            // One that stands in the ring for nothing is met there.
            if (site.InHand == 0 && site.Held == 0 && !site.InRing) Forget(site);
            return;
        }

        var idle = site.InHand == 0 && site.Held == 0;
        var forgetNs = site.UntilNs + options.MaxPauseNs;
        if (idle && forgetNs <= nowNs)
        {
            site.WakeNs = 0;
            _failing--;
            _sites.Remove(site.Key);
            return;
        }

        var nextNs = long.MaxValue;
        if (idle) nextNs = forgetNs;
        else if (site.Held > 0 && !site.InRing)
        {
            if (site.UntilNs > nowNs) nextNs = site.UntilNs;
            if (HeldSinceNs(site) + options.MaxParkedNs is var agedNs && agedNs > nowNs) nextNs = Math.Min(nextNs, agedNs);
        }

        if (nextNs == long.MaxValue || (site.WakeNs != 0 && site.WakeNs <= nextNs)) return;
        site.WakeNs = nextNs;
        _wakes.Enqueue(site, nextNs);
    }

    private sealed class Site
    {
        public uint Key { get; private set; }
        public int Window { get; set; }
        public int InHand { get; set; }
        public int Failures { get; set; }

        /// <summary>Paused until then.</summary>
        public long UntilNs { get; set; }

        /// <summary>When it is looked at next; 0 when nothing is planned.</summary>
        public long WakeNs { get; set; }
        public bool InRing { get; set; }

        /// <summary>The list of those held, oldest first; withdrawn ones are counted until they are passed over.</summary>
        public int Held { get; set; }
        public int FirstHeld { get; set; } = None;
        public int LastHeld { get; set; } = None;

        /// <summary>The first of the last message in it, and how many of the first message's went in its present turn.</summary>
        public int LastRun { get; set; } = None;
        public int Turn { get; set; }

        /// <summary>For another key, with nothing held, in hand or planned.</summary>
        public void Begin(uint key, int window)
        {
            (Key, Window) = (key, window);
            (UntilNs, WakeNs, Turn) = (0, 0, 0);
        }
    }
}
