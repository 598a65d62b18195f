using MailBench.Model.Records;
using MailBench.Reports.Fonts;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace MailBench.Reports.Plots;

/// <summary>Colours and frame of all plots, for a light and a dark page. Series colours differ in lightness too, so they survive grey printing.</summary>
internal sealed record PlotTheme(string Name, Color Figure, Color Ink, Color Faint, Color Grid, IReadOnlyList<Color> Series)
{
    public static readonly PlotTheme Light = new(
        "light", Color.FromHex("#ffffff"), Color.FromHex("#1f2933"), Color.FromHex("#5b6875"), Color.FromHex("#e3e8ee"),
        [Color.FromHex("#c2410c"), Color.FromHex("#1d4ed8"), Color.FromHex("#0f766e"), Color.FromHex("#7e22ce"), Color.FromHex("#a16207"), Color.FromHex("#be185d")]);

    public static readonly PlotTheme Dark = new(
        "dark", Color.FromHex("#161b22"), Color.FromHex("#e6edf3"), Color.FromHex("#9aa7b4"), Color.FromHex("#2b333d"),
        [Color.FromHex("#fb923c"), Color.FromHex("#60a5fa"), Color.FromHex("#2dd4bf"), Color.FromHex("#c084fc"), Color.FromHex("#facc15"), Color.FromHex("#f472b6")]);

    private static readonly MarkerShape[] Shapes =
        [MarkerShape.FilledCircle, MarkerShape.FilledSquare, MarkerShape.FilledTriangleUp, MarkerShape.FilledDiamond, MarkerShape.FilledTriangleDown, MarkerShape.Asterisk];

    private const float FootFontSize = 10.5f;

    /// <summary>Beyond the first few the same ones again, halfway to the page: told apart by lightness.</summary>
    public Color SeriesColor(int index) => index / Series.Count % 2 == 0 ? Series[index % Series.Count] : Halfway(Series[index % Series.Count], Figure);

    private static Color Halfway(Color one, Color other) => new((byte)((one.R + other.R) / 2), (byte)((one.G + other.G) / 2), (byte)((one.B + other.B) / 2));

    public static MarkerShape SeriesShape(int index) => Shapes[index % Shapes.Length];

    /// <summary>An empty plot with title, axis names and, at its foot, the run's badge: one plot alone still shows line, durability and flags.</summary>
    public Plot Frame(string title, string x, string y, Conditions conditions)
    {
        EmbeddedFonts.Register();
        var plot = new Plot();
        plot.Font.Set(EmbeddedFonts.Family);
        plot.FigureBackground.Color = Figure;
        plot.DataBackground.Color = Figure;
        plot.Axes.Color(Ink);
        plot.Grid.MajorLineColor = Grid;
        plot.Axes.Right.FrameLineStyle.Width = 0;
        plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.Title(title, size: 17);
        plot.XLabel(x, size: 13);
        plot.YLabel(y, size: 13);
        plot.Axes.Bottom.TickLabelStyle.FontSize = 12;
        plot.Axes.Left.TickLabelStyle.FontSize = 12;
        var foot = plot.Axes.AddBottomAxis();
        foot.TickGenerator = new EmptyTickGenerator();
        foot.FrameLineStyle.Width = 0;
        foot.LabelText = Wrapped(conditions.Badge, 130);
        foot.LabelFontSize = FootFontSize;

        // The axis measures a label by its first line, and the others would be drawn over its neighbour's name.
        foot.MinimumSize = (foot.LabelText.Count(c => c == '\n') + 1) * FootFontSize * 1.5f + 6;
        foot.LabelBold = false;
        foot.LabelFontColor = Faint;
        plot.Axes.Bottom.Label.Bold = false;
        plot.Axes.Left.Label.Bold = false;
        plot.Legend.BackgroundColor = Figure.WithAlpha(.85);
        plot.Legend.FontColor = Ink;
        plot.Legend.OutlineColor = Grid;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.FontSize = 12;
        return plot;
    }

    private static string Wrapped(string text, int width)
    {
        var lines = new List<string> { "" };
        foreach (var word in text.Split(' '))
        {
            if (lines[^1].Length + word.Length > width) lines.Add("");
            lines[^1] += (lines[^1].Length == 0 ? "" : " ") + word;
        }

        return string.Join('\n', lines);
    }
}
