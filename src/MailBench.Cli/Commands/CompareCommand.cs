using System.CommandLine;
using System.Text.Json;
using MailBench.Analysis;
using MailBench.Analysis.Comparing;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Reports;
using Spectre.Console;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench compare BASE[#SUT] CANDIDATE[#SUT]</c>: two runs, or two systems of one run: a verdict, or why there is none.</summary>
internal static class CompareCommand
{
    private const string Example = """
        $ mailbench compare results/quickstart-20261124-0430#per-recipient results/quickstart-20261124-0430#per-mx-host
        au6ngwnr#per-recipient: user-space line (octets estimated) · synced on ext4 on vda · 3 to 12 s windows × 1 · …
        • au6ngwnr#per-mx-host against au6ngwnr#per-recipient at 10Mbit/s: 10 × fewer octets on the line, 10 × fewer transactions, … per delivery: improved by counts (rates need 6 repetitions).
        …
        verdict: improved
        """;

    public static Command Create()
    {
        var @base = new Argument<string>("BASE") { Description = "A run folder, or FOLDER#SUT: the points of one system or variant in it, by the name that its sweep gives (postfix, per-mx-host)." };
        var candidate = new Argument<string>("CANDIDATE") { Description = "What is held against it; the same folder with another #SUT, or another run." };
        var factor = new Option<string[]>("--factor") { Description = "An axis of the feature vector (strategy) or a setting (load.sessions) that may differ; may be repeated. Everything undeclared must be equal.", HelpName = "AXIS" };
        var threshold = new Option<string?>("--threshold") { Description = "Practical threshold; default: the base profile's compare.threshold (3%).", HelpName = "SHARE" };
        var format = new Option<string>("--format") { Description = "Sentences, or the comparison as JSON and nothing else.", DefaultValueFactory = _ => "text", HelpName = "text|json" };
        format.AcceptOnlyFromAmong("text", "json");
        var command = new Command("compare", "Hold two runs, or two systems of one run, against each other. Exit code: 0 no worse, 1 regressed, 3 inconclusive or not comparable.") { @base, candidate, factor, threshold, format };
        command.WithExample(Example);
        command.SetAction(parsed => Compare(parsed.GetValue(@base)!, parsed.GetValue(candidate)!, parsed.GetValue(factor)!, parsed.GetValue(threshold), parsed.GetValue(format) == "json"));
        return command;
    }

    private static int Compare(string @base, string candidate, IReadOnlyList<string> factors, string? threshold, bool json)
    {
        double? bound = null;
        if (threshold is not null) bound = SettingForm.TryShare(threshold, out var share) && share is > 0 and <= 1 ? share : throw new UsageException($"--threshold {threshold}: expected a share such as 3%.");
        var (a, b) = (Read(@base), Read(candidate));
        if (a.Label == b.Label) throw new UsageException("BASE and CANDIDATE are the same; to compare two systems of one run, name them: RUN#ONE RUN#OTHER.");
        var comparison = BetweenRuns.Of(a, b, factors, bound);
        if (json) Console.Out.WriteLine(JsonSerializer.Serialize(comparison, RecordJson.Indented));
        else ComparisonText.Print(comparison, AnsiConsole.Console);
        return comparison.Verdict switch
        {
            RateVerdict.Regressed => ExitCode.Bad,
            RateVerdict.Improved or RateVerdict.Unchanged => ExitCode.Good,
            _ => ExitCode.Void,
        };
    }

    internal static ComparedRun Read(string reference)
    {
        var (folder, sut) = RunReference.Parse(reference);
        var result = RecordedRun.Read(folder);
        return new ComparedRun(sut is null ? result.Summary.Run : $"{result.Summary.Run}#{sut}", result, sut);
    }
}
