using MailBench.Model.Records;

namespace MailBench.Analysis.Figures;

/// <summary>
/// How many users each resource alone would carry (method: Users): N = P·C ÷ D, with D what a poll needed of it where there still was room. It knows no waiting, so it is an upper
/// bound, and stands beside what was measured, never instead of it; what is more than the most that were tried is marked extrapolated.
/// </summary>
internal static class UsersCapacity
{
    /// <summary>Above it a poll's octets hold what queueing adds (segments that come singly, repeated ACKs), and are no demand any more.</summary>
    public const double Unsaturated = 0.75;

    public static List<PointSummary> Predict(RunHeader header, IReadOnlyList<PointSummary> points)
    {
        var settings = header.Points.ToDictionary(planned => planned.Point, planned => planned.Settings);
        return [.. points.Select(point => point.Polls is { } polls ? point with { Polls = With(point, polls) } : point)];

        PollFigures With(PointSummary point, PollFigures polls)
        {
            if (point.IntervalSeconds is not { } interval) return polls;
            var like = points.Where(other => !other.Void && other.Polls is { RoomyDemands.Count: > 0 } && IsLike(other, point)).ToList();

            // Its own search first: the same trial, the same machine.
            var roomy = polls.RoomyDemands.Count > 0 && polls.Knee is not null ? polls : like.MinBy(other => other.Polls!.OfferedPerSecond)?.Polls;
            if (roomy is null) return polls;
            var tried = points.Where(other => other.Polls is not null && IsLike(other, point) && other.IntervalSeconds == interval && other.CapacityBitsPerSecond == point.CapacityBitsPerSecond)
                .Max(other => Math.Max(other.Users ?? 0, other.Polls!.Steps.Select(step => step.Users).DefaultIfEmpty(0).Max()));
            var capacities = new PointSettings(header.Points.First(planned => planned.Point == point.Point));
            var predictions = roomy.RoomyDemands
                .Select(row => (row.Resource, row.Demand, Capacity: row.Resource switch
                {
                    Utilisations.LineForward => capacities.Forward.BitsPerSecond,
                    Utilisations.LineReverse => capacities.Reverse.BitsPerSecond,
                    _ => row.Capacity ?? 0,
                }))
                .Where(row => row.Demand > 0 && row.Capacity > 0).Select(row => (row.Resource, Users: interval * row.Capacity / row.Demand))
                .OrderBy(row => row.Users).Select(row => new UsersPrediction(row.Resource, row.Users, row.Users > tried)).ToList();
            return polls with
            {
                Predictions = predictions,
                PredictedUsers = predictions.Find(row => row.Resource is Utilisations.LineForward or Utilisations.LineReverse)?.Users,
            };
        }

        bool IsLike(PointSummary other, PointSummary point) => Demand(other).SequenceEqual(Demand(point)) && (other.CapacityBitsPerSecond > 0) == (point.CapacityBitsPerSecond > 0);

        // What a poll's demand depends on.
        IEnumerable<string?> Demand(PointSummary point) => new[] { "users.action", "users.pipelining", "users.mailPerPoll", "users.thinkTime", "users.protocol", "users.tls", "system", "users.delivery", "users.sessions", "workload.size", "workload.mix", "workload.messages", "line.delay" }
            .Select(path => settings[point.Point].GetValueOrDefault(path));
    }
}
