using ScottPlot;
using ScottPlot.TickGenerators;

namespace MailBench.Reports.Plots;

/// <summary>A bar of a group: its length on the axis, and the words at its end.</summary>
internal sealed record LabelledBar(double Length, string Label);

/// <summary>
/// Horizontal bars in groups, in each one for every series. However many there are, each has the height of the words at its end (<see cref="HeightPixels"/>), so that none lies over another's.
/// </summary>
internal static class GroupedBars
{
    private const float LabelFontSize = 12;

    /// <summary>A line of that size, and a little air.</summary>
    internal const int BarPixels = 16;

    /// <summary>Title, axis and badge; and between two groups.</summary>
    private const int FramePixels = 150;
    private const int GapPixels = 14;

    /// <summary>With more, or with names longer than this together, their line of names would be wider than the plot: they stand beside it.</summary>
    private const int MostAbove = 4;
    private const int LongestAbove = 90;

    /// <summary>The picture's height: <see cref="RunPlots.UsualHeightPixels"/>, or what its bars need.</summary>
    public static int HeightPixels(int groups, int series) => Math.Max(RunPlots.UsualHeightPixels, FramePixels + groups * (series * BarPixels + GapPixels));

    /// <param name="groups">From the top.</param>
    /// <param name="series">From the top of each group.</param>
    /// <param name="bar">Of a group and a series, by their indices; null: none is drawn.</param>
    public static void Draw(Plot plot, PlotTheme theme, IReadOnlyList<string> groups, IReadOnlyList<string> series, Func<int, int, LabelledBar?> bar)
    {
        var height = (double)BarPixels / (series.Count * BarPixels + GapPixels);
        for (var i = 0; i < series.Count; i++)
        {
            for (var group = 0; group < groups.Count; group++)
            {
                if (bar(group, i) is not { } drawn) continue;
                var y = groups.Count - 1 - group - (i - (series.Count - 1) / 2.0) * height;
                var shape = plot.Add.Bar(y, drawn.Length);
                shape.Bars[0].Orientation = Orientation.Horizontal;
                shape.Bars[0].Size = height * 0.88;
                shape.Bars[0].FillColor = theme.SeriesColor(i);
                shape.Bars[0].LineWidth = 0;
                var label = plot.Add.Text(drawn.Label, drawn.Length, y);
                label.LabelFontColor = theme.Ink;
                label.LabelFontSize = LabelFontSize;
                label.LabelAlignment = Alignment.MiddleLeft;
                label.OffsetX = 6;
            }

            plot.Legend.ManualItems.Add(new LegendItem { LabelText = series[i], FillColor = theme.SeriesColor(i), LabelFontColor = theme.Ink });
        }

        plot.Axes.Left.TickGenerator = new NumericManual([.. groups.Select((name, i) => new Tick(groups.Count - 1 - i, name))]);
        // A group's line would run through the words of its middle bar.
        plot.Grid.YAxisStyle.IsVisible = false;
        plot.Axes.SetLimitsY(-0.55, groups.Count - 0.45);
        plot.ShowLegend(series.Count > MostAbove || series.Sum(name => name.Length) > LongestAbove ? Edge.Right : Edge.Top);
    }
}
