using MailBench.Analysis.Verdicts;
using MailBench.Model.Records;
using Xunit;

namespace MailBench.Unit.Analysis;

public sealed class UnequalDurabilityTests
{
    [Theory]
    [InlineData("none", "synced")]
    [InlineData("synced", "os")]
    public void Points_of_unequal_durability_are_never_ranked(string one, string other)
    {
        var comparison = Assert.Single(Comparing.Within([Point(0, one), Point(1, other)]));
        Assert.Equal("not comparable", comparison.Verdict);
        Assert.Null(comparison.RateRatio);
        Assert.Empty(comparison.CountRatios);
        Assert.EndsWith("their durability differs.", comparison.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Points_of_equal_durability_are_compared() =>
        Assert.Equal("by counts", Assert.Single(Comparing.Within([Point(0, "os"), Point(1, "os") with { Axes = new Dictionary<string, string> { ["mta.durability"] = "x" } }])).Verdict);

    private static PointSummary Point(int number, string durability) => PlantedTrial.Healthy().Analyze() with
    {
        Point = number,
        Axes = new Dictionary<string, string> { ["mta.durability"] = durability },
        Features = new Dictionary<string, string> { ["durability"] = durability },
    };
}
