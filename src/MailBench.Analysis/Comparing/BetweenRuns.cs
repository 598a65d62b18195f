using MailBench.Analysis.Figures;
using MailBench.Model.Comparing;
using MailBench.Model.Records;
using static System.FormattableString;

namespace MailBench.Analysis.Comparing;

/// <summary>One side of <c>compare</c>: an analysed run and, behind <c>#</c>, one of the systems or variants in it.</summary>
public sealed record ComparedRun(string Label, AnalysisResult Run, string? Sut);

/// <summary>Two runs, or two systems of one run. Points are matched by their axes; what has no partner is named.</summary>
public static class BetweenRuns
{
    /// <summary>A probe that moved further means that the machine is not the one it was (method: flags).</summary>
    private const double ProbeBound = 0.10;
    private const string WholeRun = "run";

    /// <param name="factors">Axes of the feature vector, or settings, that may differ beside those that the profiles declare.</param>
    /// <param name="threshold">δ, or null for the base profile's.</param>
    /// <exception cref="InvalidDataException">A system that a run does not have, with those that it has.</exception>
    public static RunComparison Of(ComparedRun @base, ComparedRun candidate, IReadOnlyList<string> factors, double? threshold)
    {
        var (baseSides, candidateSides) = (Sides(@base), Sides(candidate));
        var pairs = new List<PointPair>();
        foreach (var b in baseSides)
        {
            var axes = Shared(b.Axes, @base.Sut);
            // Two sweeps may share their axes: the one of the same name comes first.
            var partners = candidateSides.Where(c => Same(axes, Shared(c.Axes, candidate.Sut)) && c.Side.First.LoadModel == b.Side.First.LoadModel);
            if (partners.OrderByDescending(c => c.Side.Planned.Sweep == b.Side.Planned.Sweep).FirstOrDefault() is not { Side: not null } partner) continue;
            var factor = b.Axes.Keys.Except(axes.Keys).FirstOrDefault() ?? WholeRun;
            pairs.Add(new PointPair(factor, (@base.Label, candidate.Label), b.Side, partner.Side, axes.ToDictionary()));
        }

        var rules = WithinRun.RulesOf(@base.Run.Header);
        var otherRules = WithinRun.RulesOf(candidate.Run.Header);
        rules = new ComparisonRules(rules.Factors.Union(otherRules.Factors).Union(factors).ToHashSet(), threshold ?? rules.Threshold, rules.ByCountsOnly || otherRules.ByCountsOnly);
        var sameRun = @base.Run.Summary.Run == candidate.Run.Summary.Run;
        var remarks = new List<string>();
        if (pairs.Count < Math.Max(baseSides.Count, candidateSides.Count)) remarks.Add($"{pairs.Count} points have a partner; {baseSides.Count - pairs.Count} of {@base.Label} and {candidateSides.Count - pairs.Count} of {candidate.Label} have none");
        var machine = sameRun ? [] : MachineDifferences(@base.Run.Header, candidate.Run.Header, rules.Factors).ToList();
        var moved = sameRun ? [] : MovedProbes(@base.Run.Header, candidate.Run.Header).ToList();
        remarks.AddRange(machine.Concat(moved));
        if (!sameRun) remarks.Add("the two runs were not interleaved: a block is the same repetition of each, and what the machine did in between is in the difference");

        var points = sameRun ? baseSides.Concat(candidateSides).DistinctBy(s => s.Side.Planned.Point) : baseSides.Concat(candidateSides);
        var comparisons = Comparison.Judge(pairs, [.. points.Select(s => s.Side)], rules).Select(c => Restrained(c, machine, moved)).ToList();
        return new RunComparison
        {
            Base = @base.Label,
            Candidate = candidate.Label,
            BaseConditions = @base.Run.Summary.Conditions.Badge,
            CandidateConditions = candidate.Run.Summary.Conditions.Badge,
            Verdict = Worst(comparisons),
            Remarks = remarks,
            Comparisons = comparisons,
        };
    }

    private static List<(PointSide Side, IReadOnlyDictionary<string, string> Axes)> Sides(ComparedRun compared)
    {
        var all = WithinRun.Sides(compared.Run.Header, compared.Run.Summary.Points).Select(side => (side, side.Planned.Axes)).ToList();
        if (compared.Sut is not { } sut) return all;
        var chosen = all.Where(s => s.Axes.Values.Contains(sut)).ToList();
        if (chosen.Count > 0) return chosen;
        var known = all.SelectMany(s => s.Axes).Where(a => !a.Key.StartsWith("line.", StringComparison.Ordinal) && !a.Key.StartsWith("load.", StringComparison.Ordinal)).Select(a => a.Value).Distinct();
        throw new InvalidDataException($"{compared.Label}: no point of that run is of '{sut}'; it has {string.Join(", ", known)}.");
    }

    /// <summary>The axes but the one that names the system.</summary>
    private static Dictionary<string, string> Shared(IReadOnlyDictionary<string, string> axes, string? sut) =>
        axes.Where(axis => sut is null || axis.Value != sut).ToDictionary();

    private static bool Same(IReadOnlyDictionary<string, string> a, Dictionary<string, string> b) => a.Count == b.Count && a.All(axis => b.GetValueOrDefault(axis.Key) == axis.Value);

    private static IEnumerable<string> MachineDifferences(RunHeader a, RunHeader b, IReadOnlySet<string> factors)
    {
        var rows = new (string What, string? Base, string? Candidate)[]
        {
            ("CPU", $"{a.Machine.CpuCount} × {a.Machine.CpuModel}", $"{b.Machine.CpuCount} × {b.Machine.CpuModel}"),
            ("kernel", a.Machine.Kernel, b.Machine.Kernel),
            ("runtime", $"{a.Machine.Runtime}, {a.Machine.GcMode}", $"{b.Machine.Runtime}, {b.Machine.GcMode}"),
            ("line backend", a.LineBackend, b.LineBackend),
            ("storage", StorageOf(a), StorageOf(b)),
        };
        return rows.Where(row => row.Base != row.Candidate && !(row.What == "line backend" && factors.Contains("line.backend"))).Select(row => $"{row.What} differs ({row.Base}; {row.Candidate})");
    }

    private static string StorageOf(RunHeader header) => string.Join(", ", header.Storage.Select(s => $"{s.FileSystem} on {s.Device}{(s.RaidLevel is { } raid ? " " + raid : "")}").Distinct());

    private static IEnumerable<string> MovedProbes(RunHeader a, RunHeader b)
    {
        if (a.Calibration is not { } x || b.Calibration is not { } y) yield break;
        foreach (var (one, other) in x.Ceilings.Join(y.Ceilings, c => (c.Workload, c.Recipients), c => (c.Workload, c.Recipients), (one, other) => (one, other)))
            if (Moved(one.MessagesPerSecond, other.MessagesPerSecond)) yield return Invariant($"source to sink alone did {one.MessagesPerSecond:#,0} and {other.MessagesPerSecond:#,0} messages/s: the machine was not the same");
        if (Moved(x.SyncsPerSecondBefore, y.SyncsPerSecondBefore)) yield return Invariant($"the sync probe did {x.SyncsPerSecondBefore:#,0} and {y.SyncsPerSecondBefore:#,0} syncs/s: the disk was not the same");
    }

    private static bool Moved(double one, double other) => one > 0 && other > 0 && Math.Abs(other / one - 1) > ProbeBound;

    /// <summary>Between runs a verdict on rates is worth what the sameness of the machine is; counts do not depend on it.</summary>
    private static ComparisonSummary Restrained(ComparisonSummary c, List<string> machine, List<string> moved)
    {
        if (c.Verdict == "by counts") return ByCounts(c);
        if (c.Verdict is "not comparable" || (machine.Count == 0 && moved.Count == 0)) return c;
        var why = (machine.Count > 0 ? machine : moved)[0];
        var word = machine.Count > 0 ? "not comparable" : RateVerdict.Inconclusive;
        return c with { Verdict = word, Why = why, Sentence = $"{c.Sentence.TrimEnd('.')}; {word} all the same, since {why}." };
    }

    /// <summary>With too few repetitions for rates, counts decide (method: comparing): more of any is worse, fewer of some and more of none is better.</summary>
    private static ComparisonSummary ByCounts(ComparisonSummary c)
    {
        if (c.CountRatios.Count == 0) return c with { Verdict = RateVerdict.Inconclusive, Why = "there is no count to compare" };
        var (fewer, more) = ClockFreeCounts.Sides(c.DecisiveCounts.Values);
        var word = more ? RateVerdict.Regressed : fewer ? RateVerdict.Improved : RateVerdict.Unchanged;
        return c with { Verdict = word, Why = "by counts", Sentence = $"{c.Candidate} against {c.Base}{(c.At.Count == 0 ? "" : " at " + string.Join(", ", c.At.Select(a => Variant.Named(a.Key, a.Value))))}: {ClockFreeCounts.Words(c.CountRatios)} per delivery: {word} by counts (rates need {DecidingBlocks.Fewest} repetitions)." };
    }

    private static string Worst(IReadOnlyList<ComparisonSummary> comparisons)
    {
        string[] order = [RateVerdict.Regressed, "not comparable", RateVerdict.Inconclusive, RateVerdict.Improved];
        return order.FirstOrDefault(word => comparisons.Any(c => c.Verdict == word)) ?? (comparisons.Count == 0 ? "not comparable" : RateVerdict.Unchanged);
    }
}
