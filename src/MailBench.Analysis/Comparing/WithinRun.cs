using MailBench.Analysis.Figures;
using MailBench.Model.Comparing;
using MailBench.Model.Records;

namespace MailBench.Analysis.Comparing;

/// <summary>The comparisons that a run's plan declares (<see cref="DeclaredPair"/>), of the points that ran.</summary>
internal static class WithinRun
{
    public static IReadOnlyList<ComparisonSummary> Of(RunHeader header, IReadOnlyList<PointSummary> points)
    {
        var sides = Sides(header, points);
        return Comparison.Judge([.. Pairs(sides)], sides, RulesOf(header));
    }

    /// <summary>Points that ran at least once, by number; companions and searches, whose tries differ in what they offer, are nobody's rivals.</summary>
    public static IReadOnlyList<PointSide> Sides(RunHeader header, IReadOnlyList<PointSummary> points) =>
    [
        .. header.Points.Where(planned => planned.Companion is null && !planned.FindsSustainable).GroupJoin(points, planned => planned.Point, p => p.Point, (planned, trials) => new PointSide(planned, [.. trials.OrderBy(p => p.Repetition)]))
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
        var ran = sides.ToDictionary(side => side.Planned);
        return DeclaredPair.Of([.. ran.Keys]).Select(pair => new PointPair(pair.Factor, (pair.BaseName, pair.CandidateName), ran[pair.Base], ran[pair.Candidate], pair.At));
    }
}
