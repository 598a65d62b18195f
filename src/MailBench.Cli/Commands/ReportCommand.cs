using System.CommandLine;
using MailBench.Analysis;
using MailBench.Model.Records;
using MailBench.Reports;
using Spectre.Console;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench report RUN… [--out DIR]</c>: renders run folders again, from nothing but them.</summary>
internal static class ReportCommand
{
    private const string Example = """
        $ mailbench report results/quickstart-20261124-0430
             line variant       load    deliv./s   busy octets/d trans./d ...
        10 Mbit/s per-recipient backlog      227 99.5 %    5,483     1.00 ...
        report: /home/me/mailbench/results/quickstart-20261124-0430/report.html
        """;

    public static Command Create()
    {
        var runs = new Argument<string[]>("RUN") { Description = "Run folders.", Arity = ArgumentArity.OneOrMore };
        var target = new Option<string?>("--out") { Description = "Write the reports here instead of into the run folders (several runs: one folder each below it).", HelpName = "DIR" };
        var command = new Command("report", "Render run folders again; needs nothing but them.") { runs, target };
        command.WithExample(Example);
        command.SetAction(parsed => Render(parsed.GetValue(runs)!, parsed.GetValue(target)));
        return command;
    }

    private static int Render(IReadOnlyList<string> runs, string? target)
    {
        var undecided = false;
        foreach (var run in runs)
        {
            var folder = new RunFolder(Path.TrimEndingDirectorySeparator(Path.GetFullPath(run)));
            if (!Directory.Exists(folder.Root)) throw new UsageException($"{run}: there is no such folder; give the folder that 'mailbench run' named at its end.");
            var result = RunAnalysis.Analyze(folder);
            var into = target is null ? folder : new RunFolder(Path.GetFullPath(runs.Count == 1 ? target : Path.Combine(target, Path.GetFileName(folder.Root))));
            Directory.CreateDirectory(into.Root);
            RunReport.Write(result, into);
            ConsoleSummary.Print(result.Summary, AnsiConsole.Console);
            Console.WriteLine($"report: {into.ReportHtml}");
            undecided |= result.Summary.IsUndecided;
        }

        return undecided ? ExitCode.Void : ExitCode.Good;
    }
}
