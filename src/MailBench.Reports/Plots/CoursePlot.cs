using MailBench.Model.Records;
using ScottPlot;

namespace MailBench.Reports.Plots;

/// <summary>The course of a trial in which the number of users or the offered rate changed: what came and what got through, and above them how long what was due took, with the parts named.</summary>
internal static class CoursePlot
{
    /// <summary>A name needs so much of the plot's width.</summary>
    private const double NameShare = 0.075;

    public static string Title(PointSummary point) => point.Polls is null ? "Load, overload and recovery" : point.Polls.Knee is null ? "A day's course" : "Search, overload and recovery";

    public static string Alt(PointSummary point) => point.Course is { } course
        ? string.Join("; ", course.Stages.Select(s => $"{s.Name}: {Say.Number(s.DeliveredPerSecond)} of {Say.Number(s.OfferedPerSecond)} recipients/s delivered, p95 {KneePlot.Ms(s.P95Ms)}")) + Recovered(course.Recovery?.Seconds)
        : string.Join("; ", point.Polls!.Steps.Select(s => $"{s.Name}, {Say.Number(s.Users)} users: p95 {KneePlot.Ms(s.P95Ms)}")) + Recovered(point.Polls.Knee?.RecoverySeconds);

    public static Plot Draw(RunSummary run, PointSummary point, PlotTheme theme)
    {
        var (rows, unit, waited, at) = point.Course is { } course
            ? (course.Timeline.Select(r => new CourseRow(r.Second, r.Stage, r.OfferedPerSecond, r.DeliveredPerSecond, r.P95Ms)).ToList(), "recipients/s", "delivery", Say.Capacity(point.CapacityBitsPerSecond))
            : (point.Polls!.Timeline.Select(r => new CourseRow(r.Second, $"{(r.Step == UsersStep.Search ? "try" : r.Step)}\n{Say.Number(r.Users)}", r.OfferedPerSecond, r.PerSecond, r.P95Ms)).ToList(), "polls/s", "response", $"{Say.Capacity(point.CapacityBitsPerSecond)}, every {Say.Number(point.IntervalSeconds)} s");
        var plot = theme.Frame($"{Title(point)}: {at}", "seconds", unit, run.Conditions);
        var (last, top) = (rows[^1].Second, rows.Max(r => Math.Max(r.Offered, r.Through)));
        Shade(plot, theme, rows, top, last);
        Curve(plot, rows, r => r.Offered, theme.Faint, 1.4f, "offered");
        Curve(plot, rows, r => r.Through, theme.SeriesColor(2), 2.2f, point.Course is null ? "got through" : "delivered");
        var right = plot.Axes.Right;
        right.FrameLineStyle.Width = 1;
        right.FrameLineStyle.Color = theme.SeriesColor(0);
        right.TickLabelStyle.ForeColor = theme.SeriesColor(0);
        right.Label.Text = $"{waited} p95, s";
        right.Label.ForeColor = theme.SeriesColor(0);
        right.Label.Bold = false;
        right.Label.FontSize = 13;
        var response = rows.Where(r => r.P95Ms is { } ms && double.IsFinite(ms)).ToList();
        if (response.Count > 0)
        {
            var curve = plot.Add.Scatter(response.Select(r => r.Second).ToArray(), response.Select(r => r.P95Ms!.Value / 1000).ToArray(), theme.SeriesColor(0));
            (curve.MarkerSize, curve.LineWidth, curve.LegendText) = (3, 1.8f, $"{waited} p95 (right)");
            curve.Axes.YAxis = right;
        }

        if (point.Course?.Recovery is { Seconds: { } seconds } recovery)
        {
            var recovered = plot.Add.VerticalLine(recovery.EndSecond + seconds, 1.6f, theme.SeriesColor(1));
            recovered.LegendText = $"recovered, {Say.Number(seconds)} s after the overload";
        }

        plot.Axes.SetLimits(0, last, 0, top * 1.25);
        plot.Axes.SetLimitsY(0, Math.Max(0.05, response.Select(r => r.P95Ms!.Value / 1000).DefaultIfEmpty(0).Max()) * 1.25, right);
        plot.ShowLegend(Edge.Bottom);
        plot.Legend.Orientation = Orientation.Horizontal;
        return plot;
    }

    private static void Curve(Plot plot, IReadOnlyList<CourseRow> rows, Func<CourseRow, double> of, Color colour, float width, string name)
    {
        var curve = plot.Add.Scatter(rows.Select(r => r.Second).ToArray(), rows.Select(of).ToArray(), colour);
        (curve.MarkerSize, curve.LineWidth, curve.LegendText) = (0, width, name);
    }

    /// <summary>Every other part is shaded; each that has room for it carries its name.</summary>
    private static void Shade(Plot plot, PlotTheme theme, IReadOnlyList<CourseRow> rows, double top, double last)
    {
        var part = 0;
        for (var i = 0; i < rows.Count; part++)
        {
            var first = i;
            while (i < rows.Count && rows[i].Part == rows[first].Part) i++;
            var (from, to) = (rows[first].Second, i < rows.Count ? rows[i].Second : last);
            if (part % 2 == 1)
            {
                var shade = plot.Add.HorizontalSpan(from, to);
                shade.FillColor = theme.Grid.WithAlpha(.45);
                shade.LineWidth = 0;
            }

            if (to - from < NameShare * last) continue;
            var name = plot.Add.Text(rows[first].Part, (from + to) / 2, top * 1.23);
            (name.LabelFontSize, name.LabelFontColor, name.LabelAlignment) = (10.5f, theme.Faint, Alignment.UpperCenter);
        }
    }

    private static string Recovered(double? seconds) => seconds is null ? "" : $"; recovered after {Say.Number(seconds)} s";

    /// <summary>A moment of a course. Offered and through per second; Part: the name of its part, on two lines at most.</summary>
    private sealed record CourseRow(double Second, string Part, double Offered, double Through, double? P95Ms);
}
