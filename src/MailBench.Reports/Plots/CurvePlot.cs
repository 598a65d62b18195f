using MailBench.Model.Records;
using ScottPlot;

namespace MailBench.Reports.Plots;

/// <summary>An overload curve: what was delivered against what was offered, with the diagonal of the latter, and on the right, logarithmic, how long 95 % of deliveries took, with the knee marked.</summary>
internal static class CurvePlot
{
    public static string Title(CurveFigures curve) => $"Overload curve: {curve.Variant}, {Say.Capacity(curve.CapacityBitsPerSecond)}";

    public static string Alt(CurveFigures curve) =>
        string.Join("; ", curve.Points.Select(p => $"{Say.Share(p.Share)}, {Say.Number(p.OfferedPerSecond)} offered: {Say.Number(p.DeliveredPerSecond)} deliveries/s, p95 {Say.Ms(p.P95Ms)}"))
        + (curve.KneeShare is { } knee ? $"; knee at {Say.Share(knee)}" : "; no knee");

    public static Plot Draw(RunSummary run, CurveFigures curve, PlotTheme theme)
    {
        var plot = theme.Frame(Title(curve), "recipients offered per second", "deliveries/s", run.Conditions);
        var most = curve.Points.Max(p => Math.Max(p.OfferedPerSecond, p.DeliveredPerSecond)) * 1.06;
        var offered = plot.Add.Line(0, 0, most, most);
        (offered.LineColor, offered.LineWidth, offered.LegendText) = (theme.Faint, 1, "offered");
        if (curve.WholeIsSaturated)
        {
            var whole = plot.Add.HorizontalLine(curve.WholePerSecond, 1.2f, theme.Faint, LinePattern.Dashed);
            whole.LegendText = "saturated";
        }

        var delivered = plot.Add.Scatter(curve.Points.Select(p => p.OfferedPerSecond).ToArray(), curve.Points.Select(p => p.DeliveredPerSecond).ToArray(), theme.SeriesColor(2));
        (delivered.LineWidth, delivered.MarkerSize, delivered.MarkerShape, delivered.LegendText) = (2.2f, 8, PlotTheme.SeriesShape(1), "delivered");

        var right = plot.Axes.Right;
        right.FrameLineStyle.Width = 1;
        right.FrameLineStyle.Color = theme.SeriesColor(0);
        right.TickLabelStyle.ForeColor = theme.SeriesColor(0);
        right.TickGenerator = RatePlot.LogTicks();
        (right.Label.Text, right.Label.ForeColor, right.Label.Bold, right.Label.FontSize) = ("delivery p95, ms", theme.SeriesColor(0), false, 13);
        var finite = curve.Points.Where(p => double.IsFinite(p.P95Ms) && p.P95Ms > 0).ToList();
        if (finite.Count > 0)
        {
            var latency = plot.Add.Scatter(finite.Select(p => p.OfferedPerSecond).ToArray(), finite.Select(p => Math.Log10(p.P95Ms)).ToArray(), theme.SeriesColor(0));
            (latency.LineWidth, latency.MarkerSize, latency.MarkerShape, latency.LegendText) = (1.8f, 8, PlotTheme.SeriesShape(0), "p95 (right)");
            latency.Axes.YAxis = right;
            var values = finite.Select(p => Math.Log10(p.P95Ms)).ToList();
            plot.Axes.SetLimitsY(Math.Floor(values.Min()), Math.Ceiling(values.Max() + 0.1), right);
        }

        if (curve.PlateauMs is { } plateau && double.IsFinite(plateau) && plateau > 0)
        {
            var twice = plot.Add.HorizontalLine(Math.Log10(2 * plateau), 1.2f, theme.SeriesColor(0), LinePattern.Dashed);
            twice.Axes.YAxis = right;
            twice.LegendText = "twice the plateau (right)";
        }

        if (curve.KneeShare is { } share)
        {
            var knee = plot.Add.VerticalLine(curve.Points.First(p => p.Share == share).OfferedPerSecond, 1.6f, theme.SeriesColor(1));
            knee.LegendText = curve.BelowKneeShare is { } below ? $"knee: {Say.Share(below)} to {Say.Share(share)}" : $"knee: at most {Say.Share(share)}";
        }

        plot.Axes.SetLimits(0, most, 0, most);
        plot.ShowLegend(Edge.Bottom);
        plot.Legend.Orientation = Orientation.Horizontal;
        return plot;
    }
}
