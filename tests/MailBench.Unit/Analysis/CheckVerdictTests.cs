using MailBench.Analysis.Comparing;
using MailBench.Model.Records;
using Xunit;

namespace MailBench.Unit.Analysis;

public sealed class CheckVerdictTests
{
    [Theory]
    [InlineData("not comparable", 1.5, "regressed")]
    [InlineData("not comparable", 1.0, "unchanged")]
    [InlineData("inconclusive", 0.8, "improved")]
    [InlineData("regressed", 1.0, "regressed")]
    [InlineData("improved", 1.5, "regressed")]
    [InlineData("unchanged", 1.0, "unchanged")]
    public void Counts_decide_first_and_rates_after_them(string byRates, double transactions, string expected) =>
        Assert.Equal(expected, CheckVerdict.Of(Pair(byRates, transactions)).Word);

    [Fact]
    public void What_cannot_be_compared_by_counts_either_is_not_passed()
    {
        var verdict = CheckVerdict.Of(Pair("not comparable", 1) with { CountRatios = new Dictionary<string, double>(), Why = "they differ in tls (off; on)" });
        Assert.Equal(("not comparable", "they differ in tls (off; on)"), (verdict.Word, verdict.Why));
    }

    private static ComparisonSummary Pair(string verdict, double transactions)
    {
        var counts = new Dictionary<string, double> { ["transactionsPerDelivery"] = transactions };
        return new ComparisonSummary
        {
            Sweep = "s",
            LoadModel = "backlog",
            Factor = "run",
            Base = "a",
            Candidate = "b",
            At = new Dictionary<string, string>(),
            Verdict = verdict,
            CountRatios = counts,
            DecisiveCounts = counts.Where(count => count.Value != 1).ToDictionary(),
            Sentence = "",
        };
    }
}
