using MailBench.Model.Records;

namespace MailBench.Analysis.Comparing;

/// <summary>
/// The comparisons that a run's plan declares: points of one sweep that differ in one factor (an axis of the SUT or of DNS; workload, load and line are always controlled) and share all
/// other axes, each against the factor's first value.
/// </summary>
internal static class WithinRun
{
    private static readonly string[] FactorSections = ["system", "mta.", "sut.", "dns."];

    public static IReadOnlyList<ComparisonSummary> Of(RunHeader header, IReadOnlyList<PointSummary> points)
    {
        var sides = Sides(header, points);
        return Comparison.Judge([.. Pairs(sides)], sides, RulesOf(header));
    }

    /// <summary>Points that ran at least once, by number.</summary>
    public static IReadOnlyList<PointSide> Sides(RunHeader header, IReadOnlyList<PointSummary> points) =>
    [
        .. header.Points.GroupJoin(points, planned => planned.Point, p => p.Point, (planned, trials) => new PointSide(planned, [.. trials.OrderBy(p => p.Repetition)]))
            .Where(side => side.Repetitions.Count > 0).OrderBy(side => side.Planned.Point),
    ];

    public static ComparisonRules RulesOf(RunHeader header)
    {
        var settings = header.Points[0].Settings;
        var factors = settings.GetValueOrDefault("compare.factors", "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToHashSet();
        var threshold = Model.Profiles.SettingForm.TryShare(settings.GetValueOrDefault("compare.threshold", ""), out var share) ? share : 0.03;
        return new ComparisonRules(factors, threshold, header.Quick);
    }

    private static IEnumerable<PointPair> Pairs(IReadOnlyList<PointSide> sides)
    {
        foreach (var factor in sides.SelectMany(side => side.Planned.Axes.Keys).Distinct().Where(IsFactor))
            foreach (var group in sides.Where(side => side.Planned.Axes.ContainsKey(factor)).GroupBy(side => side.Planned.Sweep + "\n" + OtherAxes(side, factor)))
                foreach (var candidate in group.Skip(1))
                    yield return new PointPair(
                        factor, (group.First().Planned.Axes[factor], candidate.Planned.Axes[factor]), group.First(), candidate,
                        candidate.Planned.Axes.Where(axis => axis.Key != factor).ToDictionary());
    }

    internal static string OtherAxes(PointSide side, string factor) =>
        string.Join('\n', side.Planned.Axes.Where(axis => axis.Key != factor).OrderBy(axis => axis.Key, StringComparer.Ordinal).Select(axis => $"{axis.Key}={axis.Value}"));

    private static bool IsFactor(string path) => FactorSections.Any(section => path.StartsWith(section, StringComparison.Ordinal));
}
