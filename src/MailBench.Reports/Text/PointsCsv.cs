using System.Globalization;
using System.Text;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Reports.Text;

/// <summary>points.csv (RFC 4180): the columns of the contract first and in its order, then what else a point has. Empty: not measured, or void.</summary>
internal static class PointsCsv
{
    private static readonly (string Name, Func<PointSummary, object?> Of)[] Columns =
    [
        ("point", p => p.Point), ("repetition", p => p.Repetition), ("capacityBitsPerSecond", p => p.CapacityBitsPerSecond), ("strategy", p => p.Strategy), ("users", p => p.Users),
        ("intervalSeconds", p => p.IntervalSeconds), ("deliveredPerSecond", p => p.DeliveredPerSecond), ("busyForward", p => p.BusyForward), ("wireOctetsPerDelivery", p => p.WireOctetsPerDelivery),
        ("sessionsPerDelivery", p => p.SessionsPerDelivery), ("transactionsPerDelivery", p => p.TransactionsPerDelivery), ("queriesPerDelivery", p => p.QueriesPerDelivery),
        ("bottleneck", p => p.Bottleneck), ("flags", p => string.Join("; ", p.Flags)), ("void", p => p.Void),
        ("voidReasons", p => string.Join("; ", p.VoidReasons)), ("sweep", p => p.Sweep), ("axes", p => string.Join("; ", p.Axes.Select(a => $"{a.Key}={a.Value}"))), ("companionOf", p => p.Companion?.Origin), ("companionChange", p => p.Companion is { } c ? Kebab.Format(c.Change) : null), ("loadModel", p => p.LoadModel),
        ("tryPerSecond", p => p.Try?.Mark?.PerSecond), ("tryStep", p => p.Try?.Mark is { } mark ? Kebab.Format(mark.Step) : null), ("tryVerdict", p => p.Try is { } tried ? Kebab.Format(tried.Verdict) : null), ("undeliveredBound", p => p.Try?.UndeliveredBound), ("unacceptedBound", p => p.Try?.UnacceptedBound), ("errorShare", p => p.Try?.ErrorShare),
        ("windowSeconds", p => p.WindowSeconds), ("recipientsPerMessage", p => p.RecipientsPerMessage), ("offeredShare", p => p.OfferedShare), ("saturatedPerSecond", p => p.SaturatedPerSecond), ("offeredPerSecond", p => p.OfferedPerSecond), ("acceptedPerSecond", p => p.AcceptedPerSecond),
        ("deliveriesInWindow", p => p.DeliveriesInWindow), ("underWayShare", p => p.UnderWayShare), ("contentVariation", p => p.ContentVariation), ("wholeTrialPerSecond", p => p.WholeTrialPerSecond), ("busyReverse", p => p.BusyReverse), ("goodputForward", p => p.GoodputForward), ("wireEfficiency", p => p.WireEfficiency),
        ("yieldPerMbit", p => p.YieldPerMbit), ("wireOctetsReversePerDelivery", p => p.WireOctetsReversePerDelivery), ("roundTripsPerDelivery", p => p.RoundTripsPerDelivery),
        ("lookupsCachedPerDelivery", p => p.LookupsCachedPerDelivery), ("lookupsStalePerDelivery", p => p.LookupsStalePerDelivery), ("lookupsNegativePerDelivery", p => p.LookupsNegativePerDelivery),
        ("syncsPerDelivery", p => p.SyncsPerDelivery), ("deviceFlushesPerDelivery", p => p.DeviceFlushesPerDelivery), ("cpuMsPerDelivery", p => p.CpuMsPerDelivery), ("sutResidentBytesMax", p => p.SutResidentBytesMax),
        ("sutResidentBytesBegin", p => p.SutResidentBytesBegin), ("queueGrowthRecipients", p => p.QueueGrowthRecipients),
        ("idealCeilingPerSecond", p => p.IdealCeilingPerSecond), ("idealCeilingLowPerSecond", p => p.IdealCeilingLowPerSecond), ("efficiency", p => p.Efficiency),
        ("drift", p => p.Drift), ("driftHalfWidth", p => p.DriftHalfWidth),
        ("deliveryP50Ms", p => Latency(p, "delivery")?.At(0.5)), ("deliveryP95Ms", p => Latency(p, "delivery")?.At(0.95)), ("deliveryP99Ms", p => Latency(p, "delivery")?.At(0.99)),
        ("responseP50Ms", p => Latency(p, "response")?.At(0.5)), ("responseP95Ms", p => Latency(p, "response")?.At(0.95)), ("responseP99Ms", p => Latency(p, "response")?.At(0.99)),
        ("latenessP99Ms", p => Latency(p, "lateness")?.At(0.99)), ("waitingP99Ms", p => Latency(p, "waiting")?.At(0.99)),
        ("pollsOfferedPerSecond", p => p.Polls?.OfferedPerSecond), ("pollsPerSecond", p => p.Polls?.PerSecond), ("pollsFailed", p => p.Polls?.Failed), ("pollsUnfinished", p => p.Polls?.Unfinished),
        ("wireOctetsForwardPerPoll", p => p.Polls?.WireOctetsForward), ("wireOctetsReversePerPoll", p => p.Polls?.WireOctetsReverse), ("storedPerSecond", p => p.Polls?.StoredPerSecond), ("retrievedPerSecond", p => p.Polls?.RetrievedPerSecond), ("cpuMsPerPoll", p => p.Polls?.CpuMs), ("predictedUsers", p => p.Polls?.PredictedUsers),
        ("predictedBy", p => p.Polls?.Predictions.FirstOrDefault()?.Resource), ("predictedUsersLeast", p => p.Polls?.Predictions.FirstOrDefault()?.Users), ("carriedUsers", p => p.Polls?.Knee?.CarriedUsers), ("notCarriedUsers", p => p.Polls?.Knee?.NotCarriedUsers),
        ("recoverySeconds", p => p.Polls?.Knee?.RecoverySeconds ?? p.Course?.Recovery?.Seconds), ("recoveryExpectedSeconds", p => p.Polls?.Knee?.RecoveryExpectedSeconds ?? p.Course?.Recovery?.ExpectedSeconds), ("carriedAfterOverload", p => p.Polls?.Knee?.CarriedAfter), ("kbitPerUser", p => p.Polls?.KbitPerUser), ("kbitPerUserLow", p => p.Polls?.KbitPerUserLow), ("fairness", p => p.Polls?.Fairness),
        ("sessionsMean", p => p.Polls?.SessionsMean), ("sessionsMost", p => p.Polls?.SessionsMost), ("sessionsOpen", p => p.Polls?.SessionsOpen), ("serverBytesPerSession", p => p.Polls?.ServerBytesPerSession),
        ("serverManagedBytesPerSession", p => p.Polls?.ServerManagedBytesPerSession), ("tcpBufferBytesPerSession", p => p.Polls?.TcpBufferBytesPerSession), ("pushed", p => p.Polls?.Pushed), ("dropped", p => p.Polls?.Dropped),
        ("pushP50Ms", p => Latency(p, "push")?.At(0.5)), ("pushP95Ms", p => Latency(p, "push")?.At(0.95)), ("pushP99Ms", p => Latency(p, "push")?.At(0.99)),
        ("booksOffered", p => p.Books.Offered), ("booksAccepted", p => p.Books.Accepted), ("booksDelivered", p => p.Books.Delivered), ("booksFailedWithDsn", p => p.Books.FailedWithDsn),
        ("booksDiscarded", p => p.Books.Discarded), ("booksStillQueued", p => p.Books.StillQueued), ("booksLost", p => p.Books.Lost), ("booksRefused", p => p.Books.Refused),
        ("booksUncertain", p => p.Books.Uncertain), ("duplicates", p => p.Books.Duplicates),
    ];

    public static string Render(IEnumerable<PointSummary> points)
    {
        var text = new StringBuilder().AppendJoin(',', Columns.Select(c => c.Name)).Append("\r\n");
        foreach (var point in points) text.AppendJoin(',', Columns.Select(c => Cell(c.Of(point)))).Append("\r\n");
        return text.ToString();
    }

    private static Percentiles? Latency(PointSummary point, string name) => point.Latencies.GetValueOrDefault(name);

    private static string Cell(object? value)
    {
        var text = value switch
        {
            null => "",
            bool truth => truth ? "true" : "false",
            double number => number.ToString("R", CultureInfo.InvariantCulture),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
        // A spreadsheet would take a leading =, + or @ in a foreign text for a formula.
        if (value is string && text.Length > 0 && text[0] is '=' or '+' or '@') text = "'" + text;
        return text.AsSpan().IndexOfAny("\",\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
