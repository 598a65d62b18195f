using System.Globalization;
using MailBench.Model.Records;
using MailBench.Model.Searching;
using MailBench.Reports.Html;
using ScottPlot;

namespace MailBench.Reports.Plots;

/// <summary>A search for the sustainable rate: what each try offered, in their order (full: carried, hollow: not, cross: void), and the interval between the highest that was carried and the lowest that was not.</summary>
internal static class SearchPlot
{
    public static string Title(SustainableFigures search) => $"Sustainable rate: {search.Variant}, {Say.Capacity(search.CapacityBitsPerSecond)}";

    public static string Alt(RunSummary run, SustainableFigures search) =>
        string.Join("; ", Tries(run, search).Select(t => $"try {t.Number}, {Say.Number(t.PerSecond)} messages/s: {Words(t.Verdict)}")) + $"; {SearchSection.Interval(search)}";

    public static bool HasData(RunSummary run, SustainableFigures search) => Tries(run, search).Skip(1).Any();

    public static Plot Draw(RunSummary run, SustainableFigures search, PlotTheme theme)
    {
        var plot = theme.Frame(Title(search), "try", "messages offered per second", run.Conditions);
        var tries = Tries(run, search).ToList();
        var (most, last) = (tries.Max(t => t.PerSecond) * 1.12, tries.Max(t => t.Number) + 0.6);
        if (search is { LowPerSecond: { } low, HighPerSecond: { } high })
        {
            var interval = plot.Add.VerticalSpan(low, high, theme.SeriesColor(1).WithAlpha(.18));
            (interval.LineStyle.Width, interval.LegendText) = (0, SearchSection.Interval(search));
        }

        var way = plot.Add.Scatter(tries.Select(t => (double)t.Number).ToArray(), tries.Select(t => t.PerSecond).ToArray(), theme.Faint);
        (way.MarkerSize, way.LineWidth) = (0, 1);
        foreach (var verdict in new[] { TryVerdict.Carried, TryVerdict.NotCarried, TryVerdict.Void })
        {
            var some = tries.Where(t => t.Verdict == verdict).ToList();
            if (some.Count == 0) continue;
            var (shape, colour) = verdict switch
            {
                TryVerdict.Carried => (MarkerShape.FilledCircle, theme.SeriesColor(2)),
                TryVerdict.NotCarried => (MarkerShape.OpenCircle, theme.SeriesColor(0)),
                _ => (MarkerShape.Eks, theme.Faint),
            };
            var marks = plot.Add.Markers(some.Select(t => (double)t.Number).ToArray(), some.Select(t => t.PerSecond).ToArray(), shape, 11, colour);
            (marks.MarkerLineWidth, marks.LegendText) = (2.5f, Words(verdict));
        }

        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(tries.Select(t => (double)t.Number).ToArray(), tries.Select(t => t.Number.ToString(CultureInfo.InvariantCulture)).ToArray());
        plot.Axes.SetLimits(0.4, last, 0, most);
        plot.ShowLegend(Edge.Right);
        return plot;
    }

    private static string Words(TryVerdict verdict) => verdict switch
    {
        TryVerdict.Carried => "carried",
        TryVerdict.NotCarried => "not carried",
        _ => "void",
    };

    /// <summary>Those that could begin.</summary>
    private static IEnumerable<(int Number, double PerSecond, TryVerdict Verdict)> Tries(RunSummary run, SustainableFigures search)
    {
        foreach (var (p, tried) in SearchSection.Tries(run, search))
            if (tried.Mark is { } mark) yield return (p.Repetition + 1, mark.PerSecond, tried.Verdict);
    }
}
