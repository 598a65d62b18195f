using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using MailBench.Model.Searching;
using MailBench.Model.Units;
using static System.FormattableString;

namespace MailBench.Analysis.Verdicts;

/// <summary>What a search found, in words: an interval with its link and its criteria, how it was come by, and what it does not show.</summary>
internal static class SustainableSentences
{
    public static IEnumerable<string> Of(IReadOnlyList<SustainableFigures> searches)
    {
        foreach (var search in searches)
        {
            yield return $"{search.Variant} at {Sentences.Line(search.CapacityBitsPerSecond)} {Found(search)}.{Tried(search)}{NotCarried(search)}{(search.Flags.Count == 0 ? "" : $" Flagged at its ends: {string.Join("; ", search.Flags)}.")}";
            if (search.WindowSeconds > 0 && search.WindowSeconds < search.WindowNeededSeconds && search.LowPerSecond is not null)
                yield return Invariant($"In windows of {search.WindowSeconds:0.#} s a delay cannot grow to what the criteria allow, for which {search.WindowNeededSeconds:#,0} s would be needed at {search.Resolution:0.##%}: there the bound of the backlog's growth alone tells carried from not carried.");
        }
    }

    private static string Found(SustainableFigures search)
    {
        var verb = search.End == SearchEnd.Found ? "sustains" : "carried";
        var unit = search.RecipientsPerMessage == 1 ? "messages/s" : Invariant($"messages/s of {search.RecipientsPerMessage} recipients");
        var interval = (search.LowPerSecond, search.HighPerSecond) switch
        {
            ({ } low, { } high) => $"{verb} between {Rate(low)} and {Rate(high)} {unit}",
            ({ } low, null) => $"{verb} at least {Rate(low)} {unit}{(low == search.MostPerSecond ? ", the most that was to be tried" : "; above that nothing was shown")}",
            (null, { } high) => $"does not sustain {Rate(high)} {unit}, the least that was tried",
            _ => "has no sustainable rate yet",
        };
        var undecided = search.End switch
        {
            SearchEnd.Found => "",
            SearchEnd.Void => $"; undecided, since a try was void twice ({search.Reason})",
            SearchEnd.Exhausted => "; undecided, since the tries contradict each other until the last that a search may take",
            _ => "; undecided, since the search was interrupted",
        };
        return interval + undecided;
    }

    private static string Tried(SustainableFigures search)
    {
        var c = search.Criteria;
        var criteria = Invariant($"95 % accepted within {Time(c.AcceptedMs)} and delivered within {Time(c.DeliveredMs)}, errors up to {c.ErrorShare:0.##%}, backlogs growing by up to {c.BacklogShare:0.##%} (95 % bound)");
        var ends = search.End != SearchEnd.Found ? "" : search is { LowPerSecond: not null, HighPerSecond: not null } ? ", both ends afresh upwards and downwards" : ", the end afresh twice";
        var wide = search.Disagrees ? Invariant($"; equal rates were carried and not carried in between, so that the interval is wider than {search.Resolution:0.##%}") : "";
        return search.MostPerSecond is null ? "" : Invariant($" Criteria: {criteria}; {search.Rates} rate{(search.Rates == 1 ? "" : "s")} in {search.Tries} {(search.Tries == 1 ? "try" : "tries")}, each from empty{ends}{wide}.");
    }

    private static string NotCarried(SustainableFigures search)
    {
        if (search.HighPerSecond is not { } high || search.End == SearchEnd.Void || search.Reason is not { Length: > 0 } reason) return "";
        return $" At {Rate(high)}/s {reason}{(search.Limit is null or Utilisations.Unattributed ? ", limit unattributed" : $", limited by {search.Limit}")}.";
    }

    private static string Rate(double perSecond) => Invariant($"{perSecond:#,0.####}");

    private static string Time(double ms) => Duration.Format(TimeSpan.FromMilliseconds(ms));
}
