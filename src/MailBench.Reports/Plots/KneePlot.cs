using MailBench.Model.Records;
using ScottPlot;

namespace MailBench.Reports.Plots;

/// <summary>
/// The capacity curve of a search: polls that got through against users, each step a measured mark (full: carried, hollow: not), the way to and from an overload as a line, the diagonal of what was
/// offered, and the predicted limit as a dashed line that is no measurement.
/// </summary>
internal static class KneePlot
{
    public static string Title(PointSummary point) => $"Capacity: {Say.Capacity(point.CapacityBitsPerSecond)}, a poll ({point.Polls!.Action}) every {Say.Interval(point.IntervalSeconds)}";

    public static string Alt(PointSummary point) => string.Join("; ", Steps(point).Select(s => $"{s.Name}, {Say.Number(s.Users)} users: {Say.Number(s.PerSecond)} of {Say.Number(s.OfferedPerSecond)} polls/s, p95 {Ms(s.P95Ms)}{(s.Carried ? "" : ", not carried")}"));

    public static Plot Draw(RunSummary run, PointSummary point, PlotTheme theme)
    {
        var plot = theme.Frame(Title(point), "users", "polls/s that got through", run.Conditions);
        var steps = Steps(point);
        var most = Math.Max(steps.Max(s => s.Users), point.Polls!.Knee?.NotCarriedUsers ?? 0) * 1.08;
        var offered = plot.Add.Line(0, 0, most, most / point.IntervalSeconds!.Value);
        offered.LineColor = theme.Faint;
        offered.LineWidth = 1;
        offered.LegendText = "offered";
        foreach (var (carried, name) in new[] { (true, "carried (measured)"), (false, "not carried (measured)") })
        {
            var some = steps.Where(s => s.Carried == carried).ToList();
            if (some.Count == 0) continue;
            var marks = plot.Add.Markers(some.Select(s => (double)s.Users).ToArray(), some.Select(s => s.PerSecond).ToArray(), carried ? MarkerShape.FilledCircle : MarkerShape.OpenCircle, 11, theme.SeriesColor(carried ? 2 : 0));
            marks.MarkerLineWidth = 2.5f;
            marks.LegendText = name;
        }

        var path = steps.Where(s => s.Name != UsersStep.Search).ToList();
        if (path.Count > 1)
        {
            var way = plot.Add.Scatter(path.Select(s => (double)s.Users).ToArray(), path.Select(s => s.PerSecond).ToArray(), theme.SeriesColor(1));
            way.MarkerSize = 0;
            way.LineWidth = 1.6f;
            way.LegendText = "80, 100, 120, back, 100 %";
        }

        if (point.Polls.Knee is { CarriedUsers: > 0 } knee)
        {
            Vertical(plot, knee.CarriedUsers, theme.SeriesColor(2), LinePattern.Solid, knee.NotCarriedUsers is { } too ? $"knee: {Say.Number(knee.CarriedUsers)} to {Say.Number(too)}" : $"{Say.Number(knee.CarriedUsers)} carried, more not tried");
            if (knee.NotCarriedUsers is { } fewest) Vertical(plot, fewest, theme.SeriesColor(0), LinePattern.Solid, "");
        }

        foreach (var prediction in point.Polls.Predictions.Take(1).Where(p => p.Users <= most))
            Vertical(plot, prediction.Users, theme.Ink, LinePattern.Dashed, $"{prediction.Resource}: at most {Say.Number(prediction.Users)} (predicted)");
        plot.Axes.SetLimits(0, most, 0, Math.Max(steps.Max(s => s.OfferedPerSecond), steps.Max(s => s.PerSecond)) * 1.15);
        plot.ShowLegend(Edge.Right);
        return plot;
    }

    private static void Vertical(Plot plot, double users, Color colour, LinePattern pattern, string name)
    {
        var line = plot.Add.VerticalLine(users, 1.6f, colour, pattern);
        line.LegendText = name;
    }

    /// <summary>In the order of time; the recovery has a plot of its own.</summary>
    private static List<StepFigures> Steps(PointSummary point) => [.. point.Polls!.Steps.Where(s => s.Name != UsersStep.Recovery)];

    internal static string Ms(double? ms) => ms is { } value ? Say.Ms(value) : Say.None;
}
