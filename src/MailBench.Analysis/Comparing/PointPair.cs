using System.Globalization;
using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using static System.FormattableString;

namespace MailBench.Analysis.Comparing;

/// <summary>One side: a point's settings and its repetitions in order. Throws nothing; repetitions may be void.</summary>
internal sealed record PointSide(PlannedPoint Planned, IReadOnlyList<PointSummary> Repetitions)
{
    public PointSummary First => Repetitions[0];
}

/// <summary>Two points to be compared, and what the comparison is about.</summary>
/// <param name="Names">How each side is called in a sentence.</param>
/// <param name="At">The axes that both share.</param>
internal sealed record PointPair(string Factor, (string Base, string Candidate) Names, PointSide Base, PointSide Candidate, IReadOnlyDictionary<string, string> At)
{
    /// <summary>Sections whose settings must be equal whatever is compared: workload, load and line are never part of a SUT.</summary>
    private static readonly string[] Controlled = ["line.", "dns.", "sink.", "workload.", "load.", "users.", "testbed.burden", "phases.warmUp", "phases.steady"];

    /// <summary>Paths whose value shows in the vector under another name.</summary>
    private static readonly Dictionary<string, string> AxisOfPath = new() { ["mta.sessionsPerSite"] = "concurrency", ["mta.sessionsOut"] = "concurrency", ["system"] = "sut" };

    /// <summary>Differing axes of the feature vector and differing controlled settings, each with its role.</summary>
    public IReadOnlyList<AxisDifference> Differences(IReadOnlySet<string> declared)
    {
        var factors = new HashSet<string>(declared) { Factor, AxisOfPath.GetValueOrDefault(Factor, Factor[(Factor.LastIndexOf('.') + 1)..]) };
        var settings = Base.Planned.Settings.Keys.Union(Candidate.Planned.Settings.Keys)
            .Where(path => Controlled.Any(section => path.StartsWith(section, StringComparison.Ordinal)) && Of(Base, path) != Of(Candidate, path)).Order(StringComparer.Ordinal)
            .Select(path => new AxisDifference(path, Of(Base, path), Of(Candidate, path), factors.Contains(path) ? AxisDifference.Factor : AxisDifference.Controlled));
        return [.. FeatureAxes.Differences(Base.First.Features, Candidate.First.Features, factors), .. settings];

        static string Of(PointSide side, string path) => side.Planned.Settings.GetValueOrDefault(path, "not set");
    }

    /// <summary>Whether two points carry the same workload and load over the same line.</summary>
    public static bool SameLoad(PointSide a, PointSide b) =>
        a.Planned.Settings.Keys.Union(b.Planned.Settings.Keys).Where(path => Controlled.Any(section => path.StartsWith(section, StringComparison.Ordinal)))
            .All(path => a.Planned.Settings.GetValueOrDefault(path) == b.Planned.Settings.GetValueOrDefault(path));

    /// <summary>Why the two cannot be compared at all; null when they can.</summary>
    public string? Obstacle(IReadOnlyList<AxisDifference> differences)
    {
        if (IsVoid) return "a point of theirs is void";
        var unequal = differences.Where(d => d.Role == AxisDifference.Controlled).ToList();
        if (unequal.Count > 0) return "they differ in " + string.Join(", ", unequal.Select(d => $"{d.Axis} ({d.Base}; {d.Candidate})"));
        var unranked = differences.Where(FeatureAxes.MakesNoWinner).Select(d => d.Axis).ToList();
        return unranked.Count > 0 ? $"their {string.Join(" and ", unranked)} differs" : null;
    }

    /// <summary>The metric of these points' load model by block; null where the sides do not carry the same load, so that nothing but counts can be compared.</summary>
    public PairedMetric? Metric()
    {
        if (Base.First.LoadModel != Candidate.First.LoadModel) return null;
        if (Base.First.LoadModel == "users") return OfUsers();
        if (Base.First.LoadModel != "open") return OfDeliveries();
        var offered = Base.Repetitions.Concat(Candidate.Repetitions).Select(p => p.OfferedPerSecond).OfType<double>().ToList();
        return offered.Count > 0 && offered.Max() <= offered.Min() * 1.01
            ? PairedMetric.Of("deliveryP95Ms", false, Base, Candidate, p => p.Latencies.TryGetValue("delivery", out var d) ? d.P95 : null)
            : null;
    }

    private PairedMetric? OfDeliveries()
    {
        const string Name = "deliveredPerSecond";
        var delivered = PairedMetric.Of(Name, true, Base, Candidate, p => p.DeliveredPerSecond);
        var withUnderWay = PairedMetric.Of(Name, true, Base, Candidate, p => p.DeliveredPerSecond * (1 + p.UnderWayShare));
        return delivered is null || withUnderWay?.LogRatios.Count != delivered.LogRatios.Count ? delivered : delivered with { WithUnderWay = PairedRatio.Of(withUnderWay.LogRatios) };
    }

    /// <summary>Users offer what they offer: where both sides kept up with it, the response tells them apart; where a side did not, the polls that came to their end.</summary>
    private PairedMetric? OfUsers()
    {
        var keptUp = Base.Repetitions.Concat(Candidate.Repetitions).All(p => p.Polls is { PerSecond: { } done, OfferedPerSecond: var offered } && CarriedUsers.KeptUpWith(offered * p.WindowSeconds, done * p.WindowSeconds));
        return keptUp
            ? PairedMetric.Of("responseP95Ms", false, Base, Candidate, p => p.Latencies.TryGetValue("response", out var r) ? r.P95 : null)
            : PairedMetric.Of("pollsPerSecond", true, Base, Candidate, p => p.Polls?.PerSecond);
    }

    public bool IsVoid => Base.Repetitions.Any(p => p.Void) || Candidate.Repetitions.Any(p => p.Void);

    /// <summary>Medians of both sides as they were measured.</summary>
    public string Raw => Base.First.LoadModel == "users"
        ? Invariant($"{Quantiles.Median(Candidate.Repetitions.Select(p => p.Polls?.PerSecond)):#,0} against {Quantiles.Median(Base.Repetitions.Select(p => p.Polls?.PerSecond)):#,0} polls/s")
        : Invariant($"{Quantiles.Median(Candidate.Repetitions.Select(p => p.DeliveredPerSecond)):#,0} against {Quantiles.Median(Base.Repetitions.Select(p => p.DeliveredPerSecond)):#,0} deliveries/s");

    public string Where => At.Count == 0 ? "" : " at " + string.Join(", ", At.Where(x => !x.Key.StartsWith("load.", StringComparison.Ordinal)).Select(x => Variant.Named(x.Key, x.Value)));
}

/// <summary>A metric of both sides, block by block: repetition r of one beside repetition r of the other.</summary>
internal sealed record PairedMetric(string Name, bool HigherIsBetter, Func<PointSummary, double?> Value, double Base, double Candidate, IReadOnlyList<double> LogRatios)
{
    public static PairedMetric? Of(string name, bool higherIsBetter, PointSide bases, PointSide candidates, Func<PointSummary, double?> of)
    {
        var blocks = bases.Repetitions.Join(candidates.Repetitions, p => p.Repetition, p => p.Repetition, (b, c) => (Base: of(b), Candidate: of(c)))
            .Where(x => x is { Base: > 0 and < double.PositiveInfinity, Candidate: > 0 and < double.PositiveInfinity }).ToList();
        return blocks.Count == 0
            ? null
            : new PairedMetric(name, higherIsBetter, of, Quantiles.Median(blocks.Select(x => x.Base))!.Value, Quantiles.Median(blocks.Select(x => x.Candidate))!.Value, [.. blocks.Select(x => Math.Log(x.Candidate!.Value / x.Base!.Value))]);
    }

    /// <summary>The ratio with what transactions that were open at a window's edges had brought of their content; null: not known, or too few blocks.</summary>
    public PairedRatio? WithUnderWay { get; init; }

    /// <summary>A rate in three digits at least.</summary>
    public static string Rate(double perSecond) => perSecond.ToString(perSecond < 9.95 ? "0.##" : perSecond < 99.5 ? "0.#" : "#,0", CultureInfo.InvariantCulture);

    public string Figures => HigherIsBetter ? $"{Rate(Candidate)} against {Rate(Base)} {MetricUnit.Of(Name)}" : Invariant($"{MetricUnit.Of(Name)[..^", ms".Length]} {Candidate:0.##} against {Base:0.##} ms");
}
