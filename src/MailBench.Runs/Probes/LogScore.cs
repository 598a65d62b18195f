using MailBench.Model.Records;

namespace MailBench.Runs.Probes;

/// <summary>"When trouble strikes you cannot tell why": what an MTA's log tells of two failures that the probes planted. Pure.</summary>
internal static class LogScore
{
    public const string Group = "log";

    /// <param name="lines">The log, whole.</param>
    /// <param name="failures">Of each planted failure: how it is called, the recipient, the host's address and name, the code and the words of its reply.</param>
    public static IReadOnlyList<ProbeFinding> Of(IReadOnlyList<string> lines, IReadOnlyList<(string Name, string Recipient, string[] Host, string Code, string Words)> failures)
    {
        if (lines.Count == 0) return [new ProbeFinding(Group, "can you tell from it why?", "a log", "MailBench", "there is none", ProbeFinding.Differs)];
        var findings = new List<ProbeFinding>();
        foreach (var (name, recipient, host, code, words) in failures)
        {
            var about = lines.Where(line => line.Contains(recipient, StringComparison.OrdinalIgnoreCase)).ToList();
            (string What, bool Told)[] facts =
            [
                ("who", about.Count > 0),
                ("where", about.Any(line => host.Any(h => line.Contains(h, StringComparison.OrdinalIgnoreCase)))),
                ("the code", about.Any(line => line.Contains(code, StringComparison.Ordinal))),
                ("the host's words", about.Any(line => line.Contains(words, StringComparison.OrdinalIgnoreCase))),
            ];
            var told = facts.Count(fact => fact.Told);
            var missing = told == facts.Length ? "" : $"; not {string.Join(", ", facts.Where(fact => !fact.Told).Select(fact => fact.What))}";
            findings.Add(new ProbeFinding(Group, $"{name}: who, where, the code and the host's words on one line", "4 of 4", "MailBench", $"{told} of 4{missing}", told == facts.Length ? ProbeFinding.Agrees : ProbeFinding.Differs));
        }

        return findings;
    }
}
