using MailBench.Analysis.Figures;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Records;
using static System.FormattableString;

namespace MailBench.Analysis.Confirming;

/// <summary>
/// Each saturated point against its companions (method: bottleneck; run conditions). A resource that was named by its utilisation is confirmed where 25 % more of it gives 15 % more deliveries; where that is shown not
/// to be so, the point's bottleneck is unattributed. The testbed's CPU matters where 20 % more of it in source and sink moves the rate by more than 3 %.
/// </summary>
internal static class Confirmations
{
    public const string TestbedCpu = "cpu of source and sink";

    /// <summary>The rise of the rate that confirms, as a share of what was given: 15 % of 25 %. Sessions are whole, so that they cannot always be given 25 % more.</summary>
    private const double RiseShare = 0.15 / 0.25;

    /// <summary>How far a rate may move with the testbed's CPU.</summary>
    private const double TestbedBound = 0.03;

    /// <summary>The points with what their companions took away (a bottleneck) or added (a flag), and the confirmations. A point that is void in all its repetitions has none.</summary>
    public static (IReadOnlyList<PointSummary> Points, IReadOnlyList<ConfirmationSummary> Confirmations) Of(RunHeader header, IReadOnlyList<PointSummary> points)
    {
        var planned = header.Points.ToDictionary(point => point.Point);
        var variant = Variant.Among(points.Where(p => p is { Void: false, Companion: null }));
        var confirmations = new List<ConfirmationSummary>();
        foreach (var companions in header.Points.Where(point => point.Companion is not null).GroupBy(point => point.Companion!.Origin).OrderBy(group => group.Key))
        {
            var origins = points.Where(p => p.Point == companions.Key && !p.Void).ToList();
            if (origins.Count == 0 || !planned.TryGetValue(companions.Key, out var origin)) continue;
            var named = origins.CountBy(p => p.Bottleneck).MaxBy(count => count.Value).Key;
            var results = companions.Select(companion => Result(origin, companion, named, origins, [.. points.Where(p => p.Point == companion.Point)])).ToList();
            var bottleneck = results.Exists(r => r.Verdict == CompanionResult.NotConfirmed) ? Utilisations.Unattributed : named;
            confirmations.Add(new ConfirmationSummary
            {
                Point = companions.Key,
                Named = named,
                Bottleneck = bottleneck,
                Companions = results,
                Sentence = ConfirmationSentence.Of(variant(origins[0]), origins[0].CapacityBitsPerSecond, named, results),
            });
        }

        return ([.. points.Select(p => confirmations.Find(c => c.Point == p.Point) is { } of && !p.Void ? Applied(p, of) : p)], confirmations);
    }

    private static PointSummary Applied(PointSummary point, ConfirmationSummary confirmation)
    {
        if (confirmation.Bottleneck != confirmation.Named && point.Bottleneck == confirmation.Named) point = point with { Bottleneck = confirmation.Bottleneck };
        return confirmation.Companions.FirstOrDefault(r => r.Verdict == CompanionResult.Testbed) is { } testbed
            ? point with { Flags = [.. point.Flags, Invariant($"{CompanionResult.Testbed}: {testbed.Given - 1:0%} more CPU in source and sink moves it by {testbed.Ratio - 1:+0.0%;-0.0%}")] }
            : point;
    }

    private static CompanionResult Result(PlannedPoint origin, PlannedPoint companion, string named, IReadOnlyList<PointSummary> origins, IReadOnlyList<PointSummary> companions)
    {
        var change = companion.Companion!.Change;
        var (resource, given) = Given(change, named, new PointSettings(origin), new PointSettings(companion));
        var ratio = CompanionRatio.Of(origins, companions);
        var result = new CompanionResult
        {
            Point = companion.Point,
            Change = change,
            Resource = resource,
            Given = given,
            OriginPerSecond = ratio?.Origin,
            CompanionPerSecond = ratio?.Companion,
            Ratio = ratio?.Ratio,
            Low = ratio?.Low,
            High = ratio?.High,
            Blocks = ratio?.Blocks ?? 0,
            Bound = change == CompanionChange.Testbed ? TestbedBound : 1 + RiseShare * (given - 1),
            Verdict = CompanionResult.Inconclusive,
        };
        if (ratio is null) return result with { Why = companions.FirstOrDefault(p => p.Void) is { } broken ? $"its companion, point {companion.Point}, is void: {string.Join("; ", broken.VoidReasons)}" : $"its companion, point {companion.Point}, was not run" };
        if (ratio is not { Low: { } low, High: { } high }) return result with { Why = "one repetition whose window has no parts gives no interval" };
        if (ratio.Blocks == 1 && origins.Concat(companions).Where(p => !p.Void).FirstOrDefault(p => Gates.Disturbance(p) is not null) is { } disturbed)
            return result with { Why = $"one pair of windows decides nothing where one of them was disturbed: point {disturbed.Point}: {Gates.Disturbance(disturbed)}" };
        if (given <= 1) return result with { Why = "it was not given more" };
        var word = change == CompanionChange.Testbed ? Moved(low, high) : Rose(low, high, result.Bound, isNamed: resource == named);
        return result with { Verdict = word, Why = word == CompanionResult.Inconclusive ? Straddles(change, result.Bound) : null };
    }

    private static string Rose(double low, double high, double bound, bool isNamed)
    {
        if (low >= bound) return isNamed ? CompanionResult.Confirmed : CompanionResult.LimitsToo;
        if (high < bound) return isNamed ? CompanionResult.NotConfirmed : CompanionResult.NoLimit;
        return CompanionResult.Inconclusive;
    }

    private static string Moved(double low, double high)
    {
        if (low >= 1 - TestbedBound && high <= 1 + TestbedBound) return CompanionResult.NoMatter;
        return high < 1 - TestbedBound || low > 1 + TestbedBound ? CompanionResult.Testbed : CompanionResult.Inconclusive;
    }

    private static string Straddles(CompanionChange change, double bound) => change == CompanionChange.Testbed
        ? Invariant($"its interval reaches beyond {bound:0%} and does not lie beyond it")
        : Invariant($"its interval holds {bound:0.00} ×");

    /// <summary>The resource, by its name in the table of utilisations, and how much more of it there is. Of a line the direction that was named, else the one toward the sinks.</summary>
    private static (string Resource, double Given) Given(CompanionChange change, string named, PointSettings origin, PointSettings companion)
    {
        switch (change)
        {
            case CompanionChange.Line when named == Utilisations.LineReverse || !origin.HasLine:
                return (Utilisations.LineReverse, Ratio(companion.Reverse.BitsPerSecond, origin.Reverse.BitsPerSecond));
            case CompanionChange.Line:
                return (Utilisations.LineForward, Ratio(companion.Forward.BitsPerSecond, origin.Forward.BitsPerSecond));
            case CompanionChange.Sessions:
                return (Utilisations.Concurrency, Ratio(Utilisations.SessionLimit(companion), Utilisations.SessionLimit(origin)));
            default:
                return (TestbedCpu, Ratio(1 + companion.Burden, 1 + origin.Burden));
        }

        static double Ratio(double? more, double? less) => less > 0 && more is { } known ? known / less.Value : 1;
    }
}
