using MailBench.Analysis.Comparing;
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
        var comparison = Assert.Single(Within(Point(0, one), Point(1, other)));
        Assert.Equal("not comparable", comparison.Verdict);
        Assert.Null(comparison.RateRatio);
        Assert.Empty(comparison.CountRatios);
        Assert.EndsWith("their durability differs.", comparison.Sentence, StringComparison.Ordinal);
    }

    private static IReadOnlyList<ComparisonSummary> Within(params PointSummary[] points) =>
        WithinRun.Of(PlantedTrial.Healthy().Header(Planned(points[0])) with { Points = [.. points.Select(Planned)] }, points);

    private static PlannedPoint Planned(PointSummary point) => new(point.Point, point.Sweep, point.Axes, new Dictionary<string, string>());

    private static PointSummary Point(int number, string durability) => PlantedTrial.Healthy().Analyze() with
    {
        Point = number,
        Axes = new Dictionary<string, string> { ["mta.durability"] = durability },
        Features = new Dictionary<string, string> { ["durability"] = durability },
    };
}
