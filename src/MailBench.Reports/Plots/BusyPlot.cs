using MailBench.Model.Records;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace MailBench.Reports.Plots;

/// <summary>Busy share of the line, forward, grouped by capacity; the bottleneck's name stands on each bar.</summary>
internal static class BusyPlot
{
    public static string Alt(RunSummary run) => string.Join("; ", Series(run).Select(s =>
        $"{s.Name}: " + string.Join(", ", s.ByCapacity(p => p.BusyForward).Select(v => $"{Say.Percent(v.Value)} busy at {Say.Capacity(v.Capacity)}"))));

    public static Plot Draw(RunSummary run, PlotTheme theme)
    {
        var plot = theme.Frame("How busy the line was (toward the receivers)", "line capacity", "busy, % of capacity × time", run.Conditions);
        var series = Series(run);
        var capacities = series.SelectMany(s => s.Points).Select(p => p.CapacityBitsPerSecond).Where(c => c > 0).Distinct().Order().ToList();
        var width = 0.8 / Math.Max(1, series.Count);
        for (var i = 0; i < series.Count; i++)
        {
            foreach (var (capacity, value) in series[i].ByCapacity(p => p.BusyForward))
            {
                var x = capacities.IndexOf(capacity) + (i - (series.Count - 1) / 2.0) * width;
                var bar = plot.Add.Bar(x, value * 100);
                bar.Bars[0].Size = width * 0.9;
                bar.Bars[0].FillColor = theme.SeriesColor(i);
                bar.Bars[0].LineWidth = 0;
                Label(plot, $"{value * 100:0.0}", x, value * 100, theme.Ink, 12);
                var limit = series[i].Points.First(p => p.CapacityBitsPerSecond == capacity).Bottleneck;
                if (!limit.StartsWith("line", StringComparison.Ordinal)) Label(plot, limit, x, value * 100 + 6, theme.Faint, 10);
            }

            plot.Legend.ManualItems.Add(new LegendItem { LabelText = series[i].Name, FillColor = theme.SeriesColor(i), LabelFontColor = theme.Ink });
        }

        plot.Axes.Bottom.TickGenerator = new NumericManual([.. capacities.Select((c, i) => new Tick(i, Say.Capacity(c)))]);
        plot.Axes.SetLimits(-0.6, capacities.Count - 0.4, 0, 124);
        plot.ShowLegend(Alignment.UpperRight, Orientation.Horizontal);
        return plot;
    }

    private static void Label(Plot plot, string text, double x, double y, Color color, float size)
    {
        var label = plot.Add.Text(text, x, y);
        label.LabelFontColor = color;
        label.LabelFontSize = size;
        label.LabelAlignment = Alignment.LowerCenter;
        label.OffsetY = -2;
    }

    private static IReadOnlyList<PlotSeries> Series(RunSummary run) => PlotSeries.Of(run, p => p.LoadModel is not ("open" or "users") && p.BusyForward is not null);
}
