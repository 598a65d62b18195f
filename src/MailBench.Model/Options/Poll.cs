using System.Net;
using MailBench.Model.Units;

namespace MailBench.Model.Options;

/// <summary>What users speak.</summary>
public enum PollProtocol { Pop3, Imap }

/// <summary>What a user does on each poll.</summary>
public enum PollAction
{
    /// <summary>Log in, STAT, QUIT; over IMAP log in, SELECT, LOGOUT.</summary>
    Check,

    /// <summary>Retrieve what was not there at the user's poll before (by UIDL, over IMAP by UID); everything stays on the server as it was.</summary>
    Fetch,

    /// <summary>Retrieve everything and delete it.</summary>
    Delete,

    /// <summary>Retrieve everything and leave it, on each poll again: a client that remembers nothing, as webmail is. Nothing changes on the server, so each poll is like the one before.</summary>
    Reread,

    /// <summary>As fetch, but the headers of what is new come first (TOP n 0), and the messages after the think time.</summary>
    Headers,

    /// <summary>
    /// IMAP only: log in, SELECT, hold IDLE (RFC 2177) and fetch what is announced. A poll is then the opening of the session, or the renewal of its IDLE an interval later: it ends when the server says that
    /// it idles.
    /// </summary>
    Idle,
}

/// <summary>When the users of an interval come.</summary>
public enum PollPhase
{
    /// <summary>Each at a moment of its own, uniform over the interval.</summary>
    Random,

    /// <summary>All at once: the nine-o'clock stampede.</summary>
    Synchronised,
}

/// <summary>N users who poll, each every <see cref="Interval"/>: open loop, whatever the server does.</summary>
public sealed record PollOptions
{
    /// <summary>RFC 2177: servers may end what has been idle for half an hour, so IDLE is said anew at least so often.</summary>
    public static readonly TimeSpan LongestIdle = TimeSpan.FromMinutes(29);

    public required IPEndPoint Server { get; init; }
    public PollProtocol Protocol { get; init; }
    public ClientTls Tls { get; init; } = new();
    public required int Users { get; init; }
    public required TimeSpan Interval { get; init; }

    /// <summary>How many of them poll from the start (the first so many); 0: all. A runner changes it as time goes on.</summary>
    public int Active { get; init; }
    public PollAction Action { get; init; } = PollAction.Check;
    public PollPhase Phase { get; init; } = PollPhase.Random;

    /// <summary>How long a user looks at what there is, the session open, before going on (messages, or QUIT).</summary>
    public TimeSpan ThinkTime { get; init; }

    /// <summary>A poll whose response is longer is counted as slow.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Send commands without waiting for replies where the dialogue allows it (RFC 2449 §6.6). Most clients of people do not.</summary>
    public bool Pipelining { get; init; }

    /// <summary>Sessions at once; 0: as many as users and file descriptors allow. A poll beyond it waits, and its wait is part of its response.</summary>
    public int MaxSessions { get; init; }

    /// <summary>Stop after so many polls; 0: no count.</summary>
    public long Count { get; init; }

    /// <summary>Stop offering after so long; zero: no limit.</summary>
    public TimeSpan Duration { get; init; }
    public int Seed { get; init; } = 1;

    /// <summary>A server silent for so long has failed the poll.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long polls that are open or owed may still take once no more are offered.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>When in the interval each user polls, ns: by options and seed alone.</summary>
    public long[] MomentsNs()
    {
        var moments = new long[Users];
        if (Phase == PollPhase.Synchronised) return moments;
        var random = new Random(Seed);
        for (var user = 0; user < moments.Length; user++) moments[user] = random.NextInt64(Interval.ToNs());
        return moments;
    }

    /// <summary>Why these options go ill together, a sentence; null: they do not.</summary>
    public string? Contradiction => Action != PollAction.Idle ? null
        : Protocol != PollProtocol.Imap ? "users who hold IDLE speak IMAP, POP3 has nothing like it"
        : Interval > LongestIdle ? "IDLE is to be renewed at least every 29 minutes (RFC 2177)"
        : ThinkTime > TimeSpan.Zero || Pipelining ? "users who hold IDLE take what is announced as it comes: no think time, no pipelining"
        : MaxSessions > 0 && MaxSessions < Users ? "each user who holds IDLE needs a session"
        : null;
}
