using System.Globalization;
using MailBench.Analysis.Figures;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Records;

namespace MailBench.Analysis.Comparing;

/// <summary>Counts per delivery that do not depend on the clock: they are compared without statistics, and decide where there are too few repetitions for rates.</summary>
internal static class ClockFreeCounts
{
    /// <summary>Below the method's practical threshold a count ranks nothing.</summary>
    public const double Threshold = 0.03;

    /// <summary>Standard errors that a difference must exceed: counts of a window move by the messages that happen to be in it.</summary>
    private const double StandardErrors = 3;

    /// <summary>The count of octets on the line, forward.</summary>
    public const string Octets = "wireOctetsPerDelivery";

    /// <summary>Octets of coarse windows that are known so well are told though they do not differ; else only a difference beyond their error is.</summary>
    private const double WellKnown = 0.15;

    /// <summary>Events: how many were counted, by which the count is uncertain. Octets are as uncertain as the sizes of the messages that they carried.</summary>
    private static readonly (string Name, string What, Func<PointSummary, double?> Of, Func<PointSummary, double?> Events)[] All =
    [
        (Octets, "octets on the line", p => p.WireOctetsPerDelivery, Sizes),
        ("transactionsPerDelivery", "transactions", p => p.TransactionsPerDelivery, p => p.TransactionsPerDelivery * p.DeliveriesInWindow),
        ("roundTripsPerDelivery", "round trips", p => p.RoundTripsPerDelivery, p => p.RoundTripsPerDelivery * p.DeliveriesInWindow),
        ("sessionsPerDelivery", "connections", p => p.SessionsPerDelivery, p => p.SessionsPerDelivery * p.DeliveriesInWindow),
        ("queriesPerDelivery", "DNS queries", p => p.QueriesPerDelivery, p => p.QueriesPerDelivery * p.DeliveriesInWindow),
    ];

    /// <summary>
    /// Messages, each worth as many as its size tells of the mean: where sizes vary by much, as attachments do, a few large ones make the octets of a window. None where much was under way at its edges: then small messages were
    /// delivered in it and large ones carried, and what a delivery takes cannot be said.
    /// </summary>
    private static double? Sizes(PointSummary p) => Gates.IsShortWindow(p) ? 0 : p.DeliveriesInWindow / (double)p.RecipientsPerMessage / Math.Max(1, p.ContentVariation * p.ContentVariation ?? 1);

    /// <summary>Its octets depend on which messages its window had.</summary>
    private static bool IsCoarse(PointSummary p) => Gates.IsShortWindow(p) || p.ContentVariation > 1;

    /// <summary>Name → candidate ÷ base, of the medians; a count that either side lacks is left out, and octets that differ, or do not, by which messages the windows had.</summary>
    public static IReadOnlyDictionary<string, double> Ratios(IReadOnlyList<PointSummary> bases, IReadOnlyList<PointSummary> candidates)
    {
        var ratios = new Dictionary<string, double>();
        foreach (var (name, _, of, events) in All)
        {
            if (Quantiles.Median(bases.Select(of)) is not (> 0 and { } x) || Quantiles.Median(candidates.Select(of)) is not (> 0 and { } y)) continue;
            var error = name == Octets && bases.Concat(candidates).Any(IsCoarse) ? Error(bases, candidates, events) : 0;
            if (error <= WellKnown || Math.Abs(Math.Log(y / x)) > error) ratios[name] = y / x;
        }

        return ratios;
    }

    /// <summary><c>10.3 × fewer octets on the line, the same number of transactions …</c></summary>
    public static string Words(IReadOnlyDictionary<string, double> ratios)
    {
        var words = All.Where(c => ratios.ContainsKey(c.Name)).Select(c => (c.What, Ratio: ratios[c.Name])).Select(c => c.Ratio switch
        {
            < 0.99 => $"{Times(1 / c.Ratio)} fewer {c.What}",
            > 1.01 => $"{Times(c.Ratio)} more {c.What}",
            _ => $"the same number of {c.What}",
        }).ToList();
        return words.Count == 0 ? "no count to compare" : string.Join(", ", words);
    }

    /// <summary>Those of <paramref name="ratios"/> that are beyond the threshold and beyond what the number of events leaves open.</summary>
    public static IReadOnlyDictionary<string, double> Decisive(IReadOnlyDictionary<string, double> ratios, IReadOnlyList<PointSummary> bases, IReadOnlyList<PointSummary> candidates) =>
        All.Where(c => ratios.TryGetValue(c.Name, out var ratio) && Math.Abs(Math.Log(ratio)) > Math.Max(Math.Log(1 + Threshold), Error(bases, candidates, c.Events)))
            .ToDictionary(c => c.Name, c => ratios[c.Name]);

    /// <summary>What a logarithm of a ratio must exceed.</summary>
    private static double Error(IReadOnlyList<PointSummary> bases, IReadOnlyList<PointSummary> candidates, Func<PointSummary, double?> events) =>
        StandardErrors * Math.Sqrt(1 / bases.Sum(events) + 1 / candidates.Sum(events) ?? 1);

    public static (bool Fewer, bool More) Sides(IEnumerable<double> decisive) => decisive.Aggregate((false, false), (sides, ratio) => (sides.Item1 || ratio < 1, sides.Item2 || ratio > 1));

    public static string Times(double ratio) => ratio.ToString(ratio >= 100 ? "0" : ratio >= 9.95 ? "0.#" : ratio >= 0.095 ? "0.##" : "0.####", CultureInfo.InvariantCulture) + " ×";
}
