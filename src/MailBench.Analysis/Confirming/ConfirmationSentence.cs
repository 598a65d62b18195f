using MailBench.Analysis.Figures;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Records;
using static System.FormattableString;

namespace MailBench.Analysis.Confirming;

/// <summary>A confirmation in words: first what became of the limit that was named, then what else was tried.</summary>
internal static class ConfirmationSentence
{
    public static string Of(string variant, long capacityBitsPerSecond, string named, IReadOnlyList<CompanionResult> results)
    {
        var line = Sentences.Line(capacityBitsPerSecond);
        var onLimit = results.FirstOrDefault(r => r.Resource == named);
        var clauses = new List<string> { Limit(named, onLimit) };
        clauses.AddRange(results.Where(r => r != onLimit).Select(Other));
        return $"{variant} at {line}: {string.Join("; ", clauses)}.";
    }

    private static string Limit(string named, CompanionResult? result)
    {
        if (named == Utilisations.Unattributed) return "no limit was named";
        if (result is null) return $"{named} is named by its utilisation alone, since a run cannot give this machine more of it";
        return result.Verdict switch
        {
            CompanionResult.Confirmed => $"{named} is confirmed as its limit: {Gave(result)}",
            CompanionResult.NotConfirmed => Invariant($"{named} is not confirmed as its limit, which is unattributed: {Gave(result)}, where {result.Bound:0.00} × was needed"),
            _ => $"whether {named} is its limit is inconclusive: {Tried(result)}",
        };
    }

    private static string Other(CompanionResult result) => result.Verdict switch
    {
        CompanionResult.NoLimit => Gave(result),
        CompanionResult.LimitsToo => $"{Gave(result)}, though its utilisation did not name it",
        CompanionResult.NoMatter => $"{Gave(result)}: the testbed's CPU does not matter here",
        CompanionResult.Testbed => Invariant($"{Gave(result)}: this testbed's figure, which moves by {result.Ratio - 1:+0.0%;-0.0%}"),
        // Why stands in the table: most often it is what was said of the limit.
        _ => result.Ratio is null ? NotMeasured(result) : $"{Gave(result)}: inconclusive",
    };

    private static string Tried(CompanionResult result) => result.Ratio is null ? NotMeasured(result) : $"{Gave(result)}, and {result.Why}";

    private static string NotMeasured(CompanionResult result) => $"{More(result)} was not measured, since {result.Why}";

    private static string Gave(CompanionResult result) => Invariant($"{More(result)} gave {result.Ratio:0.000} × the deliveries ({Interval(result)})");

    private static string Interval(CompanionResult result) => (result.Low, result.Blocks) switch
    {
        (null, _) => "one window each, no interval",
        (_, 1) => Invariant($"95 % interval {result.Low:0.000} to {Upper(result.High)}, of one window each"),
        _ => Invariant($"95 % interval {result.Low:0.000} to {Upper(result.High)} over {result.Blocks} blocks"),
    };

    /// <summary>Two blocks that disagree have an interval without end, whose digits say nothing.</summary>
    private static string Upper(double? high) => high > 100 ? "over 100" : Invariant($"{high:0.000}");

    private static string More(CompanionResult result) => Invariant($"{result.Given - 1:0%} more ") + result.Change switch
    {
        CompanionChange.Line => "of the line",
        CompanionChange.Sessions => "sessions",
        _ => "CPU in source and sink",
    };
}
