using MailBench.Analysis.Books;
using MailBench.Model.Records;
using MailBench.Model.Searching;
using static System.FormattableString;

namespace MailBench.Analysis.Figures;

/// <summary>
/// Whether a try of a search was carried: SPECmail's criteria by intended start, and what waits does not pile up (method: sustainable rate), judged after the gates. Besides what is accepted and not delivered, what is due and
/// not accepted must not pile up either: a system that takes no more than it delivers keeps its overload before its door. The runner steers by this and the report tells it.
/// </summary>
internal static class TryJudgement
{
    /// <param name="point">The trial's figures, after its gates.</param>
    /// <param name="settings">The point's settings.</param>
    /// <param name="trial">The trial.</param>
    /// <param name="books">Its books.</param>
    /// <param name="samplesNs">Its latencies, also where the gates took them from the figures.</param>
    public static TryFigures Of(PointSummary point, PointSettings settings, TrialRecord trial, TrialBooks books, IReadOnlyDictionary<string, double[]> samplesNs)
    {
        var criteria = settings.Criteria;
        var judged = new TryFigures { Mark = trial.Try, Verdict = TryVerdict.Void, Reasons = point.VoidReasons };
        if (point.Void) return judged;
        var offered = samplesNs.GetValueOrDefault("lateness")?.Length ?? 0;
        var least = SearchCriteria.LeastMessages(criteria.BacklogShare);
        // The window's edges may cost one.
        if (offered + 1 < least)
            return judged with { Reasons = [Invariant($"{offered} messages in the window: with fewer than {least:0} one more or less decides over a backlog of {criteria.BacklogShare:0.##%}; lengthen phases.steady")] };
        judged = judged with
        {
            AcceptedP95Ms = P95(samplesNs, "response"),
            DeliveredP95Ms = P95(samplesNs, "delivery"),
            UndeliveredBound = BacklogBound.Of(Undelivered(books), trial.SteadyBeginNs, trial.SteadyEndNs),
            UnacceptedBound = BacklogBound.Of(Unaccepted(books), trial.SteadyBeginNs, trial.SteadyEndNs),
            ErrorShare = Errors(books, trial.SteadyBeginNs, trial.SteadyEndNs),
        };
        var missed = Missed(judged, criteria, samplesNs).ToList();
        return judged with { Verdict = missed.Count == 0 ? TryVerdict.Carried : TryVerdict.NotCarried, Reasons = missed };
    }

    private static IEnumerable<string> Missed(TryFigures tried, SearchCriteria criteria, IReadOnlyDictionary<string, double[]> samplesNs)
    {
        if (Beyond(tried.UndeliveredBound, criteria.BacklogShare)) yield return Invariant($"the undelivered grew by up to {Share(tried.UndeliveredBound)} of what was accepted");
        if (Beyond(tried.UnacceptedBound, criteria.BacklogShare)) yield return Invariant($"mail that was due and not accepted grew by up to {Share(tried.UnacceptedBound)}");
        if (Beyond(tried.DeliveredP95Ms, criteria.DeliveredMs)) yield return $"95 % delivered {Within(tried.DeliveredP95Ms)}";
        if (Beyond(tried.AcceptedP95Ms, criteria.AcceptedMs)) yield return $"95 % accepted {Within(tried.AcceptedP95Ms)}";
        foreach (var phase in samplesNs.Keys.Where(name => name.StartsWith("service.", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
            if (P95(samplesNs, phase) is { } took && took > criteria.AcceptedMs) yield return $"95 % of {phase["service.".Length..]} {Within(took)}";
        if (Beyond(tried.ErrorShare, criteria.ErrorShare)) yield return Invariant($"{Share(tried.ErrorShare)} were errors");
    }

    /// <summary>A figure that is not there keeps no criterion.</summary>
    private static bool Beyond(double? figure, double most) => !(figure <= most);

    private static string Share(double? share) => share is { } s ? Invariant($"{s:0.0%}") : "an unknown share";

    private static string Within(double? ms) => ms is not { } time || double.IsInfinity(time) ? "not by the end of drain" : time >= 10_000 ? Invariant($"within {time / 1000:0.0} s") : Invariant($"within {time:0} ms");

    private static double? P95(IReadOnlyDictionary<string, double[]> samplesNs, string name) => samplesNs.TryGetValue(name, out var values) ? Quantiles.OfNs([.. values])?.P95 : null;

    /// <summary>Recipients that were accepted and are not delivered; what was returned or discarded is not waited for, and what never arrived stays for good.</summary>
    private static Outstanding Undelivered(TrialBooks books)
    {
        List<long> accepted = [], delivered = [];
        foreach (var message in books.Messages)
        {
            if (message is not { Fate: MessageFate.Accepted }) continue;
            var tally = message.Tally();
            var waitedFor = tally.Arrived + tally.Queued + tally.Missing;
            for (var i = 0; i < waitedFor; i++) accepted.Add(message.AcceptedNs);
            var arrived = 0;
            foreach (var booked in message.BookedNs)
                if (booked >= 0 && arrived++ < waitedFor) delivered.Add(booked);
        }

        return new Outstanding(accepted, delivered);
    }

    /// <summary>Messages that were due and are not accepted, for whatever they wait; what was refused or failed is an error and not waited for.</summary>
    private static Outstanding Unaccepted(TrialBooks books)
    {
        var waited = books.Messages.Where(message => message is { WasOffered: true, Fate: MessageFate.Accepted or MessageFate.Open }).ToList();
        return new Outstanding(waited.Select(message => message!.IntendedNs), waited.Where(message => message!.AcceptedNs >= 0).Select(message => message!.AcceptedNs));
    }

    private static double? Errors(TrialBooks books, long beginNs, long endNs)
    {
        long due = 0, wrong = 0;
        foreach (var message in books.Messages)
        {
            if (message is not { WasOffered: true } || message.IntendedNs < beginNs || message.IntendedNs >= endNs) continue;
            var recipients = Math.Max(1, message.Recipients);
            due += recipients;
            if (message.Fate is MessageFate.Refused or MessageFate.Failed or MessageFate.Uncertain) wrong += recipients;
            else if (message.Fate == MessageFate.Accepted && message.Tally() is var tally) wrong += tally.Refused + tally.Returned;
        }

        return due > 0 ? (double)wrong / due : null;
    }
}
