using System.Globalization;
using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using static System.FormattableString;

namespace MailBench.Analysis.Verdicts;

/// <summary>
/// Comparisons inside a run: points of one sweep that differ in one factor (an axis of the SUT or of DNS; workload, load and line are always controlled) and share all other axes.
/// With few repetitions only counts decide: octets, transactions, sessions, queries per delivery.
/// </summary>
internal static class Comparing
{
    private static readonly string[] FactorSections = ["mta.", "sut.", "dns."];

    /// <summary>Counts that do not depend on the clock. Less than 1 ‰ apart is equal.</summary>
    private static readonly (string Name, string What, Func<PointSummary, double?> Of)[] Counts =
    [
        ("wireOctetsPerDelivery", "octets on the line", p => p.WireOctetsPerDelivery),
        ("transactionsPerDelivery", "transactions", p => p.TransactionsPerDelivery),
        ("roundTripsPerDelivery", "round trips", p => p.RoundTripsPerDelivery),
        ("sessionsPerDelivery", "connections", p => p.SessionsPerDelivery),
        ("queriesPerDelivery", "DNS queries", p => p.QueriesPerDelivery),
    ];

    public static IReadOnlyList<ComparisonSummary> Within(IReadOnlyList<PointSummary> points)
    {
        var comparisons = new List<ComparisonSummary>();
        var firsts = points.GroupBy(p => p.Point).Select(g => g.First()).OrderBy(p => p.Point).ToList();
        foreach (var factor in firsts.SelectMany(p => p.Axes.Keys).Distinct().Where(IsFactor))
            foreach (var group in firsts.Where(p => p.Axes.ContainsKey(factor)).GroupBy(p => p.Sweep + "\n" + OtherAxes(p, factor)))
            {
                var baseline = group.First();
                foreach (var candidate in group.Skip(1)) comparisons.Add(Compare(factor, Repetitions(points, baseline), Repetitions(points, candidate)));
            }

        return comparisons;
    }

    private static ComparisonSummary Compare(string factor, IReadOnlyList<PointSummary> bases, IReadOnlyList<PointSummary> candidates)
    {
        var (a, b) = (bases[0], candidates[0]);
        var at = a.Axes.Where(axis => axis.Key != factor).ToDictionary(axis => axis.Key, axis => axis.Value);
        var where = at.Count == 0 ? "" : " at " + string.Join(", ", at.Where(x => !x.Key.StartsWith("load.", StringComparison.Ordinal)).Select(x => x.Value));
        var summary = new ComparisonSummary
        {
            Sweep = a.Sweep,
            LoadModel = a.LoadModel,
            Factor = factor,
            Base = a.Axes[factor],
            Candidate = b.Axes[factor],
            At = at,
            Verdict = "not comparable",
            CountRatios = new Dictionary<string, double>(),
            Sentence = $"{Variant.Named(factor, a.Axes[factor])} and {Variant.Named(factor, b.Axes[factor])}{where} are not compared: a point of theirs is void.",
        };
        if (bases.Any(p => p.Void) || candidates.Any(p => p.Void)) return summary;
        if (a.Features.GetValueOrDefault("durability") != b.Features.GetValueOrDefault("durability"))
            return summary with { Sentence = $"{Variant.Named(factor, a.Axes[factor])} and {Variant.Named(factor, b.Axes[factor])}{where} are not ranked: their durability differs." };

        var ratios = new Dictionary<string, double>();
        foreach (var (name, _, of) in Counts)
            if (Quantiles.Median(bases.Select(of)) is > 0 and { } x && Quantiles.Median(candidates.Select(of)) is > 0 and { } y) ratios[name] = y / x;
        var rateRatio = Quantiles.Median(candidates.Select(p => p.DeliveredPerSecond)) / Quantiles.Median(bases.Select(p => p.DeliveredPerSecond));
        return summary with { Verdict = "by counts", CountRatios = ratios, RateRatio = rateRatio, Sentence = Word(a, b, factor, where, ratios, rateRatio) };
    }

    private static string Word(PointSummary a, PointSummary b, string factor, string where, Dictionary<string, double> ratios, double? rateRatio)
    {
        if (a.LoadModel != "backlog" || rateRatio is not { } rate || !ratios.TryGetValue("wireOctetsPerDelivery", out var octets))
            return $"{Variant.Named(factor, b.Axes[factor])} against {Variant.Named(factor, a.Axes[factor])}{where}: {Fewer(ratios)} per delivery.";
        return Invariant($"{Variant.Named(factor, b.Axes[factor])} against {Variant.Named(factor, a.Axes[factor])}{where}: {b.DeliveredPerSecond:#,0} against {a.DeliveredPerSecond:#,0} deliveries/s, {Times(rate)}, where the octets alone would give {Times(1 / octets)}.");
    }

    /// <summary><c>10.3 × fewer octets on the line, the same transactions …</c> of count ratios, candidate ÷ base.</summary>
    internal static string Fewer(IReadOnlyDictionary<string, double> ratios)
    {
        var words = Counts.Where(c => ratios.ContainsKey(c.Name)).Select(c => (c.What, Ratio: ratios[c.Name])).Select(c => c.Ratio switch
        {
            < 0.99 => $"{Times(1 / c.Ratio)} fewer {c.What}",
            > 1.01 => $"{Times(c.Ratio)} more {c.What}",
            _ => $"the same number of {c.What}",
        }).ToList();
        return words.Count == 0 ? "no count to compare" : string.Join(", ", words);
    }

    private static string Times(double ratio) => ratio.ToString(ratio >= 100 ? "0" : ratio >= 9.95 ? "0.#" : "0.##", CultureInfo.InvariantCulture) + " ×";

    private static bool IsFactor(string path) => FactorSections.Any(section => path.StartsWith(section, StringComparison.Ordinal));

    private static string OtherAxes(PointSummary point, string factor) =>
        string.Join('\n', point.Axes.Where(axis => axis.Key != factor).OrderBy(axis => axis.Key, StringComparer.Ordinal).Select(axis => $"{axis.Key}={axis.Value}"));

    private static List<PointSummary> Repetitions(IReadOnlyList<PointSummary> points, PointSummary first) => [.. points.Where(p => p.Point == first.Point)];
}
