using MailBench.Analysis;
using MailBench.Model.Records;
using MailBench.Reports;
using MailBench.Runs;
using Spectre.Console;

namespace MailBench.Cli.Running;

/// <summary>After the run: analysis, report, summary, exit code.</summary>
internal static class RunEnding
{
    public static int Finish(RunOutcome outcome, RunFolder folder, bool json)
    {
        if (outcome.Failure is { } failure)
        {
            Console.Error.WriteLine($"mailbench: the run stopped: {failure.Role}: {Printable.Of(failure.Reason)}");
            foreach (var line in failure.LastLogLines.TakeLast(5)) Console.Error.WriteLine($"  {failure.Role}: {Printable.Of(line)}");
        }

        var undecided = false;
        if (outcome.TrialsFinished > 0)
        {
            var result = RunAnalysis.Analyze(folder);
            RunReport.Write(result, folder);
            undecided = result.Summary.IsUndecided;
            if (json) Console.Out.Write(File.ReadAllText(folder.Summary));
            else Print(result.Summary, folder);
        }

        if (outcome.Interrupted) Console.Error.WriteLine($"mailbench: interrupted; {outcome.TrialsFinished} of {outcome.TrialsPlanned} trials are kept. Go on with: --resume {Path.GetRelativePath(".", folder.Root)}");
        if (outcome.Left is { } left) Console.Error.WriteLine($"mailbench: {left}. Remove it when you like; --resume begins with that.");
        return outcome switch
        {
            { Failure: not null } => ExitCode.Environment,
            { Interrupted: true } => ExitCode.Interrupted,
            _ => undecided ? ExitCode.Void : ExitCode.Good,
        };
    }

    private static void Print(RunSummary summary, RunFolder folder)
    {
        ConsoleSummary.Print(summary, AnsiConsole.Console);
        Console.Out.WriteLine($"report: {Path.GetRelativePath(".", folder.ReportHtml)}");
    }
}
