using MailBench.Analysis;
using MailBench.Model.Records;

namespace MailBench.Unit.Analysis;

/// <summary>Runs whose rates are planted: points of one sweep, each with the rates of its repetitions.</summary>
internal static class ComparedRuns
{
    private static readonly PointSummary Template = PlantedTrial.Healthy().Analyze();

    /// <param name="points">Axis value of <paramref name="factor"/> → rates, repetition by repetition.</param>
    public static AnalysisResult Run(string name, string factor, params (string Value, double[] Rates)[] points)
    {
        var planned = points.Select((p, i) => Planned(i + 1, factor, p.Value)).ToList();
        var summaries = points.SelectMany((p, i) => p.Rates.Select((rate, repetition) => Point(planned[i], repetition, rate))).ToList();
        return Result(name, planned, summaries);
    }

    public static AnalysisResult Result(string name, IReadOnlyList<PlannedPoint> planned, IReadOnlyList<PointSummary> points)
    {
        var header = PlantedTrial.Healthy().Header(planned[0]) with { Run = name, Points = planned, Repetitions = points.Count / planned.Count, Quick = false };
        var summary = new RunSummary
        {
            Run = name,
            ProfileName = "planted",
            StartedAt = header.StartedAt,
            Command = header.Command,
            Seed = 1,
            Conditions = new Conditions { Line = "", Durability = "synced", Storage = "", Windows = "", Repetitions = header.Repetitions, Cores = "", Quick = false, StorageFlags = [], Badge = "badge of " + name },
            Machine = header.Machine,
            Storage = [],
            Points = points,
            Comparisons = [],
            Sentences = [],
            Caveats = [],
        };
        return new AnalysisResult(header, summary, []);
    }

    public static PlannedPoint Planned(int number, string factor, string value) => new(
        number, "main", new Dictionary<string, string> { ["line.capacity"] = "10Mbit/s", [factor] = value }, new Dictionary<string, string> { ["workload.size"] = "4KiB", ["load.model"] = "backlog", [factor] = value });

    public static PointSummary Point(PlannedPoint planned, int repetition, double rate) => Template with
    {
        Point = planned.Point,
        Repetition = repetition,
        Sweep = planned.Sweep,
        Axes = planned.Axes,
        LoadModel = "backlog",
        DeliveredPerSecond = rate,
        Void = false,
        VoidReasons = [],
        Features = new Dictionary<string, string> { ["durability"] = "synced", ["strategy"] = planned.Axes.GetValueOrDefault("mta.strategy", "per-mx-host") },
    };

    /// <summary>Rates around <paramref name="mean"/> with a log-normal spread, the machine's mood of each block included.</summary>
    public static double[] Rates(Random chance, double mean, double[] mood, double spread) => [.. mood.Select(m => mean * m * Math.Exp(Normal(chance) * spread))];

    public static double[] Mood(Random chance, int blocks, double spread) => [.. Enumerable.Range(0, blocks).Select(_ => Math.Exp(Normal(chance) * spread))];

    private static double Normal(Random chance) => Math.Sqrt(-2 * Math.Log(1 - chance.NextDouble())) * Math.Cos(2 * Math.PI * chance.NextDouble());
}
