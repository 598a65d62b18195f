using MailBench.Model.Records;

namespace MailBench.Analysis.Comparing;

/// <summary>
/// A CI check's word on one pair (method: comparing): counts that do not depend on the clock decide first; then rates, where the machine is the same and there are repetitions enough; where they are not, what the
/// counts say stands.
/// </summary>
public sealed record CheckVerdict(string Word, string Why)
{
    public const string NotComparable = "not comparable";

    public static CheckVerdict Of(ComparisonSummary pair)
    {
        // An obstacle leaves no counts; a machine that is another's takes the rates' verdict away and leaves them.
        if (pair.CountRatios.Count == 0) return new(pair.Verdict == NotComparable ? NotComparable : RateVerdict.Inconclusive, pair.Why ?? "there is no count to compare");
        var more = pair.DecisiveCounts.Where(count => count.Value > 1).ToList();
        if (more.Count > 0) return new(RateVerdict.Regressed, $"by counts: {ClockFreeCounts.Words(more.ToDictionary())} per delivery");
        if (pair.Verdict == RateVerdict.Regressed) return new(RateVerdict.Regressed, pair.Why ?? "by rates");
        var fewer = pair.DecisiveCounts.Where(count => count.Value < 1).ToList();
        var byRates = pair.Verdict is RateVerdict.Improved or RateVerdict.Unchanged && pair.Why != "by counts";
        return new(pair.Verdict == RateVerdict.Improved || fewer.Count > 0 ? RateVerdict.Improved : RateVerdict.Unchanged, byRates ? "by counts and rates" : $"by counts; rates say nothing here{(pair.Why is { } why and not "by counts" ? $": {why}" : "")}");
    }
}
