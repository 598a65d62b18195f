using MailBench.Model.Records;

namespace MailBench.Analysis.Verdicts;

/// <summary>What probes found, in a sentence for each system: how much is as expected, and what is not.</summary>
internal static class ProbeSentences
{
    public static IEnumerable<string> Of(IReadOnlyList<ProbeTable> tables)
    {
        foreach (var table in tables)
        {
            if (table.Failure is { } failure) yield return $"{table.System} ({table.Sut}) could not be probed to the end: {failure.Role}: {failure.Reason}.";
            foreach (var f in table.Findings.Where(f => f.Group == ProbeFinding.CrossCheck))
                yield return $"{table.System} ({table.Sut}), {f.Question}: {f.Observed}{(f.Verdict == ProbeFinding.NotShown ? "" : f.Verdict == ProbeFinding.Agrees ? "; they agree" : "; they do not agree")}.";
            var expected = table.Findings.Where(f => f.Group != ProbeFinding.CrossCheck && f.Verdict is ProbeFinding.Agrees or ProbeFinding.Differs).ToList();
            if (expected.Count == 0) continue;
            var differing = expected.Where(f => f.Verdict == ProbeFinding.Differs).ToList();
            var features = expected.Where(f => f.Basis == ProbeFinding.Declared).ToList();
            var wrong = features.Count(f => f.Verdict == ProbeFinding.Differs);
            yield return $"{table.System} ({table.Sut}): {features.Count - wrong} of {features.Count} declared features were seen as declared, {expected.Count - features.Count - (differing.Count - wrong)} of {expected.Count - features.Count} expectations of the standards were met"
                + (differing.Count == 0 ? "." : $"; otherwise: {string.Join("; ", differing.Take(6).Select(f => $"{f.Question} ({f.Observed})"))}{(differing.Count > 6 ? $" and {differing.Count - 6} more" : "")}.");
        }
    }
}
