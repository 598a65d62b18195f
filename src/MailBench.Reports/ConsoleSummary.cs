using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using Spectre.Console;

namespace MailBench.Reports;

/// <summary>The result on a terminal or a pipe: a table that fits 100 columns, then the sentences.</summary>
public static class ConsoleSummary
{
    public static void Print(RunSummary run, IAnsiConsole console)
    {
        var all = run;
        // Companions speak in the sentences, each through the point that it stands beside; tries have a table of their own.
        run = run.OnTheirOwn();
        // A pipe has no width of its own: 100 columns, so that a log keeps the table's rows whole.
        if (!console.Profile.Out.IsTerminal) console.Profile.Width = Math.Max(console.Profile.Width, 100);
        var table = new Table().Border(TableBorder.Simple).AddColumn("line", Number).AddColumn("variant", c => c.Padding(0, 1)).AddColumn("load", Text).AddColumn("deliv./s", Number).AddColumn("busy", Number)
            .AddColumn("octets/d", Number).AddColumn("trans./d", Number).AddColumn("p50", Number).AddColumn("p99", Number).AddColumn("limited by", c => c.Padding(0, 0));
        var variant = Variant.Among(run.Points);
        foreach (var p in run.Points.Where(p => p.Polls is null))
        {
            var delivery = p.Latencies.GetValueOrDefault("delivery");
            table.AddRow(
                Say.Capacity(p.CapacityBitsPerSecond), Shown(variant(p)), Shown(Say.Load(p)), p.Void ? "[red]void[/]" : Say.Number(p.DeliveredPerSecond), Say.Percent(p.BusyForward),
                Say.Number(p.WireOctetsPerDelivery), Say.Number(p.TransactionsPerDelivery), Say.Ms(delivery, 0.5), Say.Ms(delivery, 0.99),
                Shown(p.Bottleneck));
        }

        if (table.Rows.Count > 0) console.Write(table);
        if (run.Points.Any(p => p.Polls is not null)) console.Write(Users(run));
        foreach (var search in run.Searches) console.Write(Tries(all, search));
        foreach (var probed in run.Probes) console.Write(Probes(run, probed));
        foreach (var sentence in run.Sentences) console.MarkupLineInterpolated($"• {Printable.Of(sentence)}");
        if (Fates(run) is { } fates) console.MarkupLineInterpolated($"[yellow]books[/] {fates}");
        // By kind: the figures behind each flag are in the report.
        foreach (var flag in run.Points.SelectMany(p => p.Flags.Select(f => (Kind: f.Split(':')[0], Text: f, p.Point))).GroupBy(f => f.Kind).OrderByDescending(g => g.Count()))
        {
            var on = flag.Select(f => f.Point).Distinct().ToList();
            var where = on.Count == run.Points.Select(p => p.Point).Distinct().Count() ? "all points" : $"point{(on.Count == 1 ? "" : "s")} {string.Join(", ", on)}";
            var texts = flag.Select(f => f.Text).Distinct().ToList();
            console.MarkupLineInterpolated($"[yellow]flag[/] {where}: {Printable.Of(texts.Count == 1 ? texts[0] : flag.Key)}");
        }

        console.MarkupLineInterpolated($"[grey]{Printable.Of(run.Conditions.Badge)}[/]");

        // What did not simply arrive, over all points: a rate alone would not show it.
        static string? Fates(RunSummary run)
        {
            var odd = run.Points.Where(p => p.Books is var b && b.Refused + b.FailedWithDsn + b.Discarded + b.StillQueued + b.Uncertain + b.Duplicates + b.Lost > 0).ToList();
            (string Name, Func<BooksSummary, long> Of)[] fates =
            [
                ("refused at the door", b => b.Refused), ("failed with DSN", b => b.FailedWithDsn), ("discarded", b => b.Discarded), ("still queued", b => b.StillQueued),
                ("uncertain", b => b.Uncertain), ("duplicates", b => b.Duplicates), ("lost", b => b.Lost),
            ];
            var counts = fates.Select(f => (f.Name, Count: odd.Sum(p => f.Of(p.Books)))).Where(f => f.Count > 0).Select(f => $"{f.Name} {Say.Count(f.Count)}").ToList();
            return counts.Count == 0 ? null : $"of {Say.Count(odd.Sum(p => p.Books.Offered))} recipients offered at point{(odd.Count == 1 ? "" : "s")} {string.Join(", ", odd.Select(p => p.Point).Distinct())}: {string.Join(", ", counts)}";
        }

        static Table Users(RunSummary run)
        {
            var table = new Table().Border(TableBorder.Simple).AddColumn("line", Number).AddColumn("users", Number).AddColumn("every", Number).AddColumn("poll", Text).AddColumn("offered/s", Number)
                .AddColumn("polls/s", Number).AddColumn("busy", Number).AddColumn("p50", Number).AddColumn("p95", Number).AddColumn("failed", Number).AddColumn("limited by", c => c.Padding(0, 0));
            foreach (var p in run.Points)
            {
                if (p.Polls is not { } polls) continue;
                var response = p.Latencies.GetValueOrDefault("response");
                table.AddRow(
                    Say.Capacity(p.CapacityBitsPerSecond), Say.Number(p.Users), Say.Interval(p.IntervalSeconds), Shown(polls.Action), Say.Number(polls.OfferedPerSecond), p.Void ? "[red]void[/]" : Say.Number(polls.PerSecond),
                    Say.Percent(p.BusyForward), Say.Ms(response, 0.5), Say.Ms(response, 0.95), Say.Count(polls.Failed), Shown(p.Bottleneck));
            }

            return table;
        }

        // Why a try was not carried is in the report; the sentence has it of the interval's upper end.
        static Table Tries(RunSummary run, SustainableFigures search)
        {
            var table = new Table().Border(TableBorder.Simple).AddColumn("try", Text).AddColumn("offered/s", Number).AddColumn("acc./s", Number).AddColumn("deliv./s", Number).AddColumn("acc. p95", Number).AddColumn("deliv. p95", Number)
                .AddColumn("backlogs", Number).AddColumn("errors", Number).AddColumn("busy", Number).AddColumn("carried", Text);
            foreach (var row in Html.SearchSection.Rows(run, search))
                table.AddRow(Shown(row[0]), row[1], row[2], row[3], row[4], row[5], $"{row[6]}, {row[7]}", row[8], row[9], Shown(row[10].Split(':')[0]));
            return table;
        }

        // What is as expected is counted in the sentence below; the report has it all.
        static Table Probes(RunSummary run, ProbeTable probes)
        {
            var table = new Table().Border(TableBorder.Simple).AddColumn(Markup.Escape(Html.ProbesSection.Name(run, probes))).AddColumn("expected").AddColumn("observed").AddColumn("verdict", Text);
            foreach (var f in probes.Findings.Where(f => f.Group is "features" or ProbeFinding.CrossCheck || f.Verdict is ProbeFinding.Differs or ProbeFinding.NotShown))
                table.AddRow(Shown(f.Question), Shown(f.Expected ?? Say.None), Shown(f.Observed), Shown(f.Verdict));
            return table;
        }

        static string Shown(string text) => Markup.Escape(Printable.Of(text));

        static void Number(TableColumn column) => column.RightAligned().NoWrap().Padding(0, 1);

        static void Text(TableColumn column) => column.NoWrap().Padding(0, 1);
    }
}
