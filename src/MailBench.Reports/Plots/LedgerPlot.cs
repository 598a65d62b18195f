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

    public static int HeightPixels(RunSummary run)
    {
        var series = Series(run);
        return GroupedBars.HeightPixels(Drawn(series).Count, series.Count);
    }

    public static string Alt(RunSummary run) => string.Join("; ", Series(run).Select(s =>
        $"{s.Name} per delivery: " + string.Join(", ", Rows.Select(r => (r.Name, Value: Median(s, r.Of))).Where(r => r.Value is not null).Select(r => $"{Say.Number(r.Value)} {r.Name}"))));

    public static Plot Draw(RunSummary run, PlotTheme theme)
    {
        var plot = theme.Frame("Ledger: what one delivery costs", "share of the larger, %", "", run.Conditions);
        var series = Series(run);
        var rows = Drawn(series);
        var largest = rows.Select(row => series.Max(s => Median(s, row.Of) ?? 0)).ToList();
        GroupedBars.Draw(plot, theme, [.. rows.Select(row => row.Name)], [.. series.Select(s => s.Name)], (row, i) =>
            Median(series[i], rows[row].Of) is { } value ? new LabelledBar(value / largest[row] * 100, Say.Number(value)) : null);
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. new[] { 0, 25, 50, 75, 100 }.Select(share => new Tick(share, $"{share}"))]);
        plot.Axes.SetLimitsX(0, 118);
        return plot;
    }

    /// <summary>The counts that any of them has.</summary>
    private static List<(string Name, Func<PointSummary, double?> Of)> Drawn(IReadOnlyList<PlotSeries> series) => [.. Rows.Where(row => series.Any(s => Median(s, row.Of) > 0))];

    private static double? Median(PlotSeries series, Func<PointSummary, double?> of) => Quantiles.Median(series.Points.Select(of));

    private static IReadOnlyList<PlotSeries> Series(RunSummary run)
    {
        var saturated = PlotSeries.Of(run, p => p.LoadModel == "backlog" && p.TransactionsPerDelivery is not null);
        return saturated.Count > 0 ? saturated : PlotSeries.Of(run, p => p.TransactionsPerDelivery is not null);
    }
}
