using System.Text;
using MailBench.Model.Records;
using static MailBench.Reports.Html.HtmlReport;

namespace MailBench.Reports.Html;

/// <summary>What a session costs the server while it is open, and how soon mail is announced to those in IDLE: points that held sessions, or had very many.</summary>
internal static class SessionsTable
{
    private static readonly string[] Heads =
        ["connected at once, mean", "most", "at the window's end", "server memory each", "of it managed heap", "TCP buffers each, all machine", "announced", "EXISTS after 250, p50", "p95", "p99", "fetched after, p50", "lost sessions"];

    public static string Render(IReadOnlyList<PointSummary> points)
    {
        var shown = Shown(points);
        if (shown.Count == 0) return "";
        var html = new StringBuilder("<h3 id=\"sessions\">Sessions</h3>\n<div class=\"card\"><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of sessions\">\n<table>\n<thead><tr><th class=\"text\" scope=\"col\">point</th>");
        foreach (var head in Heads) html.Append($"<th scope=\"col\">{E(head)}</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        foreach (var p in shown)
        {
            html.Append($"<tr><th scope=\"row\"><a href=\"#p{p.Point}-{p.Repetition}\">{p.Point}.{p.Repetition}</a></th>");
            foreach (var cell in Cells(p)) html.Append($"<td>{E(cell)}</td>");
            html.Append("</tr>\n");
        }

        return html.Append("</tbody>\n</table>\n</div></div>\n").ToString();
    }

    public static string RenderMarkdown(IReadOnlyList<PointSummary> points)
    {
        var shown = Shown(points);
        if (shown.Count == 0) return "";
        return $"\n### Sessions\n\n{Text.MarkdownTable.Of(["point", .. Heads], shown.Select(p => (string[])[$"{p.Point}.{p.Repetition}", .. Cells(p)]))}";
    }

    private static List<PointSummary> Shown(IReadOnlyList<PointSummary> points) => [.. points.Where(static p => p.Polls is { Pushed: not null } or { ServerBytesPerSession: not null })];

    private static string[] Cells(PointSummary p)
    {
        var (polls, push) = (p.Polls!, p.Latencies.GetValueOrDefault("push"));
        return
        [
            Say.Number(polls.SessionsMean), Say.Number(polls.SessionsMost), Say.Number(polls.SessionsOpen), KiB(polls.ServerBytesPerSession), KiB(polls.ServerManagedBytesPerSession), KiB(polls.TcpBufferBytesPerSession), Say.Number(polls.Pushed),
            Say.Ms(push, 0.5), Say.Ms(push, 0.95), Say.Ms(push, 0.99), Say.Ms(p.Latencies.GetValueOrDefault("push.fetch"), 0.5), Say.Number(polls.Dropped),
        ];
    }

    private static string KiB(double? octets) => octets is { } known ? $"{Say.Number(known / 1024)} KiB" : Say.None;
}
