using System.Text;
using MailBench.Model.Records;
using MailBench.Reports.Text;
using static MailBench.Reports.Html.HtmlReport;

namespace MailBench.Reports.Html;

/// <summary>The probe table: a row for each question, a column for each system, with what was expected of it where that is not the same for all.</summary>
internal static class ProbesSection
{
    public static string Render(RunSummary run)
    {
        if (run.Probes.Count == 0) return "";
        var html = new StringBuilder("<h2 id=\"probes\">Probes</h2>\n");
        html.Append("<div class=\"card\"><h3>As expected</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Probes: as expected\">\n<table>\n<thead><tr><th class=\"text\" scope=\"col\">of</th>");
        foreach (var table in run.Probes) html.Append($"<th class=\"text\" scope=\"col\">{E(Name(run, table))}<br>{E(table.Sut)}</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        foreach (var group in Groups(run)) html.Append($"<tr><th class=\"text\" scope=\"row\">{E(group)}</th>{string.Concat(run.Probes.Select(table => $"<td class=\"text\">{E(Score(table, group))}</td>"))}</tr>\n");
        html.Append("</tbody>\n</table>\n</div></div>\n");
        foreach (var group in Groups(run))
        {
            html.Append($"<div class=\"card\"><h3>{E(group)}</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Probes: {E(group)}\">\n<table>\n<thead><tr><th class=\"text\" scope=\"col\">question</th><th class=\"text\" scope=\"col\">expected</th>");
            foreach (var table in run.Probes) html.Append($"<th class=\"text\" scope=\"col\">{E(Name(run, table))}<br>{E(table.Sut)}</th>");
            html.Append("</tr></thead>\n<tbody>\n");
            foreach (var question in Questions(run, group))
            {
                html.Append($"<tr><th class=\"text wrap\" scope=\"row\">{E(question)}</th><td class=\"text wrap\">{E(Standard(run, group, question))}</td>");
                foreach (var table in run.Probes) html.Append($"<td class=\"text wrap\">{Cell(Of(table, group, question))}</td>");
                html.Append("</tr>\n");
            }

            html.Append("</tbody>\n</table>\n</div></div>\n");
        }

        return html.ToString();
    }

    /// <summary>The same as Markdown tables.</summary>
    public static string RenderMarkdown(RunSummary run)
    {
        if (run.Probes.Count == 0) return "";
        string[] systems = [.. run.Probes.Select(table => $"{Name(run, table)} ({table.Sut})")];
        var scores = Groups(run).Select(group => run.Probes.Select(table => Score(table, group)).Prepend(group));
        var text = new StringBuilder($"\n## Probes\n\n{MarkdownTable.Of(["as expected", .. systems], scores, _ => true)}");
        foreach (var group in Groups(run))
        {
            var rows = Questions(run, group).Select(question => (string[])[question, Standard(run, group, question), .. run.Probes.Select(table => Of(table, group, question) is { } f ? $"{Words(f)}{Shown(f)}" : "–")]);
            text.Append($"\n## Probes: {MarkdownReport.Plain(Printable.Of(group))}\n\n{MarkdownTable.Of(["question", "expected", .. systems], rows, _ => true)}");
        }

        return text.ToString();
    }

    /// <summary>Repetitions of one system are told apart.</summary>
    internal static string Name(RunSummary run, ProbeTable table) => run.Conditions.Repetitions > 1 ? $"{table.System}, {table.Repetition + 1}" : table.System;

    /// <summary>How many of a group's expectations were met, and how many got no answer.</summary>
    private static string Score(ProbeTable table, string group)
    {
        int Of(string verdict) => table.Findings.Count(f => f.Group == group && f.Verdict == verdict);
        var (met, not, unknown) = (Of(ProbeFinding.Agrees), Of(ProbeFinding.Differs), Of(ProbeFinding.NotShown));
        return $"{met} of {met + not}{(unknown > 0 ? $", {unknown} not shown" : "")}";
    }

    private static IEnumerable<string> Groups(RunSummary run) => run.Probes.SelectMany(table => table.Findings).Select(f => f.Group).Distinct();

    private static IEnumerable<string> Questions(RunSummary run, string group) => run.Probes.SelectMany(table => table.Findings).Where(f => f.Group == group).Select(f => f.Question).Distinct();

    private static ProbeFinding? Of(ProbeTable table, string group, string question) => table.Findings.FirstOrDefault(f => f.Group == group && f.Question == question);

    /// <summary>What is asked of all; declared values stand in each system's own cell.</summary>
    private static string Standard(RunSummary run, string group, string question) =>
        run.Probes.Select(table => Of(table, group, question)).FirstOrDefault(f => f is { Basis: not null and not ProbeFinding.Declared }) is { } f ? $"{f.Expected} ({f.Basis})" : run.Probes.Any(table => Of(table, group, question)?.Basis is not null) ? "as declared" : "–";

    private static string Cell(ProbeFinding? finding)
    {
        if (finding is null) return "–";
        var tone = finding.Verdict switch { ProbeFinding.Agrees => "good", ProbeFinding.Differs => "bad", ProbeFinding.NotShown => "warn", _ => "" };
        return $"{E(Words(finding))}{(Shown(finding) is { Length: > 0 } shown ? $" <span class=\"{tone}\">{E(shown.TrimStart())}</span>" : "")}";
    }

    private static string Words(ProbeFinding f) => f.Basis == ProbeFinding.Declared ? $"{f.Observed} (declared: {f.Expected})" : f.Observed;

    private static string Shown(ProbeFinding f) => f.Verdict == ProbeFinding.Seen ? "" : $" {f.Verdict}";
}
