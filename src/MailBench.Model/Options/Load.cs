using System.Net;
using MailBench.Model.Units;

namespace MailBench.Model.Options;

/// <summary>The three load models of the method.</summary>
public enum LoadModel { Open, Closed, Backlog }

/// <summary>Steps of a load simulation; names after NBomber's vocabulary.</summary>
public enum LoadStageKind
{
    /// <summary>Open: arrivals evenly spaced at Rate during During.</summary>
    Inject,

    /// <summary>Open: the rate goes linearly from the previous stage's to Rate.</summary>
    RampingInject,

    /// <summary>Open: Poisson arrivals (seeded) of mean Rate.</summary>
    InjectRandom,

    /// <summary>No arrivals.</summary>
    Pause,

    /// <summary>Closed: Users in parallel.</summary>
    KeepConstant,

    /// <summary>Closed: users go linearly from the previous stage's to Users.</summary>
    RampingConstant,
}

/// <summary>One stage; the last one of a schedule goes on until the load is halted when During is zero.</summary>
public sealed record LoadStage(LoadStageKind Kind, Rate Rate, int Users, TimeSpan During);

/// <summary>What the source offers.</summary>
public sealed record LoadOptions
{
    public required LoadModel Model { get; init; }

    /// <summary>Open and closed: the schedule, never empty. Backlog: empty.</summary>
    public IReadOnlyList<LoadStage> Stages { get; init; } = [];

    /// <summary>Backlog: undelivered recipients held in the system.</summary>
    public int BacklogRecipients { get; init; }

    /// <summary>Closed: a user's think time after each message.</summary>
    public TimeSpan ThinkTime { get; init; }

    /// <summary>Sessions the source may hold at once; in a closed model the users are the sessions and this is ignored.</summary>
    public int Sessions { get; init; } = 8;

    /// <summary>Stop after so many messages; 0: no count.</summary>
    public long Count { get; init; }

    /// <summary>Stop offering after so long; zero: no limit.</summary>
    public TimeSpan Duration { get; init; }
}

/// <summary>What the source sends and to whom.</summary>
public sealed record WorkloadOptions
{
    /// <summary>A synthetic message of exactly so many octets of content; exclusive with Mix and Messages.</summary>
    public ByteSize? Size { get; init; }

    /// <summary><c>mailing-list</c>, <c>mobile</c>, <c>office</c>.</summary>
    public string? Mix { get; init; }

    /// <summary>An mbox file, a maildir or a folder of .eml files: real mail, sent as it is.</summary>
    public string? Messages { get; init; }
    public int Recipients { get; init; } = 1;
    public int Domains { get; init; } = 100;
    public string Suffix { get; init; } = "test";

    /// <summary>Greater than 0: recipients are <c>userM@mail.SUFFIX</c>, M below it, instead of <c>uK@dJ.SUFFIX</c>.</summary>
    public int Users { get; init; }
    public bool Pipelining { get; init; } = true;

    /// <summary>The next envelope behind the end of a content, where a message waits for a session; needs Pipelining.</summary>
    public bool Overlap { get; init; }

    /// <summary>BDAT where CHUNKING is offered.</summary>
    public bool Chunking { get; init; }
    public bool Reuse { get; init; } = true;

    /// <summary>One reverse-path for all messages instead of one for each. They carry no ID then and nobody can book them: for a cross-check, whose other source does the same.</summary>
    public string? Sender { get; init; }
    public int Seed { get; init; } = 1;
}

/// <summary>Where the source sends, how much and what.</summary>
public sealed record SourceOptions
{
    public required IPEndPoint To { get; init; }
    public required LoadOptions Load { get; init; }
    public required WorkloadOptions Workload { get; init; }

    /// <summary>The receiver speaks LMTP; then a message has one recipient.</summary>
    public bool Lmtp { get; init; }

    /// <summary>How long the source waits for open transactions after its load has ended.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromMinutes(5);
}
