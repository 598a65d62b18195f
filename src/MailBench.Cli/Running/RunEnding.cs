using System.Text.Json;
using MailBench.Analysis;
using MailBench.Model.Records;
using MailBench.Runs;

namespace MailBench.Cli.Running;

/// <summary>After the run: analysis, report, summary, exit code.</summary>
internal static class RunEnding
{
    public static int Finish(RunOutcome outcome, RunFolder folder, bool json)
    {
        if (outcome.Failure is { } failure)
        {
            Console.Error.WriteLine($"mailbench: the run stopped: {failure.Role}: {failure.Reason}");
            foreach (var line in failure.LastLogLines.TakeLast(5)) Console.Error.WriteLine($"  {failure.Role}: {line}");
        }

        var anyVoid = false;
        if (outcome.TrialsFinished > 0)
        {
            var summary = RunAnalysis.Analyze(folder).Summary;
            anyVoid = summary.Points.Any(point => point.Void);
            if (json) Console.Out.WriteLine(JsonSerializer.Serialize(summary, RecordJson.Indented));
            else foreach (var sentence in summary.Sentences) Console.Out.WriteLine(sentence);
        }

        if (outcome.Interrupted) Console.Error.WriteLine($"mailbench: interrupted; {outcome.TrialsFinished} of {outcome.TrialsPlanned} trials are kept. Go on with: --resume {Path.GetRelativePath(".", folder.Root)}");
        return outcome switch
        {
            { Failure: not null } => ExitCode.Environment,
            { Interrupted: true } => ExitCode.Interrupted,
            _ => anyVoid ? ExitCode.Void : ExitCode.Good,
        };
    }
}
