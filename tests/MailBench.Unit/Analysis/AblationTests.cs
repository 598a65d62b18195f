using MailBench.Analysis;
using MailBench.Analysis.Comparing;
using MailBench.Model.Records;
using Xunit;

namespace MailBench.Unit.Analysis;

/// <summary>Unequal features: equalised where the run has the point, adjusted by carried-over demands where it has the parts, not comparable where neither holds.</summary>
public sealed class AblationTests
{
    private const string Cpu = "cpu of the machine", Line = "line forward";

    [Fact]
    public void A_point_with_the_others_features_is_taken_as_it_was_measured()
    {
        var adjusted = Adjusted(("base", 100, 1.0, 0.5, []), ("candidate", 80, 1.0, 0.5, ["log"]), ("plain", 110, 1.0, 0.5, []));
        Assert.Equal(("equalised", "candidate"), (adjusted!.Kind, adjusted.Side));
        Assert.Equal(1.1, adjusted.Ratio!.Value, 3);
        Assert.NotNull(adjusted.Low);
    }

    [Fact]
    public void Demands_of_each_axis_are_carried_over_and_the_rate_is_computed_again()
    {
        // CPU seconds a delivery: 1/80 with both, 1/88 without the log, 1/84 without DKIM: without both 1/80 − (1/80 − 1/88) − (1/80 − 1/84).
        var adjusted = Adjusted(("base", 100, 1.0, 0.5, []), ("candidate", 80, 1.0, 0.4, ["log", "dkim"]), ("no log", 88, 1.0, 0.44, ["dkim"]), ("no dkim", 84, 1.0, 0.42, ["log"]));
        Assert.Equal("adjusted", adjusted!.Kind);
        var expected = 1 / (1 / 88.0 + 1 / 84.0 - 1 / 80.0);
        Assert.InRange(adjusted.DeliveredPerSecond!.Value, expected * 0.999, expected * 1.001);
        Assert.Equal(expected / 100, adjusted.Ratio!.Value, 3);
        Assert.Contains($"limited by {Cpu}", adjusted.How, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bottleneck_that_moves_is_not_adjusted()
    {
        // Without log and DKIM so little CPU is needed that the line would limit.
        var adjusted = Adjusted(("base", 100, 1.0, 0.5, []), ("candidate", 80, 1.0, 0.9, ["log", "dkim"]), ("no log", 120, 1.0, 0.9 * 1.5, ["dkim"]), ("no dkim", 120, 1.0, 0.9 * 1.5, ["log"]));
        Assert.Equal(("not comparable", $"the bottleneck would move from {Cpu} to {Line}"), (adjusted!.Kind, adjusted.How));
        Assert.Null(adjusted.Ratio);
    }

    [Fact]
    public void Axes_that_interact_must_have_been_measured_together()
    {
        var adjusted = Adjusted(("base", 100, 1.0, 0.5, []), ("candidate", 80, 1.0, 0.4, ["tls", "reuse"]), ("no tls", 88, 1.0, 0.44, ["reuse"]), ("no reuse", 84, 1.0, 0.42, ["tls"]));
        Assert.Equal(("not comparable", "tls and reuse interact and were not measured together"), (adjusted!.Kind, adjusted.How));
    }

    [Fact]
    public void Without_the_parts_or_without_a_limit_nothing_is_made_up()
    {
        Assert.Null(Adjusted(("base", 100, 1.0, 0.5, []), ("candidate", 80, 1.0, 0.4, ["log", "dkim"]), ("no log", 88, 1.0, 0.44, ["dkim"])));
        Assert.Equal("no resource of that side was seen to limit it", Adjusted(("base", 100, 0.6, 0.5, []), ("candidate", 80, 0.6, 0.4, ["log", "dkim"]), ("no log", 88, 0.6, 0.44, ["dkim"]), ("no dkim", 84, 0.6, 0.42, ["log"]))!.How);
    }

    [Fact]
    public void The_raw_figure_stays_beside_it_and_the_verdict_stays_not_comparable()
    {
        var comparison = Compare(("base", 100, 1.0, 0.5, []), ("candidate", 80, 1.0, 0.5, ["log"]), ("plain", 110, 1.0, 0.5, []));
        Assert.Equal("not comparable", comparison.Verdict);
        Assert.Contains("they differ in log (off; on) (raw: 80 against 100 deliveries/s); equalised: candidate with the other's log 110 deliveries/s, candidate ÷ base 1.1", comparison.Sentence, StringComparison.Ordinal);
    }

    private static AdjustedComparison? Adjusted(params (string Name, double Rate, double Cpu, double Line, string[] Features)[] points) => Compare(points).Adjusted;

    /// <summary>The first point is the base, the second the candidate; features that a point has are on, others off.</summary>
    private static ComparisonSummary Compare(params (string Name, double Rate, double Cpu, double Line, string[] Features)[] points)
    {
        var axes = points.SelectMany(p => p.Features).Distinct().ToList();
        var planned = points.Select((p, i) => ComparedRuns.Planned(i + 1, "system", p.Name) with { Settings = new Dictionary<string, string> { ["workload.size"] = "4KiB", ["load.model"] = "backlog" } }).ToList();
        var summaries = points.SelectMany((p, i) => Enumerable.Range(0, 6).Select(repetition => ComparedRuns.Point(planned[i], repetition, p.Rate * (1 + 0.001 * (repetition % 2))) with
        {
            Features = axes.ToDictionary(axis => axis, axis => p.Features.Contains(axis) ? "on" : "off"),
            Utilisations = [new Utilisation(Cpu, 0, "cpu s", 1, p.Cpu * (1 + 0.001 * (repetition % 2))), new Utilisation(Line, 0, "bit", 1, p.Line)],
        })).ToList();
        var run = ComparedRuns.Result("r", planned, summaries);
        return WithinRun.Of(run.Header, run.Summary.Points).Single(c => c.Candidate == points[1].Name);
    }
}
