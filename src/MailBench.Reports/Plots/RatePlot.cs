using MailBench.Model.Records;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace MailBench.Reports.Plots;

/// <summary>Delivered rate against line capacity, both logarithmic, with the ideal line ceiling drawn in.</summary>
internal static class RatePlot
{
    public static string Alt(RunSummary run) => string.Join("; ", PlotSeries.Of(run, Wanted).Select(s =>
        $"{s.Name}: " + string.Join(", ", s.ByCapacity(p => p.DeliveredPerSecond).Select(v => $"{Say.Number(v.Value)} deliveries/s at {Say.Capacity(v.Capacity)}"))));

    public static Plot Draw(RunSummary run, PlotTheme theme)
    {
        var plot = theme.Frame("Delivered rate against line capacity", "line capacity", "deliveries per second", run.Conditions);
        var series = PlotSeries.Of(run, Wanted);
        var capacities = series.SelectMany(s => s.Points).Select(p => p.CapacityBitsPerSecond).Distinct().OrderBy(c => c == 0 ? long.MaxValue : c).ToList();
        var places = capacities.ToDictionary(c => c, c => c == 0 ? Place(capacities.Max()) + 0.5 : Place(c));

        var ceiling = new PlotSeries("ideal", [.. series.SelectMany(s => s.Points)]).ByCapacity(p => p.IdealCeilingPerSecond);
        for (var i = 0; i < series.Count; i++)
        {
            var values = series[i].ByCapacity(p => p.DeliveredPerSecond);
            var curve = plot.Add.Scatter(values.Select(v => places[v.Capacity]).ToArray(), values.Select(v => Math.Log10(v.Value)).ToArray(), theme.SeriesColor(i));
            curve.LineWidth = 2.5f;
            curve.MarkerShape = PlotTheme.SeriesShape(i);
            curve.MarkerSize = 10;
            curve.LegendText = series[i].Name;
            foreach (var value in values)
            {
                var label = plot.Add.Text(Say.Number(value.Value), places[value.Capacity], Math.Log10(value.Value));
                label.LabelFontColor = theme.SeriesColor(i);
                label.LabelFontSize = 12;
                label.LabelBold = true;
                label.LabelAlignment = Alignment.UpperLeft;
                label.OffsetX = 8;
                label.OffsetY = 4;
            }
        }

        // Last, and wider than the marks: a good strategy lies on it and would hide it.
        if (ceiling.Count > 0)
        {
            var ideal = plot.Add.Scatter(ceiling.Select(c => places[c.Capacity]).ToArray(), ceiling.Select(c => Math.Log10(c.Value)).ToArray(), theme.Faint);
            // Thin and grey, not dashed: Skia's SVG canvas knows no path effects.
            ideal.LineWidth = 1.2f;
            ideal.MarkerShape = MarkerShape.HorizontalBar;
            ideal.MarkerSize = 26;
            ideal.LegendText = "ideal line ceiling (fewest copies)";
        }

        plot.Axes.Bottom.TickGenerator = new NumericManual([.. capacities.Select(c => new Tick(places[c], Say.Capacity(c)))]);
        plot.Axes.Left.TickGenerator = LogTicks();
        plot.Axes.Margins(0.14, 0.16);
        plot.Axes.AutoScale();
        // At least a decade: rates that hardly differ must not look far apart, and a logarithmic axis needs a tick.
        var limits = plot.Axes.GetLimits();
        if (limits.Top - limits.Bottom < 1) plot.Axes.SetLimitsY(Math.Floor(limits.Bottom) - 0.05, Math.Ceiling(limits.Top) + 0.05);
        plot.ShowLegend(Alignment.UpperLeft);
        return plot;
    }

    internal static NumericAutomatic LogTicks() => new()
    {
        IntegerTicksOnly = true,
        MinorTickGenerator = new LogMinorTickGenerator(),
        LabelFormatter = power => Math.Abs(power) > 9 ? "" : Math.Pow(10, power).ToString("#,0.#########", System.Globalization.CultureInfo.InvariantCulture),
    };

    internal static bool Wanted(PointSummary p) => p.DeliveredPerSecond > 0 && p.LoadModel != "open";

    private static double Place(long capacity) => Math.Log10(capacity);
}
