using MailBench.Model.Records;
using MailBench.Reports.Plots;
using Spectre.Console;

namespace MailBench.Reports;

/// <summary>The result on a terminal or a pipe: a table that fits 100 columns, then the sentences.</summary>
public static class ConsoleSummary
{
    public static void Print(RunSummary run, IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn("line", c => c.RightAligned()).AddColumn("variant").AddColumn("load")
            .AddColumn("deliv./s", c => c.RightAligned()).AddColumn("busy", c => c.RightAligned()).AddColumn("octets/d", c => c.RightAligned()).AddColumn("trans./d", c => c.RightAligned())
            .AddColumn("p50", c => c.RightAligned()).AddColumn("p99", c => c.RightAligned()).AddColumn("limited by");
        foreach (var p in run.Points)
        {
            var delivery = p.Latencies.GetValueOrDefault("delivery");
            table.AddRow(
                Say.Capacity(p.CapacityBitsPerSecond), Markup.Escape(PlotSeries.NameOf(p)), p.LoadModel, p.Void ? "[red]void[/]" : Say.Number(p.DeliveredPerSecond), Say.Percent(p.BusyForward),
                Say.Number(p.WireOctetsPerDelivery), Say.Number(p.TransactionsPerDelivery), delivery is null ? Say.None : Say.Ms(delivery.P50), delivery is null ? Say.None : Say.Ms(delivery.P99),
                Markup.Escape(p.Bottleneck));
        }

        console.Write(table);
        foreach (var sentence in run.Sentences) console.MarkupLineInterpolated($"• {sentence}");
        var flagged = run.Points.Where(p => p.Flags.Count > 0).ToList();
        if (flagged.Count > 0) console.MarkupLineInterpolated($"[yellow]Flags:[/] {string.Join(" | ", flagged.GroupBy(p => string.Join("; ", p.Flags)).Select(g => $"points {string.Join(", ", g.Select(p => p.Point))}: {g.Key}"))}");
        console.MarkupLineInterpolated($"[grey]{run.Conditions.Badge}[/]");
    }
}
