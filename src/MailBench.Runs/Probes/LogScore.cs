using MailBench.Model.Records;

namespace MailBench.Runs.Probes;

/// <summary>"When trouble strikes you cannot tell why": what an MTA's log tells of the failures that the probes planted. Pure.</summary>
internal static class LogScore
{
    public const string Group = "log";

    /// <param name="lines">The log, whole.</param>
    /// <param name="failures">What was planted.</param>
    public static IReadOnlyList<ProbeFinding> Of(IReadOnlyList<string> lines, IReadOnlyList<PlantedFailure> failures)
    {
        if (lines.Count == 0) return [new ProbeFinding(Group, "can you tell from it why?", "a log", "MailBench", "there is none", ProbeFinding.Differs)];
        return [.. failures.Select(failure => Of(lines, failure))];
    }

    private static ProbeFinding Of(IReadOnlyList<string> lines, PlantedFailure failure)
    {
        var about = lines.Where(line => line.Contains(failure.Recipient, StringComparison.OrdinalIgnoreCase)).ToList();
        (string What, bool Told)[] facts =
        [
            ("who", about.Count > 0),
            .. failure.Facts.Select(fact => (fact.What, about.Any(line => fact.Words.Any(word => line.Contains(word, StringComparison.OrdinalIgnoreCase))))),
        ];
        var told = facts.Count(fact => fact.Told);
        var missing = told == facts.Length ? "" : $"; not {string.Join(", ", facts.Where(fact => !fact.Told).Select(fact => fact.What))}";
        return new ProbeFinding(Group, $"{failure.Name}: {string.Join(", ", facts.SkipLast(1).Select(fact => fact.What))} and {facts[^1].What}, on lines that name the recipient", $"{facts.Length} of {facts.Length}", "MailBench", $"{told} of {facts.Length}{missing}", told == facts.Length ? ProbeFinding.Agrees : ProbeFinding.Differs);
    }
}
