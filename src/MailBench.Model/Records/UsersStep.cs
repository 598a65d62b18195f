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

/// <summary>
/// When users are carried: what comes goes again, few wait long, and at most 1 % fail, the errors that the method's sustainable rate allows: one poll of a thousand that a peer broke off says nothing of capacity. The runner steers
/// a search by it, and the analysis judges by it, a search's steps and a point's window alike.
/// </summary>
public static class CarriedUsers
{
    /// <summary>Of what was offered in a window so much must have ended in it.</summary>
    private const double KeptUp = 0.98;
    private const double MayBeSlow = 0.05;
    private const double MayFail = 0.01;

    /// <summary>Polls in flight at a window's edges are no backlog.</summary>
    private const int InFlight = 2;

    /// <param name="offered">Polls due in the window.</param>
    /// <param name="finished">Polls that came to their end in it.</param>
    /// <param name="failed">Polls that failed in it.</param>
    /// <param name="slow">Of the finished ones, those whose response was longer than it may be.</param>
    /// <param name="unfinished">Polls that had not come to their end when the drain was over: errors like those that failed; 0 where none of that is known, as in the midst of a trial.</param>
    public static bool Are(double offered, double finished, double failed, double slow, double unfinished = 0) =>
        KeptUpWith(offered, finished + failed) && failed + unfinished <= MayFail * offered && slow <= MayBeSlow * finished;

    /// <summary>Whether what came in a window went again in it, in whatever time and to whatever end.</summary>
    public static bool KeptUpWith(double offered, double ended) => offered > 0 && ended >= KeptUp * offered - InFlight;
}
