using System.Text;
using MailBench.Analysis.Comparing;
using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using static MailBench.Reports.Html.HtmlReport;

namespace MailBench.Reports.Html;

/// <summary>The comparisons of a run: figures of both sides, ratio with interval, verdict and why; below, the feature vectors of each pair with the roles of their differences.</summary>
internal static class ComparisonSection
{
    public static string Render(RunSummary run)
    {
        if (run.Comparisons.Count == 0) return "";
        var html = new StringBuilder("<h2 id=\"comparisons\">Comparisons</h2>\n");
        html.Append("<div class=\"card\"><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of comparisons\">\n<table>\n<thead><tr><th class=\"text\" scope=\"col\">candidate</th><th class=\"text\" scope=\"col\">against</th>"
            + "<th class=\"text\" scope=\"col\">at</th><th class=\"text\" scope=\"col\">metric</th><th scope=\"col\">candidate</th><th scope=\"col\">base</th><th scope=\"col\">ratio</th><th scope=\"col\">95 % interval</th><th scope=\"col\">p (Holm)</th>"
            + "<th scope=\"col\">noise floor</th><th class=\"text\" scope=\"col\">verdict</th></tr></thead>\n<tbody>\n");
        foreach (var c in run.Comparisons) html.Append(Row(run, c));
        html.Append("</tbody>\n</table>\n</div>\n<p>Ratios are candidate ÷ base, geometric means over interleaved blocks. Improved and regressed need the whole interval beyond the threshold and the exact sign-flip test, corrected for all comparisons above; the noise floor is what equal things differ by on this machine.</p></div>\n");
        foreach (var vectors in run.Comparisons.DistinctBy(c => (c.Factor, c.Base, c.Candidate))) html.Append(Vectors(run, vectors));
        return html.ToString();
    }

    /// <summary>What both sides share: the sweep, where a run compares in several, and its other axes.</summary>
    public static string At(RunSummary run, ComparisonSummary c)
    {
        var axes = c.At.Where(a => !a.Key.StartsWith("load.", StringComparison.Ordinal)).Select(a => Variant.Named(a.Key, a.Value));
        return string.Join(", ", run.Comparisons.Select(other => other.Sweep).Distinct().Skip(1).Any() ? axes.Prepend(c.Sweep) : axes);
    }

    private static string Row(RunSummary run, ComparisonSummary c)
    {
        var m = c.Metric;
        var tone = c.Verdict switch { "improved" => "good", "regressed" => "bad", "inconclusive" or "not comparable" => "warn", _ => "" };
        return $"""
            <tr><th scope="row">{E(Variant.Named(c.Factor, c.Candidate))}</th><td class="text">{E(Variant.Named(c.Factor, c.Base))}</td><td class="text">{E(At(run, c))}</td><td class="text">{E(m is null ? $"counts ({c.LoadModel} load)" : MetricUnit.Of(m.Name))}</td>
            <td>{Say.Number(m?.Candidate)}</td><td>{Say.Number(m?.Base)}</td><td>{Say.Number(m?.Ratio ?? m?.Candidate / m?.Base)}</td><td>{(m?.Low is null ? Say.None : $"{Say.Number(m.Low)} … {Say.Number(m.High)}")}</td>
            <td>{(m?.AdjustedPValue is { } p ? p.ToString("0.000", System.Globalization.CultureInfo.InvariantCulture) : Say.None)}</td><td>{(m?.NoiseFloor is { } floor ? "± " + Say.Percent(floor) : Say.None)}</td>
            <td class="text wrap"><span class="{tone}">{E(c.Verdict)}</span>{(c.Why is null ? "" : E(": " + c.Why))}{Adjusted(c.Adjusted)}</td></tr>

            """;
    }

    private static string Adjusted(AdjustedComparison? a) => a is null ? "" : $"<br><small>{E(a.Ratio is { } ratio ? $"{a.Kind}: {a.Side} with the other's {string.Join(", ", a.Axes)}: {Say.Number(a.DeliveredPerSecond)} deliveries/s, ratio {Say.Number(ratio)}{(a.Low is null ? "" : $" ({Say.Number(a.Low)} … {Say.Number(a.High)})")}; {a.How}" : $"not adjusted: {a.How}")}</small>";

    /// <summary>Both vectors, axis by axis; what differs stands first and says its role.</summary>
    private static string Vectors(RunSummary run, ComparisonSummary c)
    {
        if (Side(run, c, c.Base) is not { } a || Side(run, c, c.Candidate) is not { } b) return "";
        var roles = c.Differences.ToDictionary(d => d.Axis, d => d.Role);
        var axes = roles.Keys.Concat(a.Features.Keys.Union(b.Features.Keys).Except(roles.Keys));
        var rows = string.Concat(axes.Select(axis => $"<tr{(roles.ContainsKey(axis) ? " class=\"differs\"" : "")}><th scope=\"row\">{E(axis)}</th><td class=\"text wrap\">{E(Value(axis, a, true))}</td><td class=\"text wrap\">{E(Value(axis, b, false))}</td><td class=\"text\">{E(roles.GetValueOrDefault(axis, "equal"))}</td></tr>\n"));
        return $"""
            <details class="card"><summary>Features side by side: {E(Variant.Named(c.Factor, c.Candidate))}, {E(Variant.Named(c.Factor, c.Base))}<small>{roles.Count} differ</small></summary>
            <div class="scroll"><table><thead><tr><th class="text" scope="col">axis</th><th class="text" scope="col">{E(c.Base)}</th><th class="text" scope="col">{E(c.Candidate)}</th><th class="text" scope="col">role</th></tr></thead><tbody>
            {rows}</tbody></table></div></details>

            """;

        string Value(string axis, PointSummary side, bool isBase) =>
            side.Features.TryGetValue(axis, out var value) ? value : c.Differences.FirstOrDefault(d => d.Axis == axis) is { } d ? isBase ? d.Base : d.Candidate : "not stated";
    }

    private static PointSummary? Side(RunSummary run, ComparisonSummary c, string value) =>
        run.Points.FirstOrDefault(p => p.Sweep == c.Sweep && p.Axes.GetValueOrDefault(c.Factor) == value && c.At.All(at => p.Axes.GetValueOrDefault(at.Key) == at.Value));
}
