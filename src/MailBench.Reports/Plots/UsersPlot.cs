using MailBench.Model.Records;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace MailBench.Reports.Plots;

/// <summary>
/// The heat map of a <see cref="UsersMap"/>: a cell for each measured point, coloured by the response at p95, with what share of the offered polls got through. What the line alone would carry is written beside it as a
/// prediction, and drawn where it falls between columns; cells hold measurements only.
/// </summary>
internal static class UsersPlot
{
    /// <summary>Bounds of the colours: at once, noticeable, tedious, beyond SPECmail's five seconds.</summary>
    private static readonly (double BelowMs, string Name)[] Classes = [(100, "under 0.1 s"), (1000, "under 1 s"), (5000, "under 5 s"), (double.PositiveInfinity, "5 s or more"), (double.NaN, "never")];
    private static readonly string[] Light = ["#bfe3d0", "#dbe9a9", "#fbd38d", "#f6a58a", "#d98a8a"];
    private static readonly string[] Dark = ["#1f5a43", "#566218", "#7a5310", "#8a3d22", "#7f2a2a"];

    public static Plot Draw(RunSummary run, UsersMap map, PlotTheme theme)
    {
        var plot = theme.Frame(map.Title, map.ColumnAxis, "polling interval", run.Conditions);
        var intervals = map.Cells.Select(c => c.Interval).Distinct().Order().ToList();
        var colours = theme.Name == "light" ? Light : Dark;
        foreach (var cell in map.Cells)
        {
            var (x, y) = (cell.Column, intervals.IndexOf(cell.Interval));
            var box = plot.Add.Rectangle(x - 0.49, x + 0.49, y - 0.48, y + 0.48);
            box.FillColor = Color.FromHex(colours[ClassOf(cell.P95)]);
            box.LineWidth = 0;
            var label = plot.Add.Text($"p95 {Say.Ms(cell.P95)}\n{Say.Percent(cell.Share)} of polls\n{(cell.Failed > 0 ? $"{Say.Number(cell.Failed)} failed" : cell.Kbit is { } kbit ? $"{Say.Number(kbit)} kbit/s a user" : "none failed")}", x, y);
            label.LabelFontColor = theme.Ink;
            label.LabelFontSize = 12;
            label.LabelAlignment = Alignment.MiddleCenter;
            if (map.Users is null && cell.Predicted is { } most) Note(plot, theme, $"line alone: at most {Say.Number(most)} users (predicted)", x - 0.47, y + 0.46, Alignment.UpperLeft);
        }

        for (var i = 0; i < Classes.Length; i++)
            if (map.Cells.Any(c => ClassOf(c.P95) == i)) plot.Legend.ManualItems.Add(new LegendItem { LabelText = $"p95 {Classes[i].Name}", FillColor = Color.FromHex(colours[i]), LabelFontColor = theme.Ink });
        foreach (var (interval, y) in intervals.Select((interval, y) => (interval, y)))
            if (map.Users is { } users && map.Cells.First(c => c.Interval == interval).Predicted is { } most) Predicted(plot, theme, users, most, y);
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. map.Columns.Select((column, i) => new Tick(i, map.Users is { } users ? Say.Number(users[i]) : column))]);
        plot.Axes.Left.TickGenerator = new NumericManual([.. intervals.Select((s, i) => new Tick(i, Say.Interval(s)))]);
        plot.Axes.SetLimits(-0.6, map.Columns.Count - 0.4, -0.6, intervals.Count - 0.4);
        plot.HideGrid();
        plot.Axes.Bottom.MinimumSize = 48;
        plot.ShowLegend(Edge.Right);
        return plot;
    }

    /// <summary>Where the line alone would be full: a mark between the columns that it falls between, or a note where that is outside of them.</summary>
    private static void Predicted(Plot plot, PlotTheme theme, IReadOnlyList<int> users, double most, int y)
    {
        if (most > users[^1] || most < users[0])
        {
            var isMore = most > users[^1];
            Note(plot, theme, $"line alone: at most {Say.Number(most)}, not shown", isMore ? users.Count - 0.53 : -0.47, y + 0.46, isMore ? Alignment.UpperRight : Alignment.UpperLeft);
            return;
        }

        var right = users.Index().First(column => column.Item >= most).Index;
        var x = right == 0 ? 0 : right - 1 + (most - users[right - 1]) / (users[right] - users[right - 1]);
        var mark = plot.Add.Line(x, y - 0.48, x, y + 0.48);
        mark.LineColor = theme.Ink;
        mark.LineWidth = 2.5f;
        Note(plot, theme, $"line alone: at most {Say.Number(most)}", x, y + 0.46, Alignment.UpperLeft);
    }

    private static void Note(Plot plot, PlotTheme theme, string text, double x, double y, Alignment alignment)
    {
        var note = plot.Add.Text(text, x, y);
        note.LabelFontColor = theme.Ink;
        note.LabelFontSize = 10.5f;
        note.LabelAlignment = alignment;
        note.OffsetX = alignment == Alignment.UpperLeft ? 4 : -4;
    }

    private static int ClassOf(double p95) => double.IsInfinity(p95) ? Classes.Length - 1 : Array.FindIndex(Classes, c => p95 < c.BelowMs);
}
