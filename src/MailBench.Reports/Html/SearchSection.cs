using System.Globalization;
using System.Text;
using MailBench.Model.Records;
using MailBench.Model.Searching;
using MailBench.Model.Units;
using MailBench.Reports.Text;
using static MailBench.Reports.Html.HtmlReport;

namespace MailBench.Reports.Html;

/// <summary>The tries of each search for the sustainable rate, in their order: what was offered, what came of it, and why it was carried or not.</summary>
internal static class SearchSection
{
    private static readonly string[] Heads =
        ["try", "offered/s", "accepted/s", "deliveries/s", "accepted p95", "delivered p95", "undelivered grew by up to", "unaccepted by up to", "errors", "line busy", "carried"];

    public static string Render(RunSummary run)
    {
        if (run.Searches.Count == 0) return "";
        var html = new StringBuilder("<h2 id=\"sustainable\">Sustainable rate</h2>\n");
        foreach (var search in run.Searches) html.Append($"<div class=\"card\"><h3>{E(Title(search))}</h3>{Table(Title(search), Heads, Rows(run, search))}{string.Concat(search.Flags.Select(flag => $"<p class=\"warn\">Flag: {E(flag)}</p>"))}</div>\n");
        return html.ToString();
    }

    /// <summary>The same as Markdown tables.</summary>
    public static string RenderMarkdown(RunSummary run)
    {
        if (run.Searches.Count == 0) return "";
        var text = new StringBuilder("\n## Sustainable rate\n");
        foreach (var search in run.Searches) text.Append($"\n{MarkdownReport.Plain(Title(search))}\n\n").Append(MarkdownTable.Of(Heads, Rows(run, search)));
        return text.ToString();
    }

    public static string Title(SustainableFigures search) => $"{search.Sweep}: {search.Variant}, {Say.Capacity(search.CapacityBitsPerSecond)}; {Interval(search)}";

    /// <summary><c>262 to 274 messages/s</c>, or what there is of it.</summary>
    public static string Interval(SustainableFigures search)
    {
        var undecided = search.End == SearchEnd.Found ? "" : ", undecided";
        return (search.LowPerSecond, search.HighPerSecond) switch
        {
            ({ } low, { } high) => $"{Rate(low)} to {Rate(high)} messages/s{undecided}",
            ({ } low, null) => $"at least {Rate(low)} messages/s{undecided}",
            (null, { } high) => $"below {Rate(high)} messages/s{undecided}",
            _ => "undecided",
        };
    }

    /// <summary>One for each try, in the order in which they were made.</summary>
    public static IEnumerable<string[]> Rows(RunSummary run, SustainableFigures search)
    {
        foreach (var (p, t) in Tries(run, search))
            yield return
            [
                $"{p.Repetition + 1}{(t.Mark is { } mark ? $", {Kebab.Format(mark.Step)}" : "")}", t.Mark is { } offered ? Rate(offered.PerSecond) : Say.None, Say.Number(p.AcceptedPerSecond), Say.Number(p.DeliveredPerSecond), Ms(t.AcceptedP95Ms), Ms(t.DeliveredP95Ms),
                Say.Percent(t.UndeliveredBound), Say.Percent(t.UnacceptedBound), Say.Percent(t.ErrorShare), p.Void ? Say.None : Say.Percent(p.BusyForward), Verdict(t),
            ];
    }

    /// <summary>The search's trials in the order in which they were made.</summary>
    public static IEnumerable<(PointSummary Point, TryFigures Try)> Tries(RunSummary run, SustainableFigures search)
    {
        foreach (var p in run.Points)
            if (p.Point == search.Point && p.Try is { } tried) yield return (p, tried);
    }

    private static string Verdict(TryFigures tried) => tried.Verdict switch
    {
        TryVerdict.Carried => "yes",
        TryVerdict.NotCarried => $"no: {string.Join("; ", tried.Reasons)}",
        _ => $"void: {string.Join("; ", tried.Reasons)}",
    };

    /// <summary>With all its digits: two that are tried may differ in the third.</summary>
    private static string Rate(double perSecond) => perSecond.ToString("#,0.####", CultureInfo.InvariantCulture);

    private static string Ms(double? ms) => ms is { } known ? Say.Ms(known) : Say.None;
}
