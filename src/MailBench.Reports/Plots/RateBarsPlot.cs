using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace MailBench.Reports.Plots;

/// <summary>Delivered rate by variant, where a run has one line capacity: bars from 0, the median written out, the repetitions' span drawn on it.</summary>
internal static class RateBarsPlot
{
    /// <summary>A bar and its name, and title, axis and badge.</summary>
    private const int BarPixels = 22;
    private const int FramePixels = 140;

    public static int HeightPixels(RunSummary run) => Math.Max(RunPlots.UsualHeightPixels, FramePixels + Series(run).Count * BarPixels);

    public static string Alt(RunSummary run) => string.Join("; ", Rows(run).Select(r => $"{r.Name} {Say.Number(r.Median)} deliveries/s"));

    public static Plot Draw(RunSummary run, PlotTheme theme)
    {
        var rows = Rows(run).Reverse().ToList();
        var capacity = Series(run)[0].Points[0].CapacityBitsPerSecond;
        var plot = theme.Frame($"Delivered rate, {(capacity == 0 ? "no line in between" : $"line {Say.Capacity(capacity)}")}", "deliveries per second", "", run.Conditions);
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            var bar = plot.Add.Bar(i, row.Median);
            bar.Bars[0].Orientation = Orientation.Horizontal;
            bar.Bars[0].Size = 0.62;
            bar.Bars[0].FillColor = theme.SeriesColor(row.Color);
            bar.Bars[0].LineWidth = 0;
            if (row.Highest > row.Lowest)
            {
                var span = plot.Add.Line(row.Lowest, i, row.Highest, i);
                span.LineColor = theme.Ink;
                span.LineWidth = 1.6f;
                span.MarkerShape = MarkerShape.VerticalBar;
                span.MarkerColor = theme.Ink;
                span.MarkerSize = 12;
            }

            var label = plot.Add.Text(Say.Number(row.Median), row.Highest, i);
            label.LabelFontColor = theme.Ink;
            label.LabelFontSize = 13;
            label.LabelBold = true;
            label.LabelAlignment = Alignment.MiddleLeft;
            label.OffsetX = 9;
        }

        plot.Axes.Left.TickGenerator = new NumericManual([.. rows.Select((r, i) => new Tick(i, r.Name))]);
        plot.Axes.SetLimits(0, rows.Max(r => r.Highest) * 1.16, -0.6, rows.Count - 0.4);
        return plot;
    }

    /// <summary>A colour for each value of the first swept axis: systems, or strategies, are told apart at a glance.</summary>
    private static IEnumerable<(string Name, int Color, double Median, double Lowest, double Highest)> Rows(RunSummary run)
    {
        var firsts = new List<string>();
        foreach (var series in Series(run))
        {
            var axes = series.Points[0].Axes;
            var first = axes.Count == 0 ? "" : axes.First().Value;
            if (!firsts.Contains(first)) firsts.Add(first);
            var rates = series.Points.Select(p => p.DeliveredPerSecond!.Value).ToList();
            yield return (series.Name, firsts.IndexOf(first), Quantiles.Median(rates.Select(r => (double?)r))!.Value, rates.Min(), rates.Max());
        }
    }

    private static IReadOnlyList<PlotSeries> Series(RunSummary run) => PlotSeries.Of(run, RatePlot.Wanted);
}
