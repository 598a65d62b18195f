using System.Text;
using MailBench.Model.Records;
using MailBench.Model.Units;
using static MailBench.Reports.Html.HtmlReport;

namespace MailBench.Reports.Html;

/// <summary>Everything about one point, folded: utilisations, books, latencies, flags, features.</summary>
internal static class PointDetails
{
    private const string Title = "Utilisation U = X·D ÷ C";
    private static readonly string[] Heads = ["resource", "demand per delivery", "capacity", "U"];

    /// <param name="p">The point.</param>
    /// <param name="confirmation">What its companions say of it; null: it has none.</param>
    public static string Render(PointSummary p, ConfirmationSummary? confirmation)
    {
        var html = new StringBuilder();
        html.Append($"<details class=\"card\" id=\"p{p.Point}-{p.Repetition}\"{(p.Void ? " open" : "")}><summary>Point {p.Point}: {E(Say.Where(p))}<small>{(p.Companion is { } beside ? $"beside point {beside.Origin}, more of the {Kebab.Format(beside.Change)}; " : "")}{(p.Try is { Mark: { } mark } ? $"try {p.Repetition + 1}, {Say.Number(mark.PerSecond)}/s; " : "")}{E(p.Sweep)}, {E(p.LoadModel)}, {(p.Void ? "void" : p.Polls is { } polls ? $"{Say.Number(polls.PerSecond)} polls/s" : $"{Say.Number(p.DeliveredPerSecond)} deliveries/s")}</small></summary>\n");
        foreach (var reason in p.VoidReasons) html.Append($"<p class=\"bad\">Void: {E(reason)}</p>\n");
        if (p.Failure is { LastLogLines.Count: > 0 } failure) html.Append($"<p>The last words of {E(failure.Role)}:</p><pre>{E(string.Join('\n', failure.LastLogLines))}</pre>\n");
        foreach (var flag in p.Flags) html.Append($"<p class=\"warn\">Flag: {E(flag)}</p>\n");
        if (confirmation is not null) html.Append($"<p>{E(confirmation.Sentence)}</p>\n");
        html.Append("<div class=\"two\">\n").Append(Utilisations(p, confirmation)).Append(p.Polls is null ? Books(p.Books) : Polls(p.Polls)).Append(Latencies(p)).Append(Figures(p)).Append("</div>\n</details>\n");
        return html.ToString();
    }

    private static string Utilisations(PointSummary p, ConfirmationSummary? confirmation)
    {
        if (p.Utilisations.Count == 0) return "";
        var rows = p.Utilisations.Select(u => (u.Resource, Cells: new[] { $"{Say.Number(u.Demand)} {E(u.Unit)}", u.Capacity is { } c ? $"{Say.Number(c)} {E(u.Unit)}/s" : Say.None, Meter(u.Share) + Say.Percent(u.Share) }));
        if (confirmation is null) return Table(Title, Heads, rows.Select(row => Row(row.Resource, row.Cells)));
        // What more of a resource gave stands in its row; the testbed's own CPU has none.
        var tried = confirmation.Companions.DistinctBy(r => r.Resource).ToDictionary(r => r.Resource, r => E(ConfirmationSection.Brief(r)));
        var others = tried.Keys.Except(p.Utilisations.Select(u => u.Resource)).Select(resource => (Resource: resource, Cells: new[] { Say.None, Say.None, Say.None }));
        return Table(Title, [.. Heads, "with more of it"], rows.Concat(others).Select(row => Row(row.Resource, [.. row.Cells, tried.GetValueOrDefault(row.Resource, "not tried")])));
    }

    private static string Books(BooksSummary b) => Table(
        b.CountedNotBooked ? "Counted, not booked (recipients)" : $"Books (recipients): {(b.Close ? "closed" : "do not close")}", ["", "recipients"],
        new (string Name, long Count)[]
        {
            ("offered", b.Offered), ("refused at the door", b.Refused), ("accepted", b.Accepted), ("= delivered", b.Delivered), ("+ failed with DSN", b.FailedWithDsn), ("+ discarded by policy", b.Discarded),
            ("+ still queued", b.StillQueued), ("+ lost", b.Lost), ("uncertain", b.Uncertain), ("… of these arrived", b.UncertainArrived), ("duplicates", b.Duplicates), ("unexpected", b.Unexpected),
        }.Select(r => Row(r.Name, Say.Number(r.Count))));

    private static string Latencies(PointSummary p) => p.Latencies.Count == 0 ? "" : Table("Times", ["", "n", "p50", "p95", "p99", "p99.9", "max"], p.Latencies.Select(l =>
        Row(l.Key.StartsWith("service.", StringComparison.Ordinal) ? "service: " + l.Key[8..] : l.Key, Say.Number(l.Value.Count), Say.Ms(l.Value, 0.5), Say.Ms(l.Value, 0.95), Say.Ms(l.Value, 0.99), Say.Ms(l.Value, 0.999), Say.Ms(l.Value.Max))));

    private static string Figures(PointSummary p)
    {
        if (p.Polls is not null)
        {
            string[] ofUsers =
            [
                Row("window", $"{Say.Number(p.WindowSeconds)} s"), Row("busy toward the users / the server", $"{Say.Percent(p.BusyForward)} / {Say.Percent(p.BusyReverse)}"),
                Row("memory of the server", p.SutResidentBytesMax is { } bytes ? $"{Say.Number(bytes / 1048576.0)} MiB" : Say.None), .. Shared(p),
            ];
            return Table("Figures", ["", ""], ofUsers, "wrap text");
        }

        var rows = new List<string>
        {
            Row("window", $"{Say.Number(p.WindowSeconds)} s, {Say.Number(p.DeliveriesInWindow)} deliveries"),
            Row("under way at the window's end, less at its begin", p.UnderWayShare is { } share ? $"{Say.Percent(share)} of what was delivered" : Say.None),
            Row("first injection to last delivery", p.WholeTrialPerSecond is { } whole ? $"{Say.Number(whole)} deliveries/s" : Say.None),
            Row("offered / accepted", $"{Say.Number(p.OfferedPerSecond)} / {Say.Number(p.AcceptedPerSecond)} messages/s"),
            Row("ideal line ceiling", p.IdealCeilingPerSecond is null ? Say.None : $"{Say.Number(p.IdealCeilingLowPerSecond)} … {Say.Number(p.IdealCeilingPerSecond)} deliveries/s"),
            Row("busy forward / reverse", $"{Say.Percent(p.BusyForward)} / {Say.Percent(p.BusyReverse)}"),
            Row("goodput / wire efficiency", $"{Say.Percent(p.GoodputForward)} / {Say.Percent(p.WireEfficiency)}"),
            Row("octets per delivery, forward / reverse", $"{Say.Number(p.WireOctetsPerDelivery)} / {Say.Number(p.WireOctetsReversePerDelivery)}"),
            Row("connections / queries per delivery", $"{Say.Number(p.SessionsPerDelivery)} / {Say.Number(p.QueriesPerDelivery)}"),
            Row("look-ups per delivery, cached / stale / negative", $"{Say.Number(p.LookupsCachedPerDelivery)} / {Say.Number(p.LookupsStalePerDelivery)} / {Say.Number(p.LookupsNegativePerDelivery)}"),
            Row("round trips / syncs per delivery", $"{Say.Number(p.RoundTripsPerDelivery)} / {Say.Number(p.SyncsPerDelivery)}"),
            Row("flushes of the queue's disk per delivery, all programs'", Say.Number(p.DeviceFlushesPerDelivery)),
            Row("CPU of the SUT per delivery", $"{Say.Number(p.CpuMsPerDelivery)} ms"),
            Row("memory of the SUT, begin / end", $"{Say.Number(p.SutResidentBytesBegin / 1048576.0)} / {Say.Number(p.SutResidentBytesMax / 1048576.0)} MiB"),
            Row("undelivered, end less begin", $"{Say.Number(p.QueueGrowthRecipients)} recipients"),
        };
        rows.AddRange(Shared(p));
        return Table("Figures", ["", ""], rows, "wrap text");
    }

    private static string[] Shared(PointSummary p) =>
    [
        Row("CPU shares", string.Join(", ", p.CpuShares.OrderByDescending(s => s.Value).Select(s => $"{E(s.Key)} {Say.Percent(s.Value)}"))),
        Row("features", E(string.Join(", ", p.Features.Select(f => $"{f.Key} {f.Value}")))),
    ];

    private static string Polls(PollFigures polls) => Table("Polls", ["", ""], new[]
    {
        Row("offered / finished", $"{Say.Number(polls.OfferedPerSecond)} / {Say.Number(polls.PerSecond)} polls/s"), Row("finished in the window", Say.Number(polls.Finished)), Row("failed", Say.Number(polls.Failed)),
        Row("unfinished at the end of the drain", Say.Number(polls.Unfinished)), Row("octets a poll, to the users / to the server", $"{Say.Number(polls.WireOctetsForward)} / {Say.Number(polls.WireOctetsReverse)}"),
        Row("mail stored / retrieved", $"{Say.Number(polls.StoredPerSecond)} / {Say.Number(polls.RetrievedPerSecond)} messages/s"),
        Row("CPU of the server a poll", $"{Say.Number(polls.CpuMs)} ms"), Row("users that the line alone would carry (predicted)", polls.PredictedUsers is { } most ? $"≤ {Say.Number(most)}" : Say.None),
        Row("share of a user, median / 5th percentile; Jain's index", $"{Say.Number(polls.KbitPerUser)} / {Say.Number(polls.KbitPerUserLow)} kbit/s; {Say.Number(polls.Fairness)}"),
        Row("connected at once, mean of the window / most", $"{Say.Number(polls.SessionsMean)} / {Say.Number(polls.SessionsMost)}"),
        Row("sessions open at the window's end; server memory for each", $"{Say.Number(polls.SessionsOpen)}; {(polls.ServerBytesPerSession is { } octets ? $"{Say.Number(octets / 1024)} KiB" : Say.None)}"),
    }) + StepsSection.Render(polls);

    private static string Row(string name, params string[] cells) => $"<tr><th scope=\"row\">{E(name)}</th>{string.Concat(cells.Select(c => $"<td>{c}</td>"))}</tr>\n";

    private static string Table(string title, IReadOnlyList<string> heads, IEnumerable<string> rows, string cellClass = "")
    {
        var head = heads.All(h => h.Length == 0) ? "" : $"<thead><tr>{string.Concat(heads.Select((h, i) => $"<th scope=\"col\"{(i == 0 ? " class=\"text\"" : "")}>{E(h)}</th>"))}</tr></thead>";
        var body = string.Concat(rows);
        if (cellClass.Length > 0) body = body.Replace("<td>", $"<td class=\"{cellClass}\">", StringComparison.Ordinal);
        return $"<section><h3>{E(title)}</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{E(title)}\"><table>{head}<tbody>\n{body}</tbody></table></div></section>\n";
    }
}
