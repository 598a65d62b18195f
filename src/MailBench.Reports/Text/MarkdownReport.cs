using System.Text;
using MailBench.Model.Records;
using MailBench.Reports.Html;
using MailBench.Reports.Plots;

namespace MailBench.Reports.Text;

/// <summary>The report as Markdown, for a pull request or a wiki; pictures by relative path.</summary>
internal static class MarkdownReport
{
    public static string Render(RunSummary run)
    {
        var text = new StringBuilder();
        text.Append($"# {Plain(run.ProfileName)}\n\n");
        if (run.Description is not null) text.Append(Plain(run.Description)).Append("\n\n");
        text.Append($"> {Plain(run.Conditions.Badge)}\n\n");
        foreach (var sentence in run.Sentences) text.Append($"- {Plain(sentence)}\n");
        text.Append('\n');
        foreach (var plot in RunPlots.Of(run)) text.Append($"![{Plain(plot.Title)}. {Plain(plot.Alt)}](plots/{plot.Name}.svg)\n\n");
        text.Append(ProbesSection.RenderMarkdown(run)).Append(UsersSection.RenderMarkdown(run)).Append('\n');
        text.Append("| point | sweep | line | variant | load | deliveries/s | line busy | per Mbit | octets/delivery | transactions/delivery | efficiency | limited by | p50 | p99 | flags |\n");
        text.Append("|--:|---|--:|---|---|--:|--:|--:|--:|--:|--:|---|--:|--:|---|\n");
        foreach (var p in run.Points.Where(p => p.Polls is null))
        {
            var delivery = p.Latencies.GetValueOrDefault("delivery");
            text.Append($"| {p.Point} | {Plain(p.Sweep)} | {Say.Capacity(p.CapacityBitsPerSecond)} | {Plain(PlotSeries.NameOf(p))} | {Plain(p.LoadModel)} | {(p.Void ? "void" : Say.Number(p.DeliveredPerSecond))} | {Say.Percent(p.BusyForward)} "
                + $"| {Say.Number(p.YieldPerMbit)} | {Say.Number(p.WireOctetsPerDelivery)} | {Say.Number(p.TransactionsPerDelivery)} | {Say.Percent(p.Efficiency)} | {Plain(p.Bottleneck)} "
                + $"| {Say.Ms(delivery, 0.5)} | {Say.Ms(delivery, 0.99)} | {Plain(string.Join("; ", p.Void ? p.VoidReasons : p.Flags))} |\n");
        }

        if (run.Comparisons.Count > 0)
        {
            text.Append("\n## Comparisons\n\n| candidate | against | at | ratio | 95 % interval | p (Holm) | verdict |\n|---|---|---|--:|--:|--:|---|\n");
            foreach (var c in run.Comparisons)
                text.Append($"| {Plain(c.Candidate)} | {Plain(c.Base)} | {Plain(string.Join(", ", c.At.Select(a => a.Value)))} | {Say.Number(c.Metric?.Ratio ?? c.RateRatio)} | {(c.Metric?.Low is null ? Say.None : $"{Say.Number(c.Metric.Low)} … {Say.Number(c.Metric.High)}")} | {Say.Number(c.Metric?.AdjustedPValue)} | {Plain(c.Verdict + (c.Why is null ? "" : ": " + c.Why))} |\n");
        }

        text.Append("\n## Books (recipients)\n\n| point | offered | refused | accepted | delivered | failed with DSN | discarded | still queued | lost | uncertain | duplicates |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var p in run.Points.Where(p => p.Polls is null))
        {
            var b = p.Books;
            text.Append($"| {p.Point} | {b.Offered} | {b.Refused} | {b.Accepted} | {b.Delivered} | {b.FailedWithDsn} | {b.Discarded} | {b.StillQueued} | {b.Lost} | {b.Uncertain} | {b.Duplicates} |\n");
        }

        text.Append("\n## What these figures do not say\n\n");
        foreach (var caveat in run.Caveats) text.Append($"- {Plain(caveat)}\n");
        text.Append("\n## Disclosure\n\n| | |\n|---|---|\n");
        foreach (var (name, value) in Lines.Machine(run).Concat(Lines.Storage(run)).Concat(Lines.Calibration(run))) text.Append($"| {Plain(name)} | {Plain(value)} |\n");
        text.Append($"\nAgain: `{run.Command.ReplaceLineEndings(" ").Replace("`", "'", StringComparison.Ordinal)}`\n");
        return text.ToString();
    }

    /// <summary>Keeps a foreign text (a role's last words, a name) from becoming markup or a new row.</summary>
    private static string Plain(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal);
}
