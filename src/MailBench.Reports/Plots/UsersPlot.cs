using MailBench.Model.Records;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace MailBench.Reports.Plots;

/// <summary>
/// Users × interval through one line: a cell for each measured point, coloured by the response at p95, with what share of the offered polls got through. The line's predicted limit is drawn across
/// it; cells hold measurements only.
/// </summary>
internal static class UsersPlot
{
    /// <summary>Bounds of the colours: at once, noticeable, tedious, beyond SPECmail's five seconds.</summary>
    private static readonly (double BelowMs, string Name)[] Classes = [(100, "under 0.1 s"), (1000, "under 1 s"), (5000, "under 5 s"), (double.PositiveInfinity, "5 s or more"), (double.NaN, "never")];
    private static readonly string[] Light = ["#bfe3d0", "#dbe9a9", "#fbd38d", "#f6a58a", "#d98a8a"];
    private static readonly string[] Dark = ["#1f5a43", "#566218", "#7a5310", "#8a3d22", "#7f2a2a"];

    public static IReadOnlyList<long> Capacities(RunSummary run) => [.. Points(run).Select(p => p.CapacityBitsPerSecond).Distinct().Order()];

    public static string Alt(RunSummary run, long capacity) => string.Join("; ", Cells(run, capacity).Select(c => $"{Say.Number(c.Users)} users every {Say.Number(c.Interval)} s: p95 {Say.Ms(c.P95)}, {Say.Percent(c.Share)} of the polls, {Say.Number(c.Failed)} failed{(c.Kbit is { } kbit ? $", {Say.Number(kbit)} kbit/s a user" : "")}"));

    public static Plot Draw(RunSummary run, long capacity, PlotTheme theme)
    {
        var plot = theme.Frame($"Users and how often they poll, {(capacity == 0 ? "no line" : Say.Capacity(capacity))}", "users", "polling interval", run.Conditions);
        var cells = Cells(run, capacity);
        var users = cells.Select(c => c.Users).Distinct().Order().ToList();
        var intervals = cells.Select(c => c.Interval).Distinct().Order().ToList();
        var colours = theme.Name == "light" ? Light : Dark;
        foreach (var cell in cells)
        {
            var (x, y) = (users.IndexOf(cell.Users), intervals.IndexOf(cell.Interval));
            var box = plot.Add.Rectangle(x - 0.49, x + 0.49, y - 0.48, y + 0.48);
            box.FillColor = Color.FromHex(colours[ClassOf(cell.P95)]);
            box.LineWidth = 0;
            var label = plot.Add.Text($"p95 {Say.Ms(cell.P95)}\n{Say.Percent(cell.Share)} of polls\n{(cell.Failed > 0 ? $"{Say.Number(cell.Failed)} failed" : cell.Kbit is { } kbit ? $"{Say.Number(kbit)} kbit/s a user" : "none failed")}", x, y);
            label.LabelFontColor = theme.Ink;
            label.LabelFontSize = 12;
            label.LabelAlignment = Alignment.MiddleCenter;
        }

        for (var i = 0; i < Classes.Length; i++)
            if (cells.Any(c => ClassOf(c.P95) == i)) plot.Legend.ManualItems.Add(new LegendItem { LabelText = $"p95 {Classes[i].Name}", FillColor = Color.FromHex(colours[i]), LabelFontColor = theme.Ink });
        foreach (var (interval, y) in intervals.Select((interval, y) => (interval, y))) Predicted(plot, theme, cells, users, interval, y);
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. users.Select((n, i) => new Tick(i, Say.Number(n)))]);
        plot.Axes.Left.TickGenerator = new NumericManual([.. intervals.Select((s, i) => new Tick(i, $"{Say.Number(s)} s"))]);
        plot.Axes.SetLimits(-0.6, users.Count - 0.4, -0.6, intervals.Count - 0.4);
        plot.HideGrid();
        plot.Axes.Bottom.MinimumSize = 48;
        plot.ShowLegend(Edge.Right);
        return plot;
    }

    /// <summary>Where the line alone would be full, between the columns that it falls between; nothing beyond the measured ones.</summary>
    private static void Predicted(Plot plot, PlotTheme theme, IReadOnlyList<Cell> cells, List<int> users, double interval, int y)
    {
        if (cells.FirstOrDefault(c => c.Interval == interval)?.Predicted is not { } most || most < users[0] || most > users[^1]) return;
        var right = users.FindIndex(n => n >= most);
        var x = right == 0 ? 0 : right - 1 + (most - users[right - 1]) / (users[right] - users[right - 1]);
        var mark = plot.Add.Line(x, y - 0.48, x, y + 0.48);
        mark.LineColor = theme.Ink;
        mark.LineWidth = 2.5f;
        var label = plot.Add.Text($"line alone: at most {Say.Number(most)}", x, y + 0.46);
        label.LabelFontColor = theme.Ink;
        label.LabelFontSize = 10.5f;
        label.LabelAlignment = Alignment.UpperLeft;
        label.OffsetX = 4;
    }

    private static int ClassOf(double p95) => double.IsInfinity(p95) ? Classes.Length - 1 : Array.FindIndex(Classes, c => p95 < c.BelowMs);

    /// <summary>Repetitions of a cell by their worst p95 and mean share.</summary>
    private static List<Cell> Cells(RunSummary run, long capacity) =>
    [
        .. Points(run).Where(p => p.CapacityBitsPerSecond == capacity).GroupBy(p => (p.Users, p.IntervalSeconds)).Select(g => new Cell(
            g.Key.Users!.Value, g.Key.IntervalSeconds!.Value, g.Max(p => p.Latencies["response"].P95), g.Average(p => Math.Min(1, p.Polls!.PerSecond!.Value / p.Polls.OfferedPerSecond)), g.First().Polls!.PredictedUsers,
            g.Sum(p => p.Polls!.Failed), g.First().Polls!.KbitPerUser)),
    ];

    private static IEnumerable<PointSummary> Points(RunSummary run) => run.Points.Where(p =>
        !p.Void && p is { Users: not null, IntervalSeconds: not null, Polls: { Steps.Count: 0, PerSecond: not null, OfferedPerSecond: > 0 } } && p.Latencies.ContainsKey("response"));

    private sealed record Cell(int Users, double Interval, double P95, double Share, double? Predicted, long Failed, double? Kbit);
}
