using System.Text;
using MailBench.Model.Records;
using static MailBench.Reports.Html.HtmlReport;

namespace MailBench.Reports.Html;

/// <summary>Machine, storage, calibration, caveats and the command that repeats the run.</summary>
internal static class Disclosure
{
    public static string Render(RunSummary run)
    {
        var html = new StringBuilder();
        html.Append("<div class=\"card\"><h3>What these figures do not say</h3><ul>");
        foreach (var caveat in run.Caveats) html.Append($"<li>{E(caveat)}</li>");
        html.Append($"</ul><h3>Again</h3><pre>{E(run.Command)}</pre></div>\n<div class=\"card\"><div class=\"two\"><section><h3>Machine</h3><dl>");
        foreach (var (name, value) in Lines.Machine(run)) html.Append($"<dt>{E(name)}</dt><dd>{E(value)}</dd>");
        html.Append("</dl></section><section><h3>Storage</h3><dl>");
        foreach (var (name, value) in Lines.Storage(run)) html.Append($"<dt>{E(name)}</dt><dd>{E(value)}</dd>");
        html.Append("</dl></section><section><h3>Calibration</h3><dl>");
        foreach (var (name, value) in Lines.Calibration(run)) html.Append($"<dt>{E(name)}</dt><dd>{E(value)}</dd>");
        return html.Append("</dl></section></div></div>\n").ToString();
    }
}
