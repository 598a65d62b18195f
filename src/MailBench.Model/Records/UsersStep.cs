namespace MailBench.Model.Records;

/// <summary>A part of a trial in which so many users polled: of a search for the knee, of an overload, or of a day. Times CLOCK_MONOTONIC ns.</summary>
public sealed record UsersStep
{
    /// <summary><c>search</c>, or <see cref="Below"/>, <see cref="AtCapacity"/>, <see cref="Over"/>, <see cref="Recovery"/>, <see cref="After"/>, or a share of a day's users.</summary>
    public required string Name { get; init; }
    public required int Users { get; init; }

    /// <summary>When so many began to poll; the window follows when each of them has had an interval to come once.</summary>
    public required long BeginNs { get; init; }
    public required long WindowBeginNs { get; init; }
    public required long WindowEndNs { get; init; }

    /// <summary>Snapshots at both edges of the window. Role → counters.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> AtBegin { get; init; }
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> AtEnd { get; init; }

    public const string Search = "search";
    public const string Below = "80 %";
    public const string AtCapacity = "100 %";
    public const string Over = "120 %";
    public const string Recovery = "recovery";
    public const string After = "100 % after";
}

/// <summary>When users are carried: what comes goes again, few wait long, few fail (method: sustainable rate). The runner steers by it and the analysis judges by it.</summary>
public static class CarriedUsers
{
    /// <summary>Of what was offered in a window so much must have ended in it.</summary>
    public const double KeptUp = 0.98;
    private const double MayBeSlow = 0.05;
    private const double MayFail = 0.01;

    /// <summary>Polls in flight at a window's edges are no backlog.</summary>
    private const int InFlight = 2;

    /// <param name="offered">Polls due in the window.</param>
    /// <param name="finished">Polls that came to their end in it.</param>
    /// <param name="failed">Polls that failed in it.</param>
    /// <param name="slow">Of the finished ones, those whose response was longer than it may be.</param>
    public static bool Are(double offered, double finished, double failed, double slow) =>
        offered > 0 && finished + failed >= KeptUp * offered - InFlight && failed <= MayFail * offered && slow <= MayBeSlow * finished;
}
