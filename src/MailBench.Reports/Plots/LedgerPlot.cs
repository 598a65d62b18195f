using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace MailBench.Reports.Plots;

/// <summary>The ledger per series: each count per delivery as a share of the largest, the figure itself on the bar.</summary>
internal static class LedgerPlot
{
    private static readonly (string Name, Func<PointSummary, double?> Of)[] Rows =
    [
        ("octets on the line", p => p.WireOctetsPerDelivery), ("transactions", p => p.TransactionsPerDelivery), ("round trips", p => p.RoundTripsPerDelivery),
        ("connections", p => p.SessionsPerDelivery), ("DNS queries", p => p.QueriesPerDelivery),
    ];

    public static bool HasData(RunSummary run) => Series(run).Count > 0;

    public static string Alt(RunSummary run) => string.Join("; ", Series(run).Select(s =>
        $"{s.Name} per delivery: " + string.Join(", ", Rows.Select(r => (r.Name, Value: Median(s, r.Of))).Where(r => r.Value is not null).Select(r => $"{Say.Number(r.Value)} {r.Name}"))));

    public static Plot Draw(RunSummary run, PlotTheme theme)
    {
        var plot = theme.Frame("Ledger: what one delivery costs", "share of the larger, %", "", run.Conditions);
        var series = Series(run);
        var rows = Rows.Where(r => series.Any(s => Median(s, r.Of) > 0)).Reverse().ToList();
        var height = 0.8 / Math.Max(1, series.Count);
        for (var i = 0; i < series.Count; i++)
        {
            for (var row = 0; row < rows.Count; row++)
            {
                if (Median(series[i], rows[row].Of) is not { } value) continue;
                var largest = series.Max(s => Median(s, rows[row].Of) ?? 0);
                var y = row - (i - (series.Count - 1) / 2.0) * height;
                var bar = plot.Add.Bar(y, value / largest * 100);
                bar.Bars[0].Orientation = Orientation.Horizontal;
                bar.Bars[0].Size = height * 0.88;
                bar.Bars[0].FillColor = theme.SeriesColor(i);
                bar.Bars[0].LineWidth = 0;
                var label = plot.Add.Text(Say.Number(value), value / largest * 100, y);
                label.LabelFontColor = theme.Ink;
                label.LabelFontSize = 12;
                label.LabelAlignment = Alignment.MiddleLeft;
                label.OffsetX = 6;
            }

            plot.Legend.ManualItems.Add(new LegendItem { LabelText = series[i].Name, FillColor = theme.SeriesColor(i), LabelFontColor = theme.Ink });
        }

        plot.Axes.Left.TickGenerator = new NumericManual([.. rows.Select((r, i) => new Tick(i, r.Name))]);
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. new[] { 0, 25, 50, 75, 100 }.Select(share => new Tick(share, $"{share}"))]);
        plot.Axes.SetLimits(0, 118, -0.6, rows.Count - 0.1);
        plot.ShowLegend(Edge.Top);
        return plot;
    }

    private static double? Median(PlotSeries series, Func<PointSummary, double?> of) => Quantiles.Median(series.Points.Select(of));

    private static IReadOnlyList<PlotSeries> Series(RunSummary run)
    {
        var saturated = PlotSeries.Of(run, p => p.LoadModel == "backlog" && p.TransactionsPerDelivery is not null);
        return saturated.Count > 0 ? saturated : PlotSeries.Of(run, p => p.TransactionsPerDelivery is not null);
    }
}
