using MailBench.Analysis.Comparing;
using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using MailBench.Model.Units;
using static System.FormattableString;

namespace MailBench.Analysis.Verdicts;

/// <summary>The result in words: what each strategy needed, what that gave at each bandwidth, what limited it, and what may not be concluded.</summary>
internal static class Sentences
{
    public static IReadOnlyList<string> Of(RunHeader header, IReadOnlyList<PointSummary> points, IReadOnlyList<CurveFigures> curves, IReadOnlyList<SustainableFigures> searches, IReadOnlyList<ComparisonSummary> comparisons, IReadOnlyList<ConfirmationSummary> confirmations, int probed = 0)
    {
        var sentences = new List<string>();
        // A companion speaks through its origin's confirmation, a try through its search, void ones too.
        var own = points.Where(p => p.StandsAlone).ToList();
        var good = own.Where(p => !p.Void).ToList();
        var variant = Variant.Among(good);
        var severalSweeps = comparisons.Where(c => c.CountRatios.Count > 0 && c.LoadModel == "backlog").GroupBy(c => (c.Factor, c.Base, c.Candidate)).Any(pair => pair.Select(c => c.Sweep).Distinct().Count() > 1);
        foreach (var pair in comparisons.Where(c => c.CountRatios.Count > 0 && c.LoadModel == "backlog").GroupBy(c => (c.Sweep, c.Factor, c.Base, c.Candidate)))
            sentences.Add((severalSweeps ? $"{pair.Key.Sweep}: " : "") + Headline([.. pair], severalSweeps));
        foreach (var strategy in good.Where(p => p.LoadModel == "backlog").GroupBy(variant)) sentences.Add(Needed(strategy.Key, [.. strategy]));
        foreach (var strategy in good.Where(p => p.LoadModel == "backlog").GroupBy(variant)) sentences.Add(Gave(strategy.Key, [.. strategy]));
        sentences.AddRange(confirmations.Select(c => c.Sentence));
        // Below saturation the schedule sets the rate; there only a real verdict is worth a sentence.
        sentences.AddRange(comparisons.Where(c => c.LoadModel == "backlog" || c.Verdict is not ("by counts" or "not comparable")).Select(c => severalSweeps ? $"{c.Sweep}: {c.Sentence}" : c.Sentence));
        sentences.AddRange(SustainableSentences.Of(searches));
        sentences.AddRange(OverloadSentences.Of(curves, good));
        foreach (var strategy in good.Where(p => p.LoadModel == "open" && p.Course is null && !curves.Any(c => c.Sweep == p.Sweep)).GroupBy(variant)) sentences.Add(Waited(strategy.Key, [.. strategy]));
        sentences.AddRange(UsersSentences.Of(good));
        if (header.Repetitions == 1 && comparisons.Count > 0)
            sentences.Add("Ranked by counts only: with one repetition of seconds, differences of rates are shown and decide nothing.");
        foreach (var voided in own.Where(p => p.Void))
            sentences.Add($"Point {voided.Point} ({Where(voided)}) is void: {string.Join("; ", voided.VoidReasons)}.");
        sentences.AddRange(header.LeftOut);
        var (planned, missing) = RunAnalysis.Trials(header, points, probed);
        if (missing > 0) sentences.Add($"{missing} of {planned} planned trials were not run.");
        return sentences;
    }

    /// <summary>A pair over all lines it was compared at: the middle ratio of each count.</summary>
    private static string Headline(IReadOnlyList<ComparisonSummary> pair, bool inner)
    {
        var ratios = pair.SelectMany(c => c.CountRatios).GroupBy(r => r.Key).ToDictionary(g => g.Key, g => Quantiles.Median(g.Select(r => (double?)r.Value))!.Value);
        var first = pair[0];
        var (a, b) = (Variant.Named(first.Factor, first.Base), Variant.Named(first.Factor, first.Candidate));
        return $"{(inner ? "against" : "Against")} {a}, {b} needs per delivery {ClockFreeCounts.Words(ratios)}; {Ranked(pair, a, b)}.";
    }

    private static string Ranked(IReadOnlyList<ComparisonSummary> pair, string a, string b)
    {
        if (pair.Any(c => c.Verdict != "by counts")) return "by rates: " + string.Join(", ", pair.GroupBy(c => c.Verdict).Select(g => pair.Count == 1 ? g.Key : $"{g.Key} at {g.Count()} of {pair.Count}"));
        return ClockFreeCounts.Sides(pair.SelectMany(c => c.DecisiveCounts.Values)) switch
        {
            (true, false) => $"by counts, {b} ranks first",
            (false, true) => $"by counts, {a} ranks first",
            (true, true) => "the counts do not agree on an order",
            _ => "no difference worth an order",
        };
    }

    private static string Needed(string strategy, IReadOnlyList<PointSummary> points)
    {
        var parts = new List<string>();
        if (Quantiles.Median(points.Select(p => p.WireOctetsPerDelivery)) is { } octets) parts.Add(Invariant($"{octets:#,0} octets on the line"));
        if (Quantiles.Median(points.Select(p => p.TransactionsPerDelivery)) is { } transactions) parts.Add(Invariant($"{transactions:0.###} transaction{(transactions == 1 ? "" : "s")}"));
        if (Quantiles.Median(points.Select(p => p.SessionsPerDelivery)) is { } sessions) parts.Add($"{Few(sessions)} connections");
        if (Quantiles.Median(points.Select(p => p.QueriesPerDelivery)) is { } queries) parts.Add($"{Few(queries)} DNS queries");
        return parts.Count == 0 ? $"{strategy} was measured." : $"{strategy} needed {string.Join(", ", parts)} per delivery.";
    }

    /// <summary>A count per delivery that is small but not nothing.</summary>
    private static string Few(double count) => count is > 0 and < 0.0001 ? "under 0.0001" : Invariant($"{count:0.####}");

    private static string Gave(string strategy, IReadOnlyList<PointSummary> points)
    {
        var lines = points.GroupBy(p => p.CapacityBitsPerSecond).OrderBy(g => g.Key).Select(g =>
        {
            var rate = Quantiles.Median(g.Select(p => p.DeliveredPerSecond));
            var busy = Quantiles.Median(g.Select(p => p.BusyForward));
            var limit = string.Join(" or ", g.Select(p => p.Bottleneck).Distinct());
            var share = busy is null ? "" : Invariant($", line {busy:0.0%} busy");
            return Invariant($"{PairedMetric.Rate(rate ?? 0)} deliveries/s at {Line(g.Key)} ({(limit == Utilisations.Unattributed ? "limit unattributed" : "limited by " + limit)}{share})");
        });
        return $"{strategy} gave {string.Join("; ", lines)}.";
    }

    private static string Waited(string strategy, IReadOnlyList<PointSummary> points)
    {
        var parts = points.OrderBy(p => p.CapacityBitsPerSecond).Select(p =>
        {
            var delivery = p.Latencies.TryGetValue("delivery", out var d) ? Invariant($"{Delivery(d)} ({MessagesOf(p):0} messages)") : "no delivery";
            return $"at {Line(p.CapacityBitsPerSecond)} {delivery}";
        });
        return $"{strategy}, open loop below saturation: {string.Join("; ", parts)}.";
    }

    /// <summary>Median and tail, as far as the messages allow them.</summary>
    private static string Delivery(Percentiles d) => (d.At(0.5), d.At(0.99)) switch
    {
        (null, _) => Invariant($"delivery up to {Ms(d.Max)}"),
        ({ } median, null) => Invariant($"delivery p50 {Ms(median)}, at most {Ms(d.Max)}"),
        ({ } median, { } tail) => Invariant($"delivery p50 {Ms(median)}, p99 {Ms(tail)}"),
    };

    /// <summary>Messages behind a latency: recipients of one message travel together, so they are the sample.</summary>
    private static double MessagesOf(PointSummary p) => p.Latencies.TryGetValue("response", out var response) ? response.Count : 0;

    /// <summary><c>+3.8%</c>, <c>-2.0%</c>; what rounds to nothing has a plus.</summary>
    internal static string Signed(double share) => Invariant($"{Math.Round(share, 3) + 0.0:+0.0%;-0.0%}");

    /// <summary>A line by its capacity in bits per second.</summary>
    internal static string Line(long bits) => bits == 0 ? "no line" : new BitRate(bits).ToString();

    private static string Ms(double ms) => double.IsInfinity(ms) ? "never (unfinished)" : ms >= 10_000 ? Invariant($"{ms / 1000:0.0} s") : Invariant($"{ms:0.#} ms");

    private static string Where(PointSummary point) => point.Axes.Count == 0 ? point.Sweep : string.Join(", ", point.Axes.Select(a => a.Value));
}
