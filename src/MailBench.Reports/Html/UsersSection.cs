using System.Text;
using MailBench.Model.Records;
using MailBench.Reports.Text;
using static MailBench.Reports.Html.HtmlReport;

namespace MailBench.Reports.Html;

/// <summary>The table of points about users who poll: what was offered, what the server and the line let through, the response, and the prediction beside the measurement.</summary>
internal static class UsersSection
{
    private static readonly string[] Heads =
        ["line", "users", "interval", "poll", "offered/s", "polls/s", "line busy", "response p50", "p95", "p99", "failed", "unfinished", "octets a poll", "CPU ms a poll", "line alone (predicted)", "limited by"];

    public static string Render(RunSummary run)
    {
        var points = run.Points.Where(p => p.Polls is not null).ToList();
        if (points.Count == 0) return "";
        var html = new StringBuilder("<h2 id=\"users\">Users who poll</h2>\n<div class=\"card\"><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of users\">\n<table>\n<thead><tr><th class=\"text\" scope=\"col\">point</th>");
        foreach (var head in Heads) html.Append($"<th scope=\"col\"{(head is "poll" or "limited by" ? " class=\"text\"" : "")}>{E(head)}</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        foreach (var p in points)
        {
            var remarks = string.Join("; ", p.Void ? p.VoidReasons : p.Flags);
            html.Append($"<tr class=\"{(p.Void ? "void" : "")}{(remarks.Length > 0 ? " flagged" : "")}\"><th scope=\"row\"><a href=\"#p{p.Point}-{p.Repetition}\">{p.Point}{(run.Conditions.Repetitions > 1 ? $".{p.Repetition}" : "")}</a></th>");
            foreach (var (cell, i) in Cells(p).Select((cell, i) => (cell, i))) html.Append($"<td{(Heads[i] is "poll" or "limited by" ? " class=\"text\"" : "")}>{(Heads[i] == "line busy" ? Meter(p.BusyForward) : "")}{E(cell)}</td>");
            html.Append("</tr>\n");
            if (remarks.Length > 0) html.Append($"<tr class=\"flags{(p.Void ? " void" : "")}\"><td></td><td colspan=\"{Heads.Length}\">{E(remarks)}</td></tr>\n");
        }

        return html.Append("</tbody>\n</table>\n</div></div>\n").Append(SessionsTable.Render(points)).ToString();
    }

    /// <summary>The same rows as a Markdown table.</summary>
    public static string RenderMarkdown(RunSummary run)
    {
        var points = run.Points.Where(p => p.Polls is not null).ToList();
        if (points.Count == 0) return "";
        string[] heads = ["point", .. Heads, "flags"];
        var rows = points.Select(p => (string[])[$"{p.Point}", .. Cells(p), string.Join("; ", p.Void ? p.VoidReasons : p.Flags)]);
        return $"\n## Users who poll\n\n{MarkdownTable.Of(heads, rows, column => column == heads.Length - 1)}{SessionsTable.RenderMarkdown(points)}";
    }

    private static string[] Cells(PointSummary p)
    {
        var polls = p.Polls!;
        var response = p.Latencies.GetValueOrDefault("response");
        return
        [
            Say.Capacity(p.CapacityBitsPerSecond), Say.Number(p.Users), Say.Interval(p.IntervalSeconds), polls.Action, Say.Number(polls.OfferedPerSecond), p.Void ? "void" : Say.Number(polls.PerSecond), Say.Percent(p.BusyForward),
            Say.Ms(response, 0.5), Say.Ms(response, 0.95), Say.Ms(response, 0.99), Say.Number(polls.Failed), Say.Number(polls.Unfinished),
            polls.WireOctetsForward is null ? Say.None : $"{Say.Number(polls.WireOctetsForward)} / {Say.Number(polls.WireOctetsReverse)}", Say.Number(polls.CpuMs), polls.PredictedUsers is { } most ? $"≤ {Say.Number(most)}" : Say.None, p.Bottleneck,
        ];
    }
}
