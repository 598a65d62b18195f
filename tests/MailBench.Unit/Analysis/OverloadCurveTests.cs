using MailBench.Analysis.Figures;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Records;
using Xunit;

namespace MailBench.Unit.Analysis;

/// <summary>Knees of curves whose figures are constructed.</summary>
public sealed class OverloadCurveTests
{
    private static readonly PointSummary Healthy = PlantedTrial.Healthy().Analyze();

    [Fact]
    public void The_knee_is_the_first_rate_whose_p95_exceeds_twice_the_median_of_those_up_to_half()
    {
        var curve = Curve((0.3, 10), (0.4, 11), (0.5, 12), (0.7, 14), (0.8, 21.9), (0.85, 22.1), (0.9, 40), (1.2, 900));
        Assert.Equal((11, 0.85, 0.8), (curve.PlateauMs!.Value, curve.KneeShare!.Value, curve.BelowKneeShare!.Value));
        Assert.Null(curve.WithinAgainShare);
        Assert.Contains(Words(curve), s => s.Contains("the knee lies between 80 % (95 % within 21.9 ms) and 85 % (340/s, 95 % within 22.1 ms), the first rate", StringComparison.Ordinal));
    }

    [Fact]
    public void Points_may_come_in_any_order_and_a_later_rate_that_keeps_within_makes_the_knee_unclear()
    {
        var curve = Curve((0.9, 20), (0.5, 10), (0.8, 21), (1.1, 500), (0.3, 10));
        Assert.Equal((0.8, 0.5, 0.9), (curve.KneeShare!.Value, curve.BelowKneeShare!.Value, curve.WithinAgainShare!.Value));
        Assert.Contains(Words(curve), s => s.Contains("not clear-cut, since 90 % kept within", StringComparison.Ordinal));
    }

    [Fact]
    public void Where_no_rate_is_twice_as_slow_there_is_no_knee()
    {
        var curve = Curve((0.4, 10), (0.5, 10), (0.9, 20), (1, 20));
        Assert.Equal((10, (double?)null), (curve.PlateauMs!.Value, curve.KneeShare));
        Assert.Contains(Words(curve), s => s.Contains("no knee: 95 % of deliveries within 10 ms", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_point_up_to_half_there_is_no_plateau_and_no_knee()
    {
        var curve = Curve((0.6, 10), (0.9, 1000));
        Assert.Equal(((double?)null, (double?)null), (curve.PlateauMs, curve.KneeShare));
        Assert.Contains(Words(curve), s => s.Contains("no point at or below 50 %", StringComparison.Ordinal));
    }

    [Fact]
    public void Where_half_the_load_is_never_finished_all_is_past_the_knee()
    {
        var curve = Curve((0.4, double.PositiveInfinity), (0.5, double.PositiveInfinity), (0.9, double.PositiveInfinity));
        Assert.Equal((0.4, (double?)null, (double?)null), (curve.KneeShare!.Value, curve.BelowKneeShare, curve.WithinAgainShare));
        Assert.Contains(Words(curve), s => s.Contains("past the knee throughout", StringComparison.Ordinal));
    }

    [Fact]
    public void Where_every_rate_above_half_is_past_it_the_knee_is_the_first_of_them()
    {
        var curve = Curve((0.5, 10), (0.6, 30), (0.7, 40));
        Assert.Equal((0.6, 0.5), (curve.KneeShare!.Value, curve.BelowKneeShare!.Value));
    }

    [Fact]
    public void A_single_point_is_no_knee()
    {
        var curve = Curve((0.5, 10));
        Assert.Null(curve.KneeShare);
        Assert.Contains(Words(curve), s => s.Contains("one rate shows no knee", StringComparison.Ordinal));
    }

    [Fact]
    public void Void_points_are_left_out_and_counted_and_repetitions_are_medians()
    {
        PointSummary[] points =
        [
            Point(0.5, 10), Point(0.8, 15), Point(0.9, 1000) with { Void = true }, Point(1, 19), Point(1, 900) with { Repetition = 1 }, Point(1, 800) with { Repetition = 2 },
            Point(0.95, 15) with { Repetition = 1 }, Point(0.95, 2000) with { Void = true },
        ];
        var curve = Assert.Single(OverloadCurve.Of(points));
        Assert.Equal((1, 0.95, 1), (curve.KneeShare!.Value, curve.BelowKneeShare!.Value, curve.LeftOut));
        Assert.Equal(800, curve.Points[^1].P95Ms);
        Assert.True(curve.WholeIsSaturated);
        Assert.Equal(400, curve.WholePerSecond, 6);
        Assert.Contains(Words(curve), s => s.Contains("One rate is left out: void", StringComparison.Ordinal));
    }

    [Fact]
    public void A_sweep_of_one_rate_or_of_void_points_alone_is_no_curve()
    {
        Assert.Empty(OverloadCurve.Of([Point(0.7, 10), Point(0.7, 11) with { Repetition = 1 }]));
        Assert.Empty(OverloadCurve.Of([Point(0.7, 10) with { Void = true }, Point(0.9, 10) with { Void = true }]));
    }

    [Fact]
    public void Too_few_messages_for_a_95th_percentile_are_no_point()
    {
        var few = Point(0.3, 10) with { Latencies = new Dictionary<string, Percentiles> { ["delivery"] = new(10, 5, 9, 9, 9, 9, 9) } };
        var curve = Assert.Single(OverloadCurve.Of([few, Point(0.5, 10), Point(0.9, 30)]));
        Assert.Equal((2, 1), (curve.Points.Count, curve.LeftOut));
    }

    [Fact]
    public void Absolute_rates_are_shares_of_the_most_that_was_delivered()
    {
        PointSummary[] points = [.. new[] { (50.0, 50.0, 10.0), (90, 90, 15), (200, 100, 800) }.Select(x => Point(0, x.Item3) with
        {
            Axes = new Dictionary<string, string> { ["load.rate"] = $"{x.Item1}/s" }, OfferedShare = null, SaturatedPerSecond = null, OfferedPerSecond = x.Item1 / 2, RecipientsPerMessage = 2, DeliveredPerSecond = x.Item2,
        })];
        var curve = Assert.Single(OverloadCurve.Of(points));
        Assert.False(curve.WholeIsSaturated);
        Assert.Equal([0.5, 0.9, 2.0], curve.Points.Select(p => p.Share));
        Assert.Equal(2, curve.KneeShare);
    }

    [Fact]
    public void A_rate_that_falls_past_saturation_is_called_a_collapse_and_one_that_stays_is_not()
    {
        Assert.Contains(Words(Curve((0.5, 10), (1.2, 900))), s => s.Contains("no collapse", StringComparison.Ordinal));
        var broken = Curve((0.5, 10), (1, 30), (1.2, 900));
        broken = broken with { Points = [.. broken.Points.Select(p => p.Share > 1 ? p with { DeliveredPerSecond = 150 } : p)] };
        Assert.Contains(Words(broken), s => s.Contains("a collapse, 37.5%", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_delivered_past_saturation_shows_that_it_was_measured_too_low()
    {
        var curve = Curve((0.5, 10), (1.2, 12));
        curve = curve with { Points = [.. curve.Points.Select(p => p with { DeliveredPerSecond = p.OfferedPerSecond })] };
        Assert.Contains(Words(curve), s => s.Contains("saturation was measured too low", StringComparison.Ordinal));
    }

    private static List<string> Words(CurveFigures curve) => [.. OverloadSentences.Of([curve], [])];

    private static CurveFigures Curve(params (double Share, double P95Ms)[] points) => OverloadCurve.WithKnee(new CurveFigures
    {
        Sweep = "curve",
        Variant = "per-mx-host",
        CapacityBitsPerSecond = 10_000_000,
        WholePerSecond = 400,
        WholeIsSaturated = true,
        Points = [.. points.Select(p => new CurvePoint(p.Share, 400 * p.Share, Math.Min(400, 400 * p.Share), p.P95Ms / 2, p.P95Ms, 1, Utilisations.Unattributed))],
        LeftOut = 0,
    });

    private static PointSummary Point(double share, double p95Ms) => Healthy with
    {
        Axes = new Dictionary<string, string> { ["load.rate"] = FormattableString.Invariant($"{share * 100:0}% of saturated") },
        OfferedShare = share,
        SaturatedPerSecond = 400,
        OfferedPerSecond = 200 * share,
        DeliveredPerSecond = Math.Min(400, 400 * share),
        Latencies = new Dictionary<string, Percentiles> { ["delivery"] = new(1000, p95Ms / 2, p95Ms, p95Ms, p95Ms, p95Ms, p95Ms) },
    };
}
