using System.Globalization;
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
        text.Append(ProbesSection.RenderMarkdown(run)).Append(SearchSection.RenderMarkdown(run)).Append(OverloadSection.RenderMarkdown(run)).Append(UsersSection.RenderMarkdown(run)).Append('\n');
        var measured = run.OnTheirOwn().Points.Where(p => p.Polls is null).ToList();
        if (measured.Count > 0) text.Append(Points(measured));
        if (run.Comparisons.Count > 0) text.Append("\n## Comparisons\n\n").Append(Comparisons(run));
        text.Append(ConfirmationSection.RenderMarkdown(run));
        if (measured.Count > 0) text.Append("\n## Books (recipients)\n\n").Append(Books(measured));
        text.Append("\n## What these figures do not say\n\n");
        foreach (var caveat in run.Caveats) text.Append($"- {Plain(caveat)}\n");
        text.Append("\n## Disclosure\n\n").Append(MarkdownTable.Of(["", ""], Lines.Machine(run).Concat(Lines.Storage(run)).Concat(Lines.Calibration(run)).Select(line => (string[])[line.Name, line.Value]), _ => true));
        text.Append($"\nAgain: `{run.Command.ReplaceLineEndings(" ").Replace("`", "'", StringComparison.Ordinal)}`\n");
        return text.ToString();
    }

    private static string Points(List<PointSummary> points)
    {
        string[] heads = ["point", "sweep", "line", "variant", "load", "deliveries/s", "line busy", "per Mbit", "octets/delivery", "transactions/delivery", "efficiency", "limited by", "p50", "p99", "flags"];
        return MarkdownTable.Of(heads, points.Select(Row), column => heads[column] is "sweep" or "variant" or "load" or "limited by" or "flags");

        static string[] Row(PointSummary p)
        {
            var delivery = p.Latencies.GetValueOrDefault("delivery");
            return
            [
                $"{p.Point}", p.Sweep, Say.Capacity(p.CapacityBitsPerSecond), PlotSeries.NameOf(p), Say.Load(p), p.Void ? "void" : Say.Number(p.DeliveredPerSecond), Say.Percent(p.BusyForward),
                Say.Number(p.YieldPerMbit), Say.Number(p.WireOctetsPerDelivery), Say.Number(p.TransactionsPerDelivery), Say.Percent(p.Efficiency), p.Bottleneck,
                Say.Ms(delivery, 0.5), Say.Ms(delivery, 0.99), string.Join("; ", p.Void ? p.VoidReasons : p.Flags),
            ];
        }
    }

    private static string Comparisons(RunSummary run)
    {
        string[] heads = ["candidate", "against", "at", "ratio", "95 % interval", "p (Holm)", "verdict"];
        return MarkdownTable.Of(heads, run.Comparisons.Select(Row), column => heads[column] is "candidate" or "against" or "at" or "verdict");

        string[] Row(ComparisonSummary c) =>
        [
            c.Candidate, c.Base, ComparisonSection.At(run, c), Say.Number(c.Metric?.Ratio ?? c.RateRatio), c.Metric?.Low is null ? Say.None : $"{Say.Number(c.Metric.Low)} … {Say.Number(c.Metric.High)}",
            Say.Number(c.Metric?.AdjustedPValue), c.Verdict + (c.Why is null ? "" : ": " + c.Why),
        ];
    }

    private static string Books(List<PointSummary> points) => MarkdownTable.Of(
        ["point", "offered", "refused", "accepted", "delivered", "failed with DSN", "discarded", "still queued", "lost", "uncertain", "duplicates"],
        points.Select(p => new[] { p.Point, p.Books.Offered, p.Books.Refused, p.Books.Accepted, p.Books.Delivered, p.Books.FailedWithDsn, p.Books.Discarded, p.Books.StillQueued, p.Books.Lost, p.Books.Uncertain, p.Books.Duplicates }
            .Select(count => count.ToString(CultureInfo.InvariantCulture))));

    /// <summary>Keeps a foreign text (a role's last words, a name) from becoming markup or a new row.</summary>
    internal static string Plain(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal);
}
