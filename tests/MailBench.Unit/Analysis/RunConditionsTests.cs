using MailBench.Analysis.Verdicts;
using MailBench.Model.Records;
using Xunit;

namespace MailBench.Unit.Analysis;

public sealed class RunConditionsTests
{
    [Theory]
    [InlineData(8, " · 8 s windows × 1 · ")]
    [InlineData(5, " · 5 to 8 s windows × 1 · ")]
    public void The_badge_hides_no_short_window(double other, string expected)
    {
        var trial = PlantedTrial.Healthy();
        var point = trial.Analyze();
        var header = trial.Header(new PlannedPoint(0, "main", new Dictionary<string, string>(), trial.Settings));
        Assert.Contains(expected, RunConditions.Of(header, [point, point with { WindowSeconds = other }]).Badge, StringComparison.Ordinal);
    }
}
