using MailBench.Analysis.Planning;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Unit.Reports;

namespace MailBench.Unit.Analysis;

/// <summary>
/// Summaries of runs about users, whose truth is written down: a poll needs 40,000 bit toward the users and 4,000 toward the server, so that 10 Mbit/s carry 250 polls/s, and 4 ms of two processors.
/// </summary>
internal static class AskedRun
{
    public const string Again = "mailbench run profiles/polling-quick.yaml";
    public const double Bits = 40_000;

    /// <summary>Points are numbered in their order.</summary>
    public static RunSummary Of(params PointSummary[] points)
    {
        var sample = SampleRun.Result().Summary;
        return sample with { Points = [.. points.Select((point, i) => point with { Point = i + 1 })], Machine = sample.Machine with { OpenFilesLimit = 20_000 } };
    }

    /// <summary>Carried with a p95 of 40 ms and what room it leaves, or past the limit, with a line that is full and polls that never end.</summary>
    public static PointSummary Point(int users, bool carried, double interval = 1, long capacity = 10_000_000, string protocol = "pop3", string setup = "alike", double bits = Bits, string sweep = "users", string? bottleneck = null)
    {
        var rate = carried ? users / interval : Math.Min(users / interval, capacity / bits * 0.7);
        var busy = carried ? rate * bits / capacity : bottleneck is null ? 1 : 0.3;
        Utilisation[] rows =
        [
            new("line forward", bits, "bit", capacity, busy), new("line reverse", bits / 10, "bit", capacity, busy / 10),
            new("cpu of the machine", 0.004, "cpu s", 2, rate * 0.004 / 2), new("dns responder", 0, "query", 70_000, 0),
        ];
        return SampleRun.Result().Summary.Points[0] with
        {
            Sweep = sweep,
            LoadModel = "users",
            Axes = new Dictionary<string, string> { ["users.count"] = $"{users}" },
            CapacityBitsPerSecond = capacity,
            Users = users,
            IntervalSeconds = interval,
            WindowSeconds = 8,
            BusyForward = busy,
            BusyReverse = busy / 10,
            Utilisations = rows,
            Bottleneck = carried ? "unattributed" : bottleneck ?? "line forward",
            Flags = [],
            Features = new Dictionary<string, string> { ["protocol"] = protocol },
            Latencies = new Dictionary<string, Percentiles> { ["response"] = carried ? new(1000, 20, 35, 40, 50, 60, 60) : new(1000, 900, double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity) },
            Polls = new PollFigures
            {
                Action = "delete",
                Setup = setup,
                OfferedPerSecond = users / interval,
                PerSecond = rate,
                Finished = (long)(8 * rate),
                Failed = 0,
                Unfinished = carried ? 0 : 100,
                RoomyDemands = carried && busy < 0.75 ? rows : [],
            },
        };
    }

    public static PointSummary Void(this PointSummary point, string reason) => point with
    {
        Void = true,
        VoidReasons = [reason],
        Utilisations = [],
        Bottleneck = "void",
        Latencies = new Dictionary<string, Percentiles>(),
        Polls = point.Polls! with { PerSecond = null },
    };

    public static CapacityPlan Ask(this RunSummary run, int users, double interval = 1, string? line = null, string? protocol = null, string? sut = null, double? withinMs = null, bool extrapolate = false)
    {
        var capacity = line is null ? (LineCapacity?)null : LineCapacity.Parse(line);
        return CapacityDecision.Of(run, new CapacityQuestion
        {
            Users = users,
            IntervalSeconds = interval,
            CapacityBitsPerSecond = capacity?.Forward.BitsPerSecond,
            ReverseBitsPerSecond = capacity?.Reverse.BitsPerSecond,
            Protocol = protocol,
            Sut = sut,
            WithinMs = withinMs,
            Extrapolate = extrapolate,
        }, Again);
    }
}
