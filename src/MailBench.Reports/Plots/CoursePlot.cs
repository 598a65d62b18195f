using MailBench.Model.Records;
using ScottPlot;

namespace MailBench.Reports.Plots;

/// <summary>The course of a trial in which the number of users changed: what came and what got through, and above them the response of those who were due, with the steps named.</summary>
internal static class CoursePlot
{
    /// <summary>A name needs so much of the plot's width.</summary>
    private const double NameShare = 0.075;

    public static string Title(PointSummary point) => point.Polls!.Knee is null ? "A day's course" : "Search, overload and recovery";

    public static string Alt(PointSummary point) => string.Join("; ", point.Polls!.Steps.Select(s => $"{s.Name}, {Say.Number(s.Users)} users: p95 {KneePlot.Ms(s.P95Ms)}"))
        + (point.Polls.Knee?.RecoverySeconds is { } seconds ? $"; recovered after {Say.Number(seconds)} s" : "");

    public static Plot Draw(RunSummary run, PointSummary point, PlotTheme theme)
    {
        var plot = theme.Frame($"{Title(point)}: {Say.Capacity(point.CapacityBitsPerSecond)}, every {Say.Number(point.IntervalSeconds)} s", "seconds", "polls/s", run.Conditions);
        var rows = point.Polls!.Timeline;
        var (last, top) = (rows[^1].Second, rows.Max(r => Math.Max(r.OfferedPerSecond, r.PerSecond)));
        Shade(plot, theme, rows, top, last);
        Curve(plot, rows, r => r.OfferedPerSecond, theme.Faint, 1.4f, "offered");
        Curve(plot, rows, r => r.PerSecond, theme.SeriesColor(2), 2.2f, "got through");
        var right = plot.Axes.Right;
        right.FrameLineStyle.Width = 1;
        right.FrameLineStyle.Color = theme.SeriesColor(0);
        right.TickLabelStyle.ForeColor = theme.SeriesColor(0);
        right.Label.Text = "response p95, s";
        right.Label.ForeColor = theme.SeriesColor(0);
        right.Label.Bold = false;
        right.Label.FontSize = 13;
        var response = rows.Where(r => r.P95Ms is { } ms && double.IsFinite(ms)).ToList();
        if (response.Count > 0)
        {
            var curve = plot.Add.Scatter(response.Select(r => r.Second).ToArray(), response.Select(r => r.P95Ms!.Value / 1000).ToArray(), theme.SeriesColor(0));
            (curve.MarkerSize, curve.LineWidth, curve.LegendText) = (3, 1.8f, "response p95 (right)");
            curve.Axes.YAxis = right;
        }

        plot.Axes.SetLimits(0, last, 0, top * 1.25);
        plot.Axes.SetLimitsY(0, Math.Max(0.05, response.Select(r => r.P95Ms!.Value / 1000).DefaultIfEmpty(0).Max()) * 1.25, right);
        plot.ShowLegend(Edge.Bottom);
        plot.Legend.Orientation = Orientation.Horizontal;
        return plot;
    }

    private static void Curve(Plot plot, IReadOnlyList<TimelineRow> rows, Func<TimelineRow, double> of, Color colour, float width, string name)
    {
        var curve = plot.Add.Scatter(rows.Select(r => r.Second).ToArray(), rows.Select(of).ToArray(), colour);
        (curve.MarkerSize, curve.LineWidth, curve.LegendText) = (0, width, name);
    }

    /// <summary>Every other part is shaded; each that has room for it carries its name and its users.</summary>
    private static void Shade(Plot plot, PlotTheme theme, IReadOnlyList<TimelineRow> rows, double top, double last)
    {
        var part = 0;
        for (var i = 0; i < rows.Count; part++)
        {
            var first = i;
            while (i < rows.Count && rows[i].Step == rows[first].Step && rows[i].Users == rows[first].Users) i++;
            var (from, to) = (rows[first].Second, i < rows.Count ? rows[i].Second : last);
            if (part % 2 == 1)
            {
                var shade = plot.Add.HorizontalSpan(from, to);
                shade.FillColor = theme.Grid.WithAlpha(.45);
                shade.LineWidth = 0;
            }

            if (to - from < NameShare * last) continue;
            var name = plot.Add.Text($"{(rows[first].Step == UsersStep.Search ? "try" : rows[first].Step)}\n{Say.Number(rows[first].Users)}", (from + to) / 2, top * 1.23);
            (name.LabelFontSize, name.LabelFontColor, name.LabelAlignment) = (10.5f, theme.Faint, Alignment.UpperCenter);
        }
    }
}
