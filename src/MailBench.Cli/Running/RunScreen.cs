using System.Globalization;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs;
using MailBench.Runs.Sweep;
using Spectre.Console;

namespace MailBench.Cli.Running;

/// <summary>Live progress on standard error: bars on a terminal; plain lines with NO_COLOR, in a pipe or with CI=true. Standard output stays free for the summary.</summary>
internal static class RunScreen
{
    public static async Task<RunOutcome> ShowAsync(RunPlan plan, TimeSpan estimate, RunFolder folder, TimeProvider time, Func<IRunWatcher, Task<RunOutcome>> run)
    {
        if (!IsTerminal) return await run(new PlainWatcher(plan, estimate, folder, Console.Error, time));
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        RunOutcome? outcome = null;
        await console.Progress().AutoClear(true).Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(async bars => outcome = await run(new LiveWatcher(plan, estimate, bars, time)));
        return outcome!;
    }

    /// <summary>Whether colour and animation are welcome.</summary>
    public static bool IsTerminal =>
        !Console.IsErrorRedirected && string.IsNullOrEmpty(System.Environment.GetEnvironmentVariable("NO_COLOR")) && System.Environment.GetEnvironmentVariable("CI") is not ("true" or "1");

    /// <summary><c>saturated (1.5Mbit/s, per-mx-host)</c>.</summary>
    public static string NameOf(TrialPlan trial) =>
        $"{trial.Point.Planned.Sweep}{(trial.Point.Planned.Axes.Count > 0 ? $" ({string.Join(", ", trial.Point.Planned.Axes.Values)})" : "")}{(trial.Point.Settings.FindsSustainable() ? $", try {trial.Repetition + 1}" : trial.Repetition > 0 ? $", repetition {trial.Repetition + 1}" : "")}";

    /// <summary>Stands in a trial's place before the first.</summary>
    public const string BeforeTrials = "start";

    /// <summary><c>steady, 1,234 deliveries/s</c>; <c>removing the queue, 56 files and folders are gone</c>.</summary>
    public static string Describe(RunProgress progress) => string.Join(", ",
        new[] { progress.Phase, progress.RatePerSecond is { } rate ? string.Create(CultureInfo.InvariantCulture, $"{rate:#,0} {progress.RateUnit}") : "", progress.Detail }.Where(static part => part.Length > 0));

    /// <summary><c>2 min 05 s</c>; below a minute rounded up.</summary>
    public static string Clock(TimeSpan span) => span.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalHours} h {span.Minutes:00} min")
        : span.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{span.Minutes} min {span.Seconds:00} s") : string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(span.TotalSeconds):0} s");
}
