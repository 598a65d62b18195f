using System.Text;
using MailBench.Model.Records;
using static MailBench.Reports.Html.HtmlReport;

namespace MailBench.Reports.Html;

/// <summary>What companions say of the saturated points: how much more each had, what that gave, and whether it confirms the limit that was named.</summary>
internal static class ConfirmationSection
{
    private static readonly string[] Heads = ["point", "named", "given more", "by", "companion", "deliveries/s, point", "companion", "ratio", "95 % interval", "pairs", "verdict"];

    public static string Render(RunSummary run)
    {
        if (run.Confirmations.Count == 0) return "";
        var html = new StringBuilder("<h2 id=\"confirmations\">Confirmations</h2>\n<div class=\"card\"><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of confirmations\">\n<table>\n<thead><tr>");
        foreach (var head in Heads) html.Append($"<th scope=\"col\"{(IsText(head) ? " class=\"text\"" : "")}>{E(head)}</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        foreach (var (confirmation, result) in Rows(run))
        {
            var cells = Cells(confirmation, result);
            html.Append($"<tr><th scope=\"row\">{cells[0]}</th>");
            for (var i = 1; i < cells.Length - 1; i++) html.Append($"<td{(IsText(Heads[i]) ? " class=\"text\"" : "")}>{E(cells[i])}</td>");
            html.Append($"<td class=\"text wrap\"><span class=\"{Tone(result)}\">{E(cells[^1])}</span></td></tr>\n");
        }

        return html.Append("</tbody>\n</table>\n</div>\n<p>A companion is its point once more, in the same blocks, with more of one thing; ratios are companion ÷ point. A limit is confirmed where 25 % more of it gives at least 15 % more deliveries"
            + " (of sessions, which are whole, as much of what they were given); the testbed's CPU does not matter where 20 % more of it in source and sink moves the rate by 3 % at most. The whole interval must say so.</p></div>\n").ToString();
    }

    public static string RenderMarkdown(RunSummary run)
    {
        if (run.Confirmations.Count == 0) return "";
        return $"\n## Confirmations\n\n{Text.MarkdownTable.Of(Heads, Rows(run).Select(row => Cells(row.Confirmation, row.Result)), column => IsText(Heads[column]))}";
    }

    /// <summary>Ratio and verdict in few words, for the row of the resource in a point's table of utilisations.</summary>
    public static string Brief(CompanionResult result) =>
        result.Ratio is null ? result.Verdict : $"{By(result)} gave {Say.Number(result.Ratio)} × {Interval(result)}: {result.Verdict}";

    private static IEnumerable<(ConfirmationSummary Confirmation, CompanionResult Result)> Rows(RunSummary run) => run.Confirmations.SelectMany(c => c.Companions, (c, r) => (c, r));

    private static string[] Cells(ConfirmationSummary c, CompanionResult r) =>
    [
        Say.Count(c.Point), c.Named, r.Resource, By(r), Say.Count(r.Point), Say.Number(r.OriginPerSecond), Say.Number(r.CompanionPerSecond), Say.Number(r.Ratio), Interval(r) is { Length: > 0 } interval ? interval.Trim('(', ')') : Say.None,
        Say.Count(r.Blocks), r.Why is null ? r.Verdict : $"{r.Verdict}: {r.Why}",
    ];

    private static string By(CompanionResult r) => $"{Say.Percent(r.Given - 1)} more";

    private static string Interval(CompanionResult r) => r.Low is null ? "" : $"({Say.Number(r.Low)} … {Say.Number(r.High)})";

    private static bool IsText(string head) => head is "named" or "given more" or "verdict";

    private static string Tone(CompanionResult r) => r.Verdict switch
    {
        CompanionResult.Confirmed or CompanionResult.NoMatter => "good",
        CompanionResult.NotConfirmed => "bad",
        CompanionResult.NoLimit => "",
        _ => "warn",
    };
}
