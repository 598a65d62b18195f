using MailBench.Analysis.Books;
using MailBench.Model.Events;
using MailBench.Model.Units;

namespace MailBench.Analysis.Figures;

/// <summary>
/// Latency samples of one trial in ns, by name (<c>delivery</c>, <c>response</c>, <c>lateness</c>, <c>waiting</c>, <c>service.PHASE</c>). Attributed by intended start within the
/// window, service times by their end. Infinite: unfinished at the end of drain.
/// </summary>
public static class LatencySamples
{
    public static IReadOnlyDictionary<string, double[]> Of(TrialBooks books, long beginNs, long endNs, bool backlog)
    {
        List<double> delivery = [], response = [], lateness = [], waiting = [];
        foreach (var message in books.Messages)
        {
            if (message is null || !message.WasOffered || message.IntendedNs < beginNs || message.IntendedNs >= endNs) continue;
            lateness.Add(Math.Max(0, message.LatenessNs));
            waiting.Add(message.StartedNs >= 0 ? Math.Max(0, message.WaitingNs) : double.PositiveInfinity);
            if (message.Fate == MessageFate.Refused) continue;
            response.Add(message.AcceptedNs >= 0 ? message.AcceptedNs - message.IntendedNs : double.PositiveInfinity);
            AddDeliveries(message, delivery);
        }

        var named = new Dictionary<string, double[]>();
        // A backlog source offers as fast as it is given credit: its latencies are the backlog's depth, not the system's. They are not reported.
        if (!backlog)
        {
            Put("delivery", delivery);
            Put("response", response);
            Put("lateness", lateness);
            Put("waiting", waiting);
        }

        foreach (var phase in Enum.GetValues<DialoguePhase>())
            Put("service." + Kebab.Format(phase), [.. books.Phases.Where(s => s.Phase == phase && s.EndNs >= beginNs && s.EndNs < endNs).Select(s => (double)s.DurationNs)]);
        return named;

        void Put(string name, List<double> values)
        {
            if (values.Count > 0) named[name] = [.. values];
        }
    }

    /// <summary>Adds the delivery latency of each recipient of an offered message; none unless it was accepted.</summary>
    internal static void AddDeliveries(MessageBook message, List<double> latenciesNs)
    {
        if (message.Fate != MessageFate.Accepted) return;
        foreach (var booked in message.BookedNs)
            if (booked >= 0) latenciesNs.Add(booked - message.IntendedNs);
        var tally = message.Tally();
        for (var unfinished = tally.Queued + tally.Missing; unfinished > 0; unfinished--) latenciesNs.Add(double.PositiveInfinity);
    }
}
