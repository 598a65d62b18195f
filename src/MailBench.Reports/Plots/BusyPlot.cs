using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace MailBench.Reports.Plots;

/// <summary>Busy share of the line, forward, grouped by capacity; what limited a bar stands on it where that was not the line.</summary>
internal static class BusyPlot
{
    public static string Alt(RunSummary run) => string.Join("; ", Series(run).Select(s =>
        $"{s.Name}: " + string.Join(", ", s.ByCapacity(p => p.BusyForward).Select(v => $"{Say.Percent(v.Value)} busy at {Say.Capacity(v.Capacity)}"))));

    public static int HeightPixels(RunSummary run)
    {
        var series = Series(run);
        return GroupedBars.HeightPixels(Capacities(series).Count, series.Count);
    }

    public static Plot Draw(RunSummary run, PlotTheme theme)
    {
        var plot = theme.Frame("How busy the line was (toward the receivers)", "busy, % of capacity × time", "line capacity", run.Conditions);
        var series = Series(run);
        var capacities = Capacities(series);
        GroupedBars.Draw(plot, theme, [.. capacities.Select(Say.Capacity)], [.. series.Select(s => s.Name)], (row, i) => Bar(series[i], capacities[row]));
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. new[] { 0, 25, 50, 75, 100 }.Select(share => new Tick(share, $"{share}"))]);
        // Room behind a full bar for what it says.
        plot.Axes.SetLimitsX(0, series.Any(s => s.Points.Any(p => !IsTheLine(p))) ? 180 : 118);
        return plot;
    }

    private static LabelledBar? Bar(PlotSeries series, long capacity)
    {
        var points = series.Points.Where(p => p.CapacityBitsPerSecond == capacity).ToList();
        if (Quantiles.Median(points.Select(p => p.BusyForward)) is not { } busy) return null;
        return new LabelledBar(busy * 100, $"{Say.Percent(busy)}{(IsTheLine(points[0]) ? "" : $", {points[0].Bottleneck}")}");
    }

    private static bool IsTheLine(PointSummary point) => point.Bottleneck.StartsWith("line", StringComparison.Ordinal);

    private static List<long> Capacities(IReadOnlyList<PlotSeries> series) => [.. series.SelectMany(s => s.Points).Select(p => p.CapacityBitsPerSecond).Where(c => c > 0).Distinct().Order()];

    private static IReadOnlyList<PlotSeries> Series(RunSummary run) => PlotSeries.Of(run, p => p.LoadModel is not ("open" or "users") && p.BusyForward is not null);
}
