using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Units;
using MailBench.Peers.Load;

namespace MailBench.Peers.Source.Books;

/// <summary>
/// The object of counts that ends a source's output: <c>offered accepted refused failed uncertain waiting late</c> in messages, <c>responseMs latenessMs</c> and
/// <c>serviceMs.PHASE</c> with <c>p50 p90 p99 p999 max</c> in milliseconds (null where nothing was measured).
/// </summary>
internal static class SourceCounts
{
    public static JsonObject Of(SourceCounters now, SourceCounters atBegin, SourceBooks? books, long startNs)
    {
        var service = new JsonObject();
        foreach (var phase in Enum.GetValues<DialoguePhase>())
            if (books?.Service[(int)phase] is { } histogram) service[JsonName(phase)] = LatencyHistogram.Percentiles(histogram);
        var counts = new JsonObject
        {
            [CounterNames.Offered] = now.Offered - atBegin.Offered,
            [CounterNames.Accepted] = now.Accepted - atBegin.Accepted,
            [CounterNames.Refused] = now.Refused - atBegin.Refused,
            [CounterNames.Failed] = now.Failed - atBegin.Failed,
            ["uncertain"] = now.Uncertain - atBegin.Uncertain,
            [CounterNames.Waiting] = now.Waiting - atBegin.Waiting,
            [CounterNames.Late] = now.Late - atBegin.Late,
            [CounterNames.AcceptedRecipients] = now.AcceptedRecipients - atBegin.AcceptedRecipients,
            ["refusedRecipients"] = now.RefusedRecipients - atBegin.RefusedRecipients,
            [CounterNames.ContentOctets] = now.ContentOctets - atBegin.ContentOctets,
            [CounterNames.Sessions] = now.Sessions - atBegin.Sessions,
            ["seconds"] = books is { LastEndNs: > 0 } ? Math.Round((books.LastEndNs - startNs) / 1e9, 6) : 0,
            ["responseMs"] = LatencyHistogram.Percentiles(books?.Response),
            ["latenessMs"] = LatencyHistogram.Percentiles(books?.Lateness),
            ["serviceMs"] = service,
        };
        return counts;
    }

    private static string JsonName(DialoguePhase phase)
    {
        var kebab = Kebab.Format(phase).Split('-');
        return kebab[0] + string.Concat(kebab.Skip(1).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
    }
}
