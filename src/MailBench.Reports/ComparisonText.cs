using MailBench.Model.Records;
using Spectre.Console;

namespace MailBench.Reports;

/// <summary>A comparison on a terminal or a pipe: what holds for all of it, a sentence for each pair of points, the verdict.</summary>
public static class ComparisonText
{
    public static void Print(RunComparison comparison, IAnsiConsole console)
    {
        if (!console.Profile.Out.IsTerminal) console.Profile.Width = Math.Max(console.Profile.Width, 10_000);
        foreach (var (label, conditions) in new[] { (comparison.Base, comparison.BaseConditions), (comparison.Candidate, comparison.CandidateConditions) }.DistinctBy(side => side.Item2))
            console.MarkupLineInterpolated($"[grey]{Printable.Of(label)}: {Printable.Of(conditions)}[/]");
        foreach (var remark in comparison.Remarks) console.MarkupLineInterpolated($"[yellow]note[/]: {Printable.Of(remark)}");
        foreach (var pair in comparison.Comparisons) console.MarkupLineInterpolated($"• {Printable.Of(pair.Sentence)}");
        console.MarkupLineInterpolated($"verdict: {comparison.Verdict}");
    }
}
