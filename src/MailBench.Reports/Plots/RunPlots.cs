using System.Text.RegularExpressions;
using MailBench.Model.Records;
using MailBench.Reports.Fonts;
using ScottPlot;

namespace MailBench.Reports.Plots;

/// <summary>A plot that the run has data for: its file name and a sentence for those who cannot see it.</summary>
internal sealed record RunPlot(string Name, string Title, string Alt, Func<PlotTheme, Plot> Draw);

/// <summary>The plots of a run; each only where there is something to draw.</summary>
internal static partial class RunPlots
{
    private const int WidthPixels = 860;
    private const int HeightPixels = 500;

    public static IReadOnlyList<RunPlot> Of(RunSummary run)
    {
        var plots = new List<RunPlot>();
        var saturated = run.Points.Where(p => !p.Void && RatePlot.Wanted(p)).ToList();
        if (saturated.Select(p => p.CapacityBitsPerSecond).Distinct().Count() > 1)
            plots.Add(new RunPlot("rate", "Delivered rate against line capacity", RatePlot.Alt(run), theme => RatePlot.Draw(run, theme)));
        else if (saturated.Count > 0)
            plots.Add(new RunPlot("rate", "Delivered rate", RateBarsPlot.Alt(run), theme => RateBarsPlot.Draw(run, theme)));
        if (saturated.Any(p => p.BusyForward is not null))
            plots.Add(new RunPlot("busy", "How busy the line was", BusyPlot.Alt(run), theme => BusyPlot.Draw(run, theme)));
        if (LedgerPlot.HasData(run)) plots.Add(new RunPlot("ledger", "Ledger: what a delivery costs", LedgerPlot.Alt(run), theme => LedgerPlot.Draw(run, theme)));
        if (LatencyPlot.HasData(run)) plots.Add(new RunPlot("latency", "Delivery latency by percentile", LatencyPlot.Alt(run), theme => LatencyPlot.Draw(run, theme)));
        foreach (var capacity in UsersPlot.Capacities(run))
            plots.Add(new RunPlot($"users-{capacity}", $"Users and how often they poll, {(capacity == 0 ? "no line" : Say.Capacity(capacity))}", UsersPlot.Alt(run, capacity), theme => UsersPlot.Draw(run, capacity, theme)));
        foreach (var p in run.Points.Where(p => !p.Void && p.Polls is { Timeline.Count: > 1 }))
        {
            var suffix = $"{p.Point}-{p.Repetition}";
            if (p.Polls!.Knee is not null) plots.Add(new RunPlot($"knee-{suffix}", KneePlot.Title(p), KneePlot.Alt(p), theme => KneePlot.Draw(run, p, theme)));
            plots.Add(new RunPlot($"course-{suffix}", CoursePlot.Title(p), CoursePlot.Alt(p), theme => CoursePlot.Draw(run, p, theme)));
        }

        return plots;
    }

    public static byte[] Png(RunPlot plot, PlotTheme theme) => plot.Draw(theme).GetImage(WidthPixels, HeightPixels).GetImageBytes(ImageFormat.Png);

    /// <summary>An SVG that carries its font.</summary>
    public static string Svg(RunPlot plot, PlotTheme theme) =>
        SvgStart().Replace(Bare(plot, theme, ""), match => $"{match.Value}<title>{plot.Title}</title><style>{EmbeddedFonts.FontFaceCss}</style>", 1);

    /// <summary>For use inside a page that has the font: no XML declaration, own ids, scaled to its box.</summary>
    public static string InlineSvg(RunPlot plot, PlotTheme theme)
    {
        var svg = Bare(plot, theme, $"{plot.Name}-{theme.Name}-");
        return SvgStart().Replace(svg[svg.IndexOf("<svg", StringComparison.Ordinal)..], match => match.Value[..^1] + " role=\"presentation\" focusable=\"false\">", 1);
    }

    private static string Bare(RunPlot plot, PlotTheme theme, string idPrefix)
    {
        var svg = plot.Draw(theme).GetSvgXml(WidthPixels, HeightPixels);
        // Skia numbers its ids from 0 in every file; two pictures in a page would clip each other. It also names the typeface by its inner name.
        svg = Identifier().Replace(svg, match => match.Groups[1].Value + idPrefix + match.Groups[2].Value);
        svg = FontFamily().Replace(svg, $"font-family=\"'{EmbeddedFonts.Family}', sans-serif\"");
        return Size().Replace(svg, $"viewBox=\"0 0 {WidthPixels} {HeightPixels}\" width=\"{WidthPixels}\" height=\"{HeightPixels}\"", 1);
    }

    [GeneratedRegex("<svg[^>]*>")]
    private static partial Regex SvgStart();

    [GeneratedRegex("(id=\"|url\\(#|href=\"#)([A-Za-z_][A-Za-z0-9_]*)")]
    private static partial Regex Identifier();

    [GeneratedRegex("font-family=\"[^\"]*\"")]
    private static partial Regex FontFamily();

    [GeneratedRegex("width=\"[0-9.]+\" height=\"[0-9.]+\"( viewBox=\"[^\"]*\")?")]
    private static partial Regex Size();
}
