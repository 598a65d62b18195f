using MailBench.Model.Records;

namespace MailBench.Analysis.Planning;

/// <summary>What a point says about how many users are carried. A void point says nothing, and a day's parts inherit each other's backlog, so that none speaks of its number alone.</summary>
internal static class UsersEvidence
{
    /// <summary>Of a search: what it tried and the loads around the knee. The overload's recovery, and what is tried after it, are about something else.</summary>
    private static readonly string[] Fresh = [UsersStep.Search, UsersStep.Below, UsersStep.AtCapacity, UsersStep.Over];

    /// <summary>A window of an interval, but for what stopping a clock takes.</summary>
    private const double WholeWindow = 0.99;

    /// <param name="point">A point about users.</param>
    /// <param name="withinMs">Response that 95 % of the polls must keep; null: the point's own.</param>
    public static IEnumerable<CapacityEvidence> Of(PointSummary point, double? withinMs)
    {
        if (point.Void || point is not { Users: { } users, IntervalSeconds: { } interval, Polls: { } polls }) return [];
        if (polls.Steps.Count == 0) return [Of(point, users, interval, polls, withinMs)];
        if (polls.Knee is null) return [];

        // A number that was searched more than once was carried if it was at last, as the knee has it.
        return polls.Steps.Where(step => Fresh.Contains(step.Name)).GroupBy(step => (step.Name, step.Users)).Select(same => Of(point, same.Last(), interval, polls, withinMs));
    }

    /// <summary>What came went again, 95 % of it in time, and as good as nothing failed: the rule of a search's steps (<see cref="CarriedUsers"/>).</summary>
    public static bool IsCarried(PointSummary point, double withinMs) =>
        point.Polls is { PerSecond: { } perSecond } polls && IsCarried(point.WindowSeconds, polls.OfferedPerSecond, perSecond, polls.Failed, polls.Unfinished, point.Latencies.GetValueOrDefault("response")?.P95, withinMs);

    private static CapacityEvidence Of(PointSummary point, int users, double interval, PollFigures polls, double? withinMs) => new()
    {
        Point = point.Point,
        Repetition = point.Repetition,
        Users = users,
        IntervalSeconds = interval,
        Carried = IsCarried(point, withinMs ?? polls.WithinMs),
        OfferedPerSecond = polls.OfferedPerSecond,
        PerSecond = polls.PerSecond,
        P95Ms = point.Latencies.GetValueOrDefault("response")?.P95,
        Failed = polls.Failed,
        BusyForward = point.BusyForward,
        LineKbitPerUser = KbitPerUser(point, users),
        Bottleneck = point.Bottleneck,
        Flags = point.WindowSeconds < interval * WholeWindow ? [.. point.Flags, "the window is shorter than the interval: not every user came in it"] : point.Flags,
    };

    private static CapacityEvidence Of(PointSummary point, StepFigures step, double interval, PollFigures polls, double? withinMs) => new()
    {
        Point = point.Point,
        Repetition = point.Repetition,
        Step = step.Name,
        Users = step.Users,
        IntervalSeconds = interval,
        Carried = withinMs is not { } within || within == polls.WithinMs ? step.Carried : IsCarried(step.Seconds, step.OfferedPerSecond, step.PerSecond, step.Failed, 0, step.P95Ms, within),
        OfferedPerSecond = step.OfferedPerSecond,
        PerSecond = step.PerSecond,
        P95Ms = step.P95Ms,
        Failed = step.Failed,
        BusyForward = step.BusyForward,
        LineKbitPerUser = KbitPerUser(point, step.Users),
        Bottleneck = step.Bottleneck,
        Flags = point.Flags,
    };

    /// <summary>How many were slower than a bound is not recorded, but whether more than 5 % were is.</summary>
    private static bool IsCarried(double seconds, double offeredPerSecond, double perSecond, long failed, long unfinished, double? p95Ms, double withinMs)
    {
        var finished = perSecond * seconds;
        return p95Ms is { } p95 && CarriedUsers.Are(offeredPerSecond * seconds, finished, failed, p95 <= withinMs ? 0 : finished, unfinished);
    }

    private static double? KbitPerUser(PointSummary point, int users) => point.CapacityBitsPerSecond > 0 && users > 0 ? point.CapacityBitsPerSecond / 1000.0 / users : null;
}
