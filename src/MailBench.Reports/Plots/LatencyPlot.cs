using MailBench.Model.Records;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace MailBench.Reports.Plots;

/// <summary>Delivery latency of open points by percentile (x by nines, y logarithmic). Points of overload curves have plots of their own. Infinite percentiles are left off the curve, as are those with too few messages behind them.</summary>
internal static class LatencyPlot
{
    private static readonly (double Nines, string Label, Func<Percentiles, double?> Of)[] Places =
    [
        (0.30, "p50", p => p.At(0.5)), (1, "p90", p => p.At(0.9)), (1.30, "p95", p => p.At(0.95)), (2, "p99", p => p.At(0.99)), (3, "p99.9", p => p.At(0.999)), (3.4, "max", p => p.Max),
    ];

    public static bool HasData(RunSummary run) => Points(run).Any();

    public static string Alt(RunSummary run) => string.Join("; ", Points(run).Select(p =>
        $"{Name(p)}: " + string.Join(", ", Places.Where(x => x.Of(p.Latencies["delivery"]) is not null).Select(x => $"{x.Label} {Say.Ms(x.Of(p.Latencies["delivery"])!.Value)}"))));

    public static Plot Draw(RunSummary run, PlotTheme theme)
    {
        var plot = theme.Frame("Delivery latency below saturation (open loop)", "percentile", "from intended start to the sink's booking, ms", run.Conditions);
        var points = Points(run).ToList();
        var series = points.Select(PlotSeries.NameOf).Distinct().ToList();
        var capacities = points.Select(p => p.CapacityBitsPerSecond).Distinct().Order().ToList();
        foreach (var point in points)
        {
            var finite = Places.Select(x => (x.Nines, Value: x.Of(point.Latencies["delivery"]) ?? double.NaN)).Where(x => double.IsFinite(x.Value) && x.Value > 0).ToList();
            if (finite.Count == 0) continue;
            var index = series.IndexOf(PlotSeries.NameOf(point));
            var curve = plot.Add.Scatter(finite.Select(x => x.Nines).ToArray(), finite.Select(x => Math.Log10(x.Value)).ToArray(), theme.SeriesColor(index));
            curve.LineWidth = 1.2f + 0.9f * capacities.IndexOf(point.CapacityBitsPerSecond);
            curve.MarkerShape = PlotTheme.SeriesShape(capacities.IndexOf(point.CapacityBitsPerSecond));
            curve.MarkerSize = 8;
            curve.LegendText = Name(point);
        }

        plot.Axes.Bottom.TickGenerator = new NumericManual([.. Places.Select(x => new Tick(x.Nines, x.Label))]);
        plot.Axes.Left.TickGenerator = RatePlot.LogTicks();
        plot.Axes.Margins(0.06, 0.12);
        plot.Axes.AutoScale();
        plot.ShowLegend(Edge.Right);
        return plot;
    }

    private static IEnumerable<PointSummary> Points(RunSummary run) => run.Points.Where(p => !p.Void && p.LoadModel == "open" && p.Course is null && p.Latencies.ContainsKey("delivery") && !run.Curves.Any(c => c.Sweep == p.Sweep));

    private static string Name(PointSummary point) => $"{PlotSeries.NameOf(point)}, {Say.Capacity(point.CapacityBitsPerSecond)}";
}
