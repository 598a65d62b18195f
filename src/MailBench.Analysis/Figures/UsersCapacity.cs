using MailBench.Model.Records;

namespace MailBench.Analysis.Figures;

/// <summary>
/// How many users the line alone would carry (method: Users): N = C·P ÷ 8·B, with B the octets that a poll needed where the line still had room. It knows no waiting, so it is an upper
/// bound, and is drawn beside what was measured, never instead of it.
/// </summary>
internal static class UsersCapacity
{
    /// <summary>Above it a poll's octets hold what queueing adds (segments that come singly, repeated ACKs), and are no demand any more.</summary>
    private const double Unsaturated = 0.75;

    public static List<PointSummary> Predict(RunHeader header, IReadOnlyList<PointSummary> points)
    {
        var settings = header.Points.ToDictionary(planned => planned.Point, planned => planned.Settings);
        return [.. points.Select(point => point.Polls is { } polls ? point with { Polls = polls with { PredictedUsers = Of(point) } } : point)];

        double? Of(PointSummary point)
        {
            if (point.CapacityBitsPerSecond == 0 || point.IntervalSeconds is not { } interval) return null;
            var least = points.Where(other => !other.Void && other.Polls is not null && IsLike(other, point) && other.BusyForward < Unsaturated && other.BusyReverse < Unsaturated)
                .MinBy(other => other.Polls!.OfferedPerSecond);
            if (least?.Polls is not { WireOctetsForward: { } forward, WireOctetsReverse: { } reverse }) return null;
            var back = new PointSettings(header.Points.First(planned => planned.Point == point.Point)).Reverse.BitsPerSecond;
            return interval * Math.Min(point.CapacityBitsPerSecond / (8 * forward), back > 0 ? back / (8 * reverse) : double.PositiveInfinity);
        }

        bool IsLike(PointSummary other, PointSummary point) => Demand(other).SequenceEqual(Demand(point));

        // What a poll's octets depend on.
        IEnumerable<string?> Demand(PointSummary point) => new[] { "users.action", "users.pipelining", "users.mailPerPoll", "workload.size", "workload.mix", "workload.messages", "line.delay" }.Select(path => settings[point.Point].GetValueOrDefault(path));
    }
}
