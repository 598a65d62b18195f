using System.CommandLine;
using MailBench.Analysis;
using MailBench.Analysis.Comparing;
using MailBench.Model.Records;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench check PROFILE --baseline PATH</c>: a run, held against one that was kept: for a CI job that fails when a change makes delivery slower.</summary>
internal static class CheckCommand
{
    private const string Example = """
        $ mailbench check profiles/smoke.yaml --baseline results/baselines/smoke
        …
        per-recipient: unchanged (by counts; rates say nothing here)
        per-mx-host: regressed (by counts: 1.5 × more transactions per delivery)
        check: regressed
        """;

    public static Command Create()
    {
        var profile = new Argument<string>("PROFILE") { Description = "The profile's YAML file; the one that the baseline was made of." };
        var baseline = new Option<string>("--baseline") { Description = "A run folder, or what was kept of one: its header.json and run.json.", HelpName = "PATH", Required = true };
        var set = new Option<string[]>("--set") { Description = "PATH=VALUE: overrides a setting, as for run.", HelpName = "PATH=VALUE" };
        var output = new Option<string?>("--out") { Description = "The new run's folder; default: results/NAME-TIME.", HelpName = "DIR" };
        var factor = new Option<string[]>("--factor") { Description = "An axis of the feature vector or a setting that may differ from the baseline; may be repeated.", HelpName = "AXIS" };
        var maxDuration = new Option<string?>("--max-duration") { Description = "Refuse to start a run whose estimated time is longer.", HelpName = "D" };
        var command = new Command("check", "Run a profile and hold it against a baseline: counts that do not depend on the clock decide first, rates where the machine is the same. Exit code: 0 no worse, 1 regressed, 3 void or not comparable.")
        {
            profile, baseline, set, output, factor, maxDuration,
        };
        command.WithExample(Example);
        command.SetAction((parsed, _) => CheckAsync(
            new RunCommand.Request(parsed.GetRequiredValue(profile), parsed.GetValue(set) ?? [], parsed.GetValue(output), null, parsed.GetValue(maxDuration), null, DryRun: false, Json: false),
            parsed.GetRequiredValue(baseline), parsed.GetValue(factor) ?? []));
        return command;
    }

    private static async Task<int> CheckAsync(RunCommand.Request request, string baseline, IReadOnlyList<string> factors)
    {
        // Before minutes of running: a baseline that cannot be read is a slip of the command line.
        var before = CompareCommand.Read(baseline);
        var (code, folder) = await RunCommand.RunAsync(request);
        if (folder is null || code is ExitCode.Environment or ExitCode.Interrupted) return code;
        var after = RunAnalysis.Analyze(folder);
        var comparison = BetweenRuns.Of(before, new ComparedRun(after.Summary.Run, after, null), factors, null);
        foreach (var remark in comparison.Remarks) Console.Out.WriteLine($"note: {Printable.Of(remark)}");
        var verdicts = comparison.Comparisons.Select(pair => (Pair: pair, Verdict: CheckVerdict.Of(pair))).ToList();
        foreach (var (pair, verdict) in verdicts)
        {
            var at = string.Join(", ", pair.At.Select(axis => Analysis.Figures.Variant.Named(axis.Key, axis.Value)));
            Console.Out.WriteLine(Printable.Of($"{(at.Length > 0 ? at : "run")}: {verdict.Word} ({verdict.Why})"));
        }

        string[] worstFirst = [RateVerdict.Regressed, CheckVerdict.NotComparable, RateVerdict.Inconclusive, RateVerdict.Unchanged, RateVerdict.Improved];
        var word = verdicts.Count == 0 ? CheckVerdict.NotComparable : worstFirst.First(w => verdicts.Exists(v => v.Verdict.Word == w));
        Console.Out.WriteLine($"check: {word}");
        return word switch
        {
            RateVerdict.Regressed => ExitCode.Bad,
            RateVerdict.Unchanged or RateVerdict.Improved => code,
            _ => ExitCode.Void,
        };
    }
}
