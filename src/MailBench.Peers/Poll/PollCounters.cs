using MailBench.Model.Nodes;
using MailBench.Model.Units;

namespace MailBench.Peers.Poll;

/// <summary>Cumulative counts of the polling users. Written on the loop only, each readable from any thread (aligned 64-bit fields).</summary>
internal sealed class PollCounters
{
    /// <summary>Polls that the timetable asked for: polls + failed + unfinished once drained.</summary>
    public long Offered;

    /// <summary>Polls that came to their +OK of QUIT.</summary>
    public long Polls;
    public long Failed;

    /// <summary>Broken off at the end of the drain, or never begun by then: their response is infinite.</summary>
    public long Unfinished;

    /// <summary>Polls that took longer than they may.</summary>
    public long Slow;

    /// <summary>Polls that found their user's poll before still open, or no free session.</summary>
    public long Waiting;

    /// <summary>Polls that left more than 1 ms after their time by this process's own fault.</summary>
    public long Late;
    public long Retrieved;

    /// <summary>Of those retrieved: announced to a session in IDLE, or while it fetched.</summary>
    public long Pushed;

    /// <summary>Held sessions that ended and not by their user, with no poll open.</summary>
    public long Dropped;
    public long Deleted;

    /// <summary>Octets of retrieved messages, dots unstuffed.</summary>
    public long ContentOctets;
    public long OctetsIn;
    public long OctetsOut;
    public long Sessions;
    public long TlsSessions;

    public OpenSessions Open { get; } = new();

    public PollCounters Copy() => (PollCounters)MemberwiseClone();

    public Dictionary<string, double> ToSnapshot()
    {
        var (open, most, sessionNs) = Open.Read(MonotonicClock.NowNs);
        return new Dictionary<string, double>
        {
            [CounterNames.Offered] = Volatile.Read(ref Offered),
            [CounterNames.Polls] = Volatile.Read(ref Polls),
            [CounterNames.Failed] = Volatile.Read(ref Failed),
            [CounterNames.Waiting] = Volatile.Read(ref Waiting),
            [CounterNames.Late] = Volatile.Read(ref Late),
            [CounterNames.Retrieved] = Volatile.Read(ref Retrieved),
            [CounterNames.Deleted] = Volatile.Read(ref Deleted),
            [CounterNames.ContentOctets] = Volatile.Read(ref ContentOctets),
            [CounterNames.OctetsIn] = Volatile.Read(ref OctetsIn),
            [CounterNames.OctetsOut] = Volatile.Read(ref OctetsOut),
            [CounterNames.Sessions] = Volatile.Read(ref Sessions),
            [CounterNames.TlsSessions] = Volatile.Read(ref TlsSessions),
            [CounterNames.Slow] = Volatile.Read(ref Slow),
            [CounterNames.Unfinished] = Volatile.Read(ref Unfinished),
            [CounterNames.Pushed] = Volatile.Read(ref Pushed),
            [CounterNames.Dropped] = Volatile.Read(ref Dropped),
            [CounterNames.SessionsOpen] = open,
            [CounterNames.SessionsMost] = most,
            [CounterNames.SessionNs] = sessionNs,
        };
    }
}
