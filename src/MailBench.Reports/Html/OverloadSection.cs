using System.Text;
using MailBench.Model.Records;
using MailBench.Reports.Text;
using static MailBench.Reports.Html.HtmlReport;

namespace MailBench.Reports.Html;

/// <summary>Overload curves and the stages of trials whose load changed, as tables: the figures behind their plots.</summary>
internal static class OverloadSection
{
    private static readonly string[] CurveHeads = ["offered", "recipients/s", "deliveries/s", "delivery p50", "p95", "response p95", "limited by", ""];
    private static readonly string[] StageHeads = ["stage", "from", "for", "recipients/s", "deliveries/s", "delivery p50", "p95", "undelivered at its end"];

    public static bool HasData(RunSummary run) => run.Curves.Count > 0 || run.Points.Any(p => p.Course is not null);

    public static string Render(RunSummary run)
    {
        if (!HasData(run)) return "";
        var html = new StringBuilder("<h2 id=\"overload\">Near the limit and past it</h2>\n");
        foreach (var (title, heads, rows) in Tables(run)) html.Append($"<div class=\"card\"><h3>{E(title)}</h3>{Table(title, heads, rows)}</div>\n");
        return html.ToString();
    }

    /// <summary>The same as Markdown tables.</summary>
    public static string RenderMarkdown(RunSummary run)
    {
        if (!HasData(run)) return "";
        var text = new StringBuilder("\n## Near the limit and past it\n");
        foreach (var (title, heads, rows) in Tables(run)) text.Append($"\n{MarkdownReport.Plain(Printable.Of(title))}\n\n{MarkdownTable.Of(heads, rows)}");
        return text.ToString();
    }

    private static IEnumerable<(string Title, string[] Heads, IEnumerable<string[]> Rows)> Tables(RunSummary run)
    {
        foreach (var curve in run.Curves)
            yield return ($"{curve.Sweep}: {curve.Variant}, {Say.Capacity(curve.CapacityBitsPerSecond)}; 100 % is {Say.Number(curve.WholePerSecond)} deliveries/s", CurveHeads, curve.Points.Select(p => Row(curve, p)));
        foreach (var p in run.Points)
            if (p.Course is { } course) yield return ($"{p.Sweep}: {Plots.PlotSeries.NameOf(p)}, {Say.Capacity(p.CapacityBitsPerSecond)} (point {p.Point}.{p.Repetition})", StageHeads, course.Stages.Select(Row));
    }

    private static string[] Row(CurveFigures curve, CurvePoint p) =>
    [
        Say.Share(p.Share), Say.Number(p.OfferedPerSecond), Say.Number(p.DeliveredPerSecond), p.P50Ms is { } half ? Say.Ms(half) : Say.None, Say.Ms(p.P95Ms), p.ResponseP95Ms is { } response ? Say.Ms(response) : Say.None, p.Bottleneck,
        p.Share == curve.KneeShare ? "knee" : p.P95Ms > 2 * curve.PlateauMs ? "past the knee" : "",
    ];

    private static string[] Row(StageFigures s) =>
    [
        s.Name, $"{Say.Number(s.Second)} s", $"{Say.Number(s.Seconds)} s", Say.Number(s.OfferedPerSecond), Say.Number(s.DeliveredPerSecond), s.P50Ms is { } half ? Say.Ms(half) : Say.None, s.P95Ms is { } most ? Say.Ms(most) : Say.None,
        Say.Count(s.Undelivered),
    ];
}
