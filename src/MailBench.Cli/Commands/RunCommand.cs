using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using MailBench.Analysis;
using MailBench.Cli.Hosting;
using MailBench.Cli.Running;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Searching;
using MailBench.Model.Units;
using MailBench.Runs;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;
using MailBench.Runs.Testbed.Lines;
using MailBench.Runs.Testbed.Systems;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench run</c>: profile → run folder → analysis → report.</summary>
internal static class RunCommand
{
    private const string Example = """
        $ mailbench run profiles/smoke.yaml --dry-run
        smoke: 2 points × 1 repetition, seed 1
          1 saturated  mta.strategy per-recipient
          2 saturated  mta.strategy per-mx-host
        about 21 s
        """;

    public static Command Create()
    {
        var profile = new Argument<string>("PROFILE") { Description = "The profile's YAML file, for example profiles/quickstart.yaml." };
        var set = new Option<string[]>("--set") { Description = "PATH=VALUE: overrides a setting, in sweeps too; may be repeated. A swept path keeps this value only.", HelpName = "PATH=VALUE" };
        var sweep = new Option<string[]>("--sweep") { Description = "Run this sweep of the profile only; may be repeated.", HelpName = "NAME" };
        var output = new Option<string?>("--out") { Description = "The run folder; default: results/NAME-TIME.", HelpName = "DIR" };
        var seed = new Option<int?>("--seed") { Description = "Seed of everything random; the same as --set seed=N.", HelpName = "N" };
        var maxDuration = new Option<string?>("--max-duration") { Description = "Refuse to start a run whose estimated time is longer.", HelpName = "D" };
        var resume = new Option<string?>("--resume") { Description = "Go on with the interrupted run in DIR: the trials that its journal lacks. The profile must be the same.", HelpName = "DIR" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Validate, print points, estimated time and what the run cannot decide; start nothing." };
        var format = new Option<string>("--format") { Description = "What is printed at the end: the summary as text, or run.json's summary and nothing else.", DefaultValueFactory = _ => "text", HelpName = "text|json" };
        format.AcceptOnlyFromAmong("text", "json");
        var command = new Command("run", "Run a profile: calibrate, sweep with live progress, write a run folder with its report, print the summary.")
        {
            profile, set, sweep, output, seed, maxDuration, resume, dryRun, format,
        };
        command.WithExample(Example);
        command.SetAction(async (parsed, _) => (await RunAsync(new Request(
            parsed.GetRequiredValue(profile), parsed.GetValue(set) ?? [], parsed.GetValue(output), parsed.GetValue(seed), parsed.GetValue(maxDuration), parsed.GetValue(resume),
            parsed.GetValue(dryRun), parsed.GetValue(format) == "json")
        {
            Sweeps = parsed.GetValue(sweep) ?? [],
        })).Code);
        return command;
    }

    internal sealed record Request(string Profile, string[] Set, string? Out, int? Seed, string? MaxDuration, string? Resume, bool DryRun, bool Json)
    {
        /// <summary>The sweeps to run; empty: all.</summary>
        public IReadOnlyList<string> Sweeps { get; init; } = [];
    }

    /// <summary>Exit code, and the run's folder when there is one.</summary>
    internal static async Task<(int Code, RunFolder? Folder)> RunAsync(Request request)
    {
        var time = TimeProvider.System;
        var plan = ReadPlan(request);
        var estimate = RunEstimate.Of(plan);
        var most = RunEstimate.MostOf(plan);
        if (request.MaxDuration is { } limit && NodeOptionsParsing.Value("--max-duration", limit, Duration.Parse) is var longest && most > longest)
            throw new UsageException($"--max-duration {limit}: {plan.Trials.Count} trials would take about {RunScreen.Clock(most)}. Fewer points, shorter phases (--set phases.steady=…) or a larger limit.");
        if (request.DryRun)
        {
            Console.Out.Write(request.Json ? DryRunJson(plan, estimate, most) : DryRunText(plan, estimate, most));
            return (ExitCode.Good, null);
        }

        MailSystems.Check(plan);
        plan = LineBackends.Choose(plan);
        if (plan.NeedsPrivateNetwork && !PrivateNetwork.IsEntered) PrivateNetwork.Enter();
        var folder = FolderOf(request, plan, time);
        Preflight.Check(plan, folder);
        if (Preflight.UsersLimits(plan) is { } limits) await Console.Error.WriteLineAsync($"mailbench: {limits}");
        foreach (var warning in ComparisonForecast.Of(plan)) await Console.Error.WriteLineAsync($"mailbench: warning: {warning}");
        var outcome = await RunToFolderAsync(request, plan, folder, estimate, time);
        return (RunEnding.Finish(outcome, folder, request.Json), outcome.TrialsFinished > 0 ? folder : null);
    }

    private static RunPlan ReadPlan(Request request)
    {
        if (!File.Exists(request.Profile)) throw new UsageException($"{request.Profile}: there is no such profile.");
        if (new FileInfo(request.Profile).Length > 4 << 20) throw new UsageException($"{request.Profile}: the file has {new FileInfo(request.Profile).Length:#,0} octets; that is no profile.");
        try
        {
            string[] overrides = [.. request.Set, .. request.Seed is { } seed ? [string.Create(CultureInfo.InvariantCulture, $"seed={seed}")] : Array.Empty<string>()];
            var (profile, leftOut) = MailSystems.WithoutMissing(ProfileReader.Read(File.ReadAllText(request.Profile), request.Profile, overrides).Only(request.Sweeps));
            return RunPlan.Of(profile) with { LeftOut = leftOut };
        }
        catch (ProfileException wrong)
        {
            throw new UsageException(wrong.Message);
        }
    }

    private static RunFolder FolderOf(Request request, RunPlan plan, TimeProvider time)
    {
        if (request.Resume is { } resumed)
        {
            var folder = new RunFolder(Path.GetFullPath(resumed));
            if (request.Out is not null) throw new UsageException("--resume DIR goes on in DIR; it takes no --out.");
            if (!File.Exists(folder.Profile)) throw new UsageException($"--resume {resumed}: there is no run in it (no profile.yaml).");
            if (File.ReadAllText(folder.Profile) != ProfileText.Write(plan.Profile))
                throw new UsageException($"--resume {resumed}: that run was of another profile, other --set values, other sweeps or another seed; compare {Path.Combine(resumed, "profile.yaml")}.");
            return folder;
        }

        var root = request.Out ?? Path.Combine("results", $"{plan.Profile.Name.Replace(' ', '-')}-{time.GetLocalNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}");
        if (File.Exists(root)) throw new UsageException($"--out {root}: that is a file; a run folder is a directory.");
        if (File.Exists(new RunFolder(root).Header)) throw new UsageException($"--out {root}: there is a run in it already. Give another place, or go on with it by --resume {root}.");
        // Queues and event files of a run are removed at its end, whoever made those folders.
        if (Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any()) throw new UsageException($"--out {root}: that directory holds other things; a run needs a new or an empty one.");
        return new RunFolder(Path.GetFullPath(root));
    }

    private static async Task<RunOutcome> RunToFolderAsync(Request request, RunPlan plan, RunFolder folder, TimeSpan estimate, TimeProvider time)
    {
        using var stop = new CancellationTokenSource();
        var signals = 0;
        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            if (Interlocked.Increment(ref signals) > 1) System.Environment.Exit(ExitCode.Interrupted);
            Console.Error.WriteLine("\nmailbench: stopping; what is finished is kept (once more: at once)");
            stop.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        var self = NodeProgram.Self(System.Environment.ProcessPath!, typeof(RunCommand).Assembly.Location);
        return await RunScreen.ShowAsync(plan, estimate, folder, time, watcher => new RunFlow(plan, folder, self, CommandLineOf(request), trial => RunAnalysis.Judge(folder, trial), watcher, time).RunAsync(stop.Token));
    }

    /// <summary>The command that repeats the run, without the place of its results; reports are published, so an absolute path is cut to its last part.</summary>
    private static string CommandLineOf(Request request) => string.Join(' ',
    [
        "mailbench", "run", ShellWord.Of(Path.IsPathRooted(request.Profile) ? Path.GetFileName(request.Profile) : request.Profile), .. request.Set.Select(value => $"--set {ShellWord.Of(value)}"), .. request.Sweeps.Select(name => $"--sweep {ShellWord.Of(name)}"),
        .. request.Seed is { } seed ? [$"--seed {seed}"] : Array.Empty<string>(),
    ]);

    private static string DryRunText(RunPlan plan, TimeSpan estimate, TimeSpan most)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        var companions = plan.Points.Count(point => point.Planned.Companion is not null);
        text.Write($"{plan.Profile.Name}: {plan.Points.Count - companions} {(plan.Points.Count - companions == 1 ? "point" : "points")}{(companions == 0 ? "" : $" and {companions} companions")} × {plan.Profile.Repetitions} {(plan.Profile.Repetitions == 1 ? "repetition" : "repetitions")}, seed {plan.Profile.Seed}\n");
        foreach (var point in plan.Points)
            text.Write($"  {point.Number} {point.Planned.Sweep}  {string.Join(", ", Coordinates(point))}{(point.BasePoint is { } origin ? $" (point {origin})" : "")}{(point.Planned.Companion is { } companion ? $" (beside point {companion.Origin})" : "")}{Tries(point)}\n");
        foreach (var sentence in plan.LeftOut) text.Write($"{sentence}\n");
        if (Preflight.UsersLimits(plan) is { } limits) text.Write($"{limits}\n");
        foreach (var warning in ComparisonForecast.Of(plan)) text.Write($"warning: {warning}\n");
        text.Write($"about {RunScreen.Clock(estimate)}{(most > estimate ? $", at most {RunScreen.Clock(most)}" : "")}\n");
        return text.ToString();
    }

    private static string Tries(PointPlan point) => point.Settings.FindsSustainable() && point.Settings.Share("load.resolution") is var resolution
        ? $" (search up to load.rate {point.Settings.Text("load.rate")}: {SustainableSearch.UsualTries(resolution)} tries as a rule, {SustainableSearch.MostTries(resolution)} at most)"
        : "";

    /// <summary>What is swept, and with it what the rates are shares of.</summary>
    private static IEnumerable<string> Coordinates(PointPlan point)
    {
        var offered = point.Settings.OfferedPath();
        var axes = point.Planned.Axes.Select(axis => $"{axis.Key} {axis.Value}");
        return point.BasePoint is null || point.Settings.FindsSustainable() || point.Planned.Axes.ContainsKey(offered) ? axes : axes.Append($"{offered} {point.Settings.Text(offered)}");
    }

    private static string DryRunJson(RunPlan plan, TimeSpan estimate, TimeSpan most) =>
        JsonSerializer.Serialize(new { profile = plan.Profile.Name, seed = plan.Profile.Seed, repetitions = plan.Profile.Repetitions, estimatedSeconds = Math.Round(estimate.TotalSeconds, 1), mostSeconds = Math.Round(most.TotalSeconds, 1), points = plan.Points.Select(point => point.Planned), warnings = ComparisonForecast.Of(plan) }, RecordJson.Indented) + "\n";
}
