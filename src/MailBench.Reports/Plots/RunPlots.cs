using System.Text.RegularExpressions;
using MailBench.Model.Records;
using MailBench.Reports.Fonts;
using ScottPlot;

namespace MailBench.Reports.Plots;

/// <summary>A plot that the run has data for: its file name and a sentence for those who cannot see it.</summary>
internal sealed record RunPlot(string Name, string Title, string Alt, Func<PlotTheme, Plot> Draw)
{
    /// <summary>Bars in great number need more than the usual.</summary>
    public int HeightPixels { get; init; } = RunPlots.UsualHeightPixels;
}

/// <summary>The plots of a run; each only where there is something to draw.</summary>
internal static partial class RunPlots
{
    private const int WidthPixels = 860;
    internal const int UsualHeightPixels = 500;

    /// <summary>A search's tries have a plot of their own. Companions are drawn nowhere: they would look like rivals of the points that they stand beside.</summary>
    public static IReadOnlyList<RunPlot> Of(RunSummary run)
    {
        var plots = new List<RunPlot>();
        var whole = run;
        foreach (var (search, i) in run.Searches.Where(search => SearchPlot.HasData(whole, search)).Select((search, i) => (search, i)))
            plots.Add(new RunPlot($"sustainable-{i + 1}", SearchPlot.Title(search), SearchPlot.Alt(whole, search), theme => SearchPlot.Draw(whole, search, theme)));
        run = run.OnTheirOwn();
        foreach (var (curve, i) in run.Curves.Where(c => c.Points.Count > 1).Select((curve, i) => (curve, i)))
            plots.Add(new RunPlot($"overload-{i + 1}", CurvePlot.Title(curve), CurvePlot.Alt(curve), theme => CurvePlot.Draw(run, curve, theme)));
        foreach (var p in run.Points.Where(p => !p.Void && p.Course is { Timeline.Count: > 1 }))
            plots.Add(new RunPlot($"course-{p.Point}-{p.Repetition}", CoursePlot.Title(p), CoursePlot.Alt(p), theme => CoursePlot.Draw(run, p, theme)));
        var saturated = run.Points.Where(p => !p.Void && RatePlot.Wanted(p)).ToList();
        if (saturated.Select(p => p.CapacityBitsPerSecond).Distinct().Count() > 1)
            plots.Add(new RunPlot("rate", "Delivered rate against line capacity", RatePlot.Alt(run), theme => RatePlot.Draw(run, theme)));
        else if (saturated.Count > 0)
            plots.Add(new RunPlot("rate", "Delivered rate", RateBarsPlot.Alt(run), theme => RateBarsPlot.Draw(run, theme)) { HeightPixels = RateBarsPlot.HeightPixels(run) });
        if (saturated.Any(p => p.BusyForward is not null))
            plots.Add(new RunPlot("busy", "How busy the line was", BusyPlot.Alt(run), theme => BusyPlot.Draw(run, theme)) { HeightPixels = BusyPlot.HeightPixels(run) });
        if (LedgerPlot.HasData(run)) plots.Add(new RunPlot("ledger", "Ledger: what a delivery costs", LedgerPlot.Alt(run), theme => LedgerPlot.Draw(run, theme)) { HeightPixels = LedgerPlot.HeightPixels(run) });
        if (LatencyPlot.HasData(run)) plots.Add(new RunPlot("latency", "Delivery latency by percentile", LatencyPlot.Alt(run), theme => LatencyPlot.Draw(run, theme)));
        foreach (var map in UsersMap.Of(run)) plots.Add(new RunPlot(map.Name, map.Title, map.Alt, theme => UsersPlot.Draw(run, map, theme)));
        foreach (var p in run.Points.Where(p => !p.Void && p.Polls is { Timeline.Count: > 1 }))
        {
            var suffix = $"{p.Point}-{p.Repetition}";
            if (p.Polls!.Knee is not null) plots.Add(new RunPlot($"knee-{suffix}", KneePlot.Title(p), KneePlot.Alt(p), theme => KneePlot.Draw(run, p, theme)));
            plots.Add(new RunPlot($"course-{suffix}", CoursePlot.Title(p), CoursePlot.Alt(p), theme => CoursePlot.Draw(run, p, theme)));
        }

        return plots;
    }

    public static byte[] Png(RunPlot plot, PlotTheme theme) => plot.Draw(theme).GetImage(WidthPixels, plot.HeightPixels).GetImageBytes(ImageFormat.Png);

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
        var svg = plot.Draw(theme).GetSvgXml(WidthPixels, plot.HeightPixels);
        // Skia numbers its ids from 0 in every file; two pictures in a page would clip each other. It also names the typeface by its inner name.
        svg = Identifier().Replace(svg, match => match.Groups[1].Value + idPrefix + match.Groups[2].Value);
        svg = FontFamily().Replace(svg, $"font-family=\"'{EmbeddedFonts.Family}', sans-serif\"");
        return Size().Replace(svg, $"viewBox=\"0 0 {WidthPixels} {plot.HeightPixels}\" width=\"{WidthPixels}\" height=\"{plot.HeightPixels}\"", 1);
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
