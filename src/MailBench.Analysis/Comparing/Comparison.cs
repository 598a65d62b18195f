using MailBench.Analysis.Figures;
using MailBench.Model.Comparing;
using MailBench.Model.Records;
using static System.FormattableString;

namespace MailBench.Analysis.Comparing;

/// <summary>What a run says about how it wants to be compared.</summary>
/// <param name="Factors">Axes of the feature vector, or settings, that may differ beside the swept one.</param>
/// <param name="Threshold">δ, 0.03 for 3 %.</param>
/// <param name="ByCountsOnly">A quick profile: rates decide nothing.</param>
internal sealed record ComparisonRules(IReadOnlySet<string> Factors, double Threshold, bool ByCountsOnly);

/// <summary>Pairs to verdicts. The order matters: Holm's correction is over all comparable pairs, known before any of them is judged.</summary>
internal static class Comparison
{
    /// <summary>In the windows of a side; with fewer a rate is chance.</summary>
    private const int FewDeliveries = 20;

    /// <param name="points">Points that the A/A floor is taken from: all of the run, or of both.</param>
    public static IReadOnlyList<ComparisonSummary> Judge(IReadOnlyList<PointPair> pairs, IReadOnlyList<PointSide> points, ComparisonRules rules)
    {
        var judged = pairs.Select(pair =>
        {
            var differences = pair.Differences(rules.Factors);
            var obstacle = pair.Obstacle(differences);
            var metric = obstacle is null ? pair.Metric() : null;
            return (Pair: pair, Differences: differences, Obstacle: obstacle, Metric: metric, Ratio: metric is null ? null : PairedRatio.Of(metric.LogRatios));
        }).ToList();
        var tested = judged.Where(j => j.Ratio is { Blocks: >= DecidingBlocks.Fewest } && !rules.ByCountsOnly).ToList();
        var adjusted = tested.Zip(Holm.Adjust([.. tested.Select(j => j.Ratio!.PValue)])).ToDictionary(x => x.First.Pair, x => x.Second);
        return [.. judged.Select(j => j.Obstacle is { } obstacle ? Beside(j.Pair, NotComparable(j.Pair, j.Differences, obstacle)) : Compared(j.Pair, j.Differences, j.Metric, j.Ratio))];

        // Not like for like; what one side would do with the other's features may have been measured.
        ComparisonSummary Beside(PointPair pair, ComparisonSummary refused) =>
            !pair.IsVoid && Ablation.Of(pair, refused.Differences, points) is { } adjusted
                ? refused with { Adjusted = adjusted, Sentence = Invariant($"{refused.Sentence.TrimEnd('.')} (raw: {pair.Raw}); {Ablation.Words(adjusted, pair)}.") }
                : refused;

        ComparisonSummary Compared(PointPair pair, IReadOnlyList<AxisDifference> differences, PairedMetric? metric, PairedRatio? ratio)
        {
            var counts = ClockFreeCounts.Ratios(pair.Base.Repetitions, pair.Candidate.Repetitions);
            var summary = Summary(pair, differences) with { CountRatios = counts, DecisiveCounts = ClockFreeCounts.Decisive(counts, pair.Base.Repetitions, pair.Candidate.Repetitions) };
            if (metric is null) return summary with { Verdict = "by counts", Sentence = $"{Names(pair)}: {ClockFreeCounts.Words(counts)} per delivery." };
            var floor = NoiseFloor.Of(points.Where(side => side.First.LoadModel == pair.Base.First.LoadModel).Select(side => Series(side, metric)), metric.LogRatios.Count);
            var isTested = adjusted.TryGetValue(pair, out var p);
            var verdict = VerdictOf(ratio);
            // A word that the windows' edges alone give is none.
            if (isTested && verdict.Why is null && metric.WithUnderWay is { } counted && VerdictOf(counted).Word is var other && other != verdict.Word)
                verdict = new(RateVerdict.Inconclusive, Invariant($"with what was under way at the windows' edges it would be {Times(counted.Ratio)} × ({Times(counted.Low)} to {Times(counted.High)}), {other}: longer windows tell"));
            var word = isTested ? verdict.Word : "by counts";
            return summary with
            {
                Verdict = word,
                Why = isTested ? verdict.Why : null,
                RateRatio = metric.HigherIsBetter ? ratio?.Ratio ?? metric.Candidate / metric.Base : null,
                Metric = Told(metric, ratio, isTested ? p : null, floor, rules.Threshold),
                Sentence = isTested ? Worded(pair, metric, ratio!, p, floor, verdict) : Counted(pair, metric, counts),
            };

            RateVerdict VerdictOf(PairedRatio? of) => RateVerdict.Of(of, isTested ? p : 1, tested.Count, rules.Threshold, floor, metric.HigherIsBetter);
        }
    }

    private static ComparisonSummary Summary(PointPair pair, IReadOnlyList<AxisDifference> differences) => new()
    {
        Sweep = pair.Base.First.Sweep,
        LoadModel = pair.Base.First.LoadModel,
        Factor = pair.Factor,
        Base = pair.Names.Base,
        Candidate = pair.Names.Candidate,
        At = pair.At,
        Differences = differences,
        Verdict = "not comparable",
        CountRatios = new Dictionary<string, double>(),
        Sentence = "",
    };

    private static ComparisonSummary NotComparable(PointPair pair, IReadOnlyList<AxisDifference> differences, string why) => Summary(pair, differences) with
    {
        Why = why,
        Sentence = $"{Variant.Named(pair.Factor, pair.Names.Base)} and {Variant.Named(pair.Factor, pair.Names.Candidate)}{pair.Where} are not {(why.EndsWith("differs", StringComparison.Ordinal) ? "ranked" : "compared")}: {why}.",
    };

    private static MetricComparison Told(PairedMetric metric, PairedRatio? ratio, double? adjusted, NoiseFloor floor, double threshold) => new()
    {
        Name = metric.Name,
        HigherIsBetter = metric.HigherIsBetter,
        Base = metric.Base,
        Candidate = metric.Candidate,
        BlockRatios = [.. metric.LogRatios.Select(Math.Exp)],
        Ratio = ratio?.Ratio,
        Low = ratio?.Low,
        High = ratio?.High,
        PValue = ratio?.PValue,
        AdjustedPValue = adjusted,
        Threshold = threshold,
        NoiseFloor = floor.Ratio - 1,
        NoisePairs = floor.Pairs,
    };

    private static double[] Series(PointSide side, PairedMetric metric) =>
        [.. side.Repetitions.Where(p => !p.Void).Select(metric.Value).OfType<double>()];

    private static string Names(PointPair pair) => $"{Variant.Named(pair.Factor, pair.Names.Candidate)} against {Variant.Named(pair.Factor, pair.Names.Base)}{pair.Where}";

    private static string Counted(PointPair pair, PairedMetric metric, IReadOnlyDictionary<string, double> counts)
    {
        if (pair.Base.First.LoadModel == "users") return $"{Names(pair)}: {metric.Figures}, {ClockFreeCounts.Times(metric.Candidate / metric.Base)}; so few repetitions decide nothing.";
        if (!metric.HigherIsBetter) return $"{Names(pair)}: {ClockFreeCounts.Words(counts)} per delivery.";
        var (ofCandidate, ofBase) = (Deliveries(pair.Candidate), Deliveries(pair.Base));
        if (Math.Min(ofCandidate, ofBase) < FewDeliveries) return Invariant($"{Names(pair)}: {metric.Figures}, of {ofCandidate} and {ofBase} deliveries, too few to say more.");
        return $"{Names(pair)}: {metric.Figures}, {ClockFreeCounts.Times(metric.Candidate / metric.Base)}{(counts.TryGetValue(ClockFreeCounts.Octets, out var octets) ? $", where the octets alone would give {ClockFreeCounts.Times(1 / octets)}" : "")}.";

        static long Deliveries(PointSide side) => side.Repetitions.Sum(p => p.DeliveriesInWindow);
    }

    private static string Worded(PointPair pair, PairedMetric metric, PairedRatio ratio, double adjusted, NoiseFloor floor, RateVerdict verdict)
    {
        var noise = floor.Ratio is { } f ? Invariant($"equal things differ here by up to {f - 1:0.0%}") : Invariant($"this machine's own noise is unknown: {floor.Pairs} A/A pairs, {NoiseFloor.FewestPairs} are needed");
        return Invariant($"{Names(pair)}: {metric.Figures}, {Times(ratio.Ratio)} × (95 % interval {Times(ratio.Low)} to {Times(ratio.High)} over {ratio.Blocks} blocks, p {adjusted:0.000}; {noise}): ")
            + $"{verdict.Word}{(verdict.Why is null ? "" : ", since " + verdict.Why)}.";
    }

    /// <summary>Thousandths where per cents matter, three digits where it is a matter of many times.</summary>
    private static string Times(double ratio) => ratio switch
    {
        >= 100 => Invariant($"{ratio:#,0}"),
        >= 10 => Invariant($"{ratio:0.0}"),
        _ => Invariant($"{ratio:0.000}"),
    };
}
