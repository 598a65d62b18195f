using MailBench.Model.Records;
using Spectre.Console;

namespace MailBench.Reports;

/// <summary>A capacity's plan on a terminal or a pipe: the run's conditions, each answer with the command that would measure more, the machine's limits, the verdict.</summary>
public static class PlanText
{
    public static void Print(CapacityPlan plan, IAnsiConsole console)
    {
        if (!console.Profile.Out.IsTerminal) console.Profile.Width = Math.Max(console.Profile.Width, 10_000);
        console.MarkupLineInterpolated($"[grey]{Printable.Of(plan.Run)}: {Printable.Of(plan.Conditions)}[/]");
        foreach (var remark in plan.Remarks) console.MarkupLineInterpolated($"[yellow]note[/]: {Printable.Of(remark)}");
        foreach (var answer in plan.Answers)
        {
            console.MarkupLineInterpolated($"• {Printable.Of(answer.Sentence)}");
            if (answer.Command is { } command) console.MarkupLineInterpolated($"  measure it: {Printable.Of(command)}");
        }

        if (plan.Limits is { } limits && plan.Answers.Count > 0) console.MarkupLineInterpolated($"• {Printable.Of(limits.Sentence)}");
        console.MarkupLineInterpolated($"verdict: {Verdict(plan.Verdict)}{(plan.Answers.Any(answer => answer.Extrapolated && answer.Verdict == plan.Verdict) ? " (extrapolated)" : "")}");
    }

    private static string Verdict(CapacityVerdict verdict) => verdict == CapacityVerdict.NotCarried ? "not carried" : verdict.ToString().ToLowerInvariant();
}
