using System.Net;
using System.Text;
using MailBench.Model.Records;
using MailBench.Model.Searching;
using MailBench.Reports.Fonts;
using MailBench.Reports.Plots;

namespace MailBench.Reports.Html;

/// <summary>The report as one page that needs nothing else: fonts, pictures and styles are inside, no script, light and dark by the reader's setting.</summary>
internal static class HtmlReport
{
    public static string Render(RunSummary run)
    {
        var plots = RunPlots.Of(run);
        var page = new StringBuilder();
        page.Append($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{E(run.ProfileName)} – MailBench</title>
            <style>{EmbeddedFonts.FontFaceCss}
            {Resources.Text("report.css")}</style>
            </head>
            <body>
            <a class="skip" href="#words">Skip to the result</a>
            <header>
            <h1>{E(run.ProfileName)}</h1>
            <p class="lead">{E(run.Description ?? "")}</p>
            {Badge(run)}
            <nav aria-label="Sections"><ul><li><a href="#words">In words</a></li>{(plots.Count > 0 ? "<li><a href=\"#plots\">Plots</a></li>" : "")}{(run.Comparisons.Count > 0 ? "<li><a href=\"#comparisons\">Comparisons</a></li>" : "")}{(run.Confirmations.Count > 0 ? "<li><a href=\"#confirmations\">Confirmations</a></li>" : "")}{(run.Searches.Count > 0 ? "<li><a href=\"#sustainable\">Sustainable rate</a></li>" : "")}{(OverloadSection.HasData(run) ? "<li><a href=\"#overload\">Overload</a></li>" : "")}{(run.Points.Any(p => p.Polls is not null) ? "<li><a href=\"#users\">Users</a></li>" : "")}{(HasMeasured(run) ? "<li><a href=\"#points\">Points</a></li>" : "")}{(run.Probes.Count > 0 ? "<li><a href=\"#probes\">Probes</a></li>" : "")}{(run.Points.Count > 0 ? "<li><a href=\"#details\">Each point</a></li>" : "")}<li><a href="#disclosure">Disclosure</a></li></ul></nav>
            </header>
            <main>
            <h2 id="words">In words</h2>
            <div class="card"><ul class="words">{string.Concat(run.Sentences.Select(Sentence))}</ul></div>

            """);
        if (plots.Count > 0)
        {
            page.Append("<h2 id=\"plots\">Plots</h2>\n<div class=\"plots\">\n");
            foreach (var plot in plots) page.Append(Figure(plot));
            page.Append("</div>\n");
        }

        page.Append(ComparisonSection.Render(run));
        page.Append(ConfirmationSection.Render(run));
        page.Append(ProbesSection.Render(run));
        page.Append(SearchSection.Render(run));
        page.Append(OverloadSection.Render(run));
        page.Append(UsersSection.Render(run));
        if (HasMeasured(run)) page.Append("<h2 id=\"points\">Points</h2>\n").Append(PointsTable(run));
        if (run.Points.Count > 0) page.Append("<h2 id=\"details\">Each point</h2>\n");
        foreach (var point in run.Points) page.Append(PointDetails.Render(point, run.Confirmations.FirstOrDefault(c => c.Point == point.Point)));
        page.Append("<h2 id=\"disclosure\">Disclosure</h2>\n").Append(Disclosure.Render(run));
        page.Append($"</main>\n<footer><p>MailBench {E(run.Machine.MailBenchVersion)}, run {E(run.Run)}, {E(run.StartedAt)}. All figures derive from this run's folder; <code>run.json</code> holds them for programs.</p></footer>\n</body>\n</html>\n");
        return page.ToString();
    }

    /// <summary>A table that scrolls by itself where the page is too narrow; the first cell of a row is its head.</summary>
    internal static string Table(string label, IReadOnlyList<string> heads, IEnumerable<string[]> rows)
    {
        var html = new StringBuilder($"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{E(label)}\"><table><thead><tr>");
        foreach (var head in heads) html.Append($"<th scope=\"col\">{E(head)}</th>");
        html.Append("</tr></thead><tbody>\n");
        foreach (var row in rows) html.Append($"<tr>{string.Concat(row.Select((cell, i) => i == 0 ? $"<th scope=\"row\">{E(cell)}</th>" : $"<td>{E(cell)}</td>"))}</tr>\n");
        return html.Append("</tbody></table></div>").ToString();
    }

    /// <summary>A point about mail that stands on its own.</summary>
    private static bool HasMeasured(RunSummary run) => run.OnTheirOwn().Points.Any(p => p.Polls is null);

    internal static string E(string text) => WebUtility.HtmlEncode(text);

    private static string Sentence(string text) => $"<li{(text.Contains(" is void", StringComparison.Ordinal) ? " class=\"void\"" : "")}>{E(text)}</li>";

    private static string Badge(RunSummary run)
    {
        var c = run.Conditions;
        var items = new List<string> { c.Line, $"{c.Durability} on {c.Storage}", $"{c.Windows} windows × {c.Repetitions}", c.Cores, c.Quick ? "quick" : "full" };
        var own = run.OnTheirOwn().Points;
        var voids = own.Count(p => p.Void);
        var undecided = run.Searches.Count(search => search.End != SearchEnd.Found);
        var flags = c.StorageFlags.ToList();
        if (voids > 0) flags.Add($"{voids} of {own.Count} points void");
        if (undecided > 0) flags.Add($"{undecided} of {run.Searches.Count} searches undecided");
        if (run.PointsMissing > 0) flags.Add($"{run.PointsMissing} trials not run");
        return $"<ul class=\"badge\" aria-label=\"Conditions\">{string.Concat(items.Select(i => $"<li>{E(i)}</li>"))}{string.Concat(flags.Select(f => $"<li class=\"flag\">{E(f)}</li>"))}</ul>";
    }

    private static string Figure(RunPlot plot) => $"""
        <figure class="card" role="group" aria-label="{E(plot.Title)}">
        <div class="light" role="img" aria-label="{E(plot.Title + ". " + plot.Alt)}">{RunPlots.InlineSvg(plot, PlotTheme.Light)}</div>
        <div class="dark" role="img" aria-label="{E(plot.Title + ". " + plot.Alt)}">{RunPlots.InlineSvg(plot, PlotTheme.Dark)}</div>
        <figcaption>{E(plot.Alt)}.</figcaption>
        </figure>

        """;

    private static string PointsTable(RunSummary run)
    {
        var rows = new StringBuilder();
        foreach (var p in run.OnTheirOwn().Points.Where(p => p.Polls is null))
        {
            var remarks = string.Join("; ", p.Void ? p.VoidReasons : p.Flags);
            rows.Append($"""
                <tr class="{(p.Void ? "void" : "")}{(remarks.Length > 0 ? " flagged" : "")}">
                <th scope="row"><a href="#p{p.Point}-{p.Repetition}">{p.Point}{(run.Conditions.Repetitions > 1 ? $".{p.Repetition}" : "")}</a></th>
                <td class="text">{E(p.Sweep)}</td><td>{E(Say.Capacity(p.CapacityBitsPerSecond))}</td><td class="text">{E(PlotSeries.NameOf(p))}</td><td class="text">{E(Say.Load(p))}</td>
                <td>{(p.Void ? "void" : Say.Number(p.DeliveredPerSecond))}</td><td>{Meter(p.BusyForward)}{Say.Percent(p.BusyForward)}</td><td>{Say.Number(p.YieldPerMbit)}</td>
                <td>{Say.Number(p.WireOctetsPerDelivery)}</td><td>{Say.Number(p.TransactionsPerDelivery)}</td><td>{Say.Percent(p.Efficiency)}</td><td class="text">{E(p.Bottleneck)}</td>
                <td>{Say.Ms(p.Latencies.GetValueOrDefault("delivery"), 0.5)}</td><td>{Say.Ms(p.Latencies.GetValueOrDefault("delivery"), 0.99)}</td>
                </tr>

                """);
            if (remarks.Length > 0) rows.Append($"<tr class=\"flags{(p.Void ? " void" : "")}\"><td></td><td colspan=\"13\">{E(remarks)}</td></tr>\n");
        }

        return $"""
            <div class="card"><div class="scroll" tabindex="0" role="region" aria-label="Table of points">
            <table>
            <thead><tr><th class="text" scope="col">point</th><th class="text" scope="col">sweep</th><th scope="col">line</th><th class="text" scope="col">variant</th><th class="text" scope="col">load</th>
            <th scope="col">deliveries/s</th><th scope="col">line busy</th><th scope="col">deliveries<br>per Mbit</th><th scope="col">octets<br>per delivery</th><th scope="col">transactions<br>per delivery</th>
            <th scope="col">efficiency</th><th class="text" scope="col">limited by</th><th scope="col">delivery p50</th><th scope="col">delivery p99</th></tr></thead>
            <tbody>
            {rows}</tbody>
            </table>
            </div></div>

            """;
    }

    internal static string Meter(double? share) => share is { } s
        ? FormattableString.Invariant($"<span class=\"meter\" aria-hidden=\"true\"><i style=\"width:{Math.Clamp(s * 100, 0, 100):0}%\"></i></span>")
        : "";
}
