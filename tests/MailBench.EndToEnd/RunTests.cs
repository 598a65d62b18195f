using System.Text.Json;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Testing;
using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd;

/// <summary>The run command as a user meets it: profile in, run folder and exit code out.</summary>
public sealed class RunTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-run-").FullName;

    private RunFolder Folder => new(Path.Combine(_scratch, "run"));

    private string[] Smoke(params string[] more) =>
        ["run", "profiles/smoke.yaml", "--set", "phases.calibrate=300ms", "--set", "phases.warmUp=1s", "--set", "phases.steady=2s", .. more];

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task A_smoke_run_leaves_a_complete_folder_and_nothing_else()
    {
        await using var run = CliProcess.Start(Smoke("--out", Folder.Root, "--format", "json"));
        var code = await run.ExitAsync(Patience);
        Assert.True(code is 0 or 3, run.Error);
        foreach (var file in new[] { Folder.Profile, Folder.Header, Folder.Journal, Folder.Samples, Folder.Summary, Folder.ReportHtml, Folder.ReportMarkdown, Folder.PointsCsv }) Assert.True(File.Exists(file), file);
        foreach (var role in new[] { "source", "sink", "mta" }) Assert.True(File.Exists(Folder.EventsOf(role, 1, 0)), role);
        Assert.False(Directory.Exists(Folder.Work));
        Assert.Equal([Folder.Root], Directory.GetFileSystemEntries(_scratch));

        var summary = JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!;
        Assert.Equal(2, summary.Points.Count);
        Assert.All(summary.Points, point => Assert.True(point.Books.Close && point.Books.Delivered > 0 && point.Books.Lost == 0, $"{point.Books}"));
        Assert.Equal(summary.Points.Any(point => point.Void), code == 3);
        Assert.NotEmpty(summary.Calibration!.Ceilings);
        Assert.NotEmpty(summary.Calibration.Lines);
        Assert.True(summary.Calibration.SyncsPerSecondAfter > 0);
        Assert.Contains("steady", File.ReadAllText(Folder.Samples));
    }

    [Theory]
    [InlineData("sink")]
    [InlineData("mta")]
    public async Task A_role_killed_in_mid_run_stops_it_names_the_role_and_keeps_what_is_finished(string role)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc to find the role's process");
        await using var run = CliProcess.Start(Smoke("--out", Folder.Root));
        await run.HearAsync("[2/2] ", Patience);
        await HearPhaseAsync(run, "[2/2] ", "steady");
        CliProcess.Signal(run.Children().Single(child => child.CommandLine.Contains($" {role} ", StringComparison.Ordinal)).Pid, "KILL");
        Assert.Equal(4, await run.ExitAsync(Patience));
        Assert.Contains($"the run stopped: {role}: was killed by signal 9", run.Error);
        var trials = Journal();
        Assert.Equal(2, trials.Count);
        Assert.Null(trials[0].Failure);
        Assert.Equal(role, trials[1].Failure!.Role);
        Assert.True(File.Exists(Folder.ReportHtml));
    }

    [Fact]
    public async Task When_the_runner_is_killed_all_nodes_end_within_ten_seconds()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc to find the nodes");
        await using var run = CliProcess.Start(Smoke("--out", Folder.Root));
        await HearPhaseAsync(run, "[1/2] ", "steady");
        var children = run.Children();
        Assert.True(children.Count >= 5, string.Join('\n', children));
        CliProcess.Signal(run.Pid, "KILL");
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(10);
        while (children.Any(child => CliProcess.Lives(child.Pid)) && DateTime.UtcNow < deadline) await Task.Delay(50);
        Assert.DoesNotContain(children, child => CliProcess.Lives(child.Pid));
    }

    [Fact]
    public async Task An_interrupted_run_exits_130_keeps_the_finished_point_and_can_be_resumed()
    {
        if (Interrupts.WhyNot() is { } reason) Assert.Skip(reason);
        await using (var run = CliProcess.Start(Smoke("--out", Folder.Root)))
        {
            await HearPhaseAsync(run, "[2/2] ", "warm-up");
            CliProcess.Signal(run.Pid, "INT");
            Assert.Equal(130, await run.ExitAsync(Patience));
            Assert.Single(Journal());
            Assert.True(File.Exists(Folder.ReportHtml));
            Assert.False(Directory.Exists(Folder.Work));
        }

        await using (var other = CliProcess.Start(Smoke("--resume", Folder.Root, "--seed", "99")))
        {
            Assert.Equal(2, await other.ExitAsync(Patience));
            Assert.Contains("another profile", other.Error);
        }

        await using var rest = CliProcess.Start(Smoke("--resume", Folder.Root));
        Assert.True(await rest.ExitAsync(Patience) is 0 or 3, rest.Error);
        Assert.Equal([1, 2], Journal().Select(trial => trial.Point).Order());
    }

    [Theory]
    [InlineData(4, "cannot be written", "run", "profiles/smoke.yaml", "--out", "/proc/mailbench")]
    [InlineData(2, "there is no such profile", "run", "profiles/none.yaml")]
    [InlineData(2, "did you mean 'load.backlog'?", "run", "profiles/smoke.yaml", "--set", "load.backlogs=5")]
    [InlineData(2, "--max-duration 1s", "run", "profiles/smoke.yaml", "--max-duration", "1s")]
    [InlineData(4, "open files", "run", "profiles/smoke.yaml", "--set", "mta.sessionsOut=100000", "--set", "load.model=closed", "--set", "load.users=1000000")]
    public async Task What_cannot_run_is_refused_before_anything_starts(int code, string words, params string[] arguments)
    {
        await using var run = CliProcess.Start(arguments);
        Assert.Equal(code, await run.ExitAsync(Patience));
        Assert.Contains(words, run.Error);
        Assert.DoesNotContain("calibrating", run.Error);
    }

    [Fact]
    public async Task A_run_folder_is_never_written_over()
    {
        Directory.CreateDirectory(Folder.Root);
        File.WriteAllText(Folder.Header, "{}");
        await using var run = CliProcess.Start(Smoke("--out", Folder.Root));
        Assert.Equal(2, await run.ExitAsync(Patience));
        Assert.Contains("--resume", run.Error);
    }

    [Fact]
    public async Task A_directory_with_other_things_in_it_becomes_no_run_folder()
    {
        // A run removes its work folder at the end, and event files that no finished trial has.
        var kept = Path.Combine(Folder.Work, "thesis.txt");
        Directory.CreateDirectory(Folder.Work);
        File.WriteAllText(kept, "");
        await using var run = CliProcess.Start(Smoke("--out", Folder.Root));
        Assert.Equal(2, await run.ExitAsync(Patience));
        Assert.Contains("holds other things", run.Error);
        Assert.True(File.Exists(kept));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{}")]
    public async Task A_damaged_folder_is_not_resumed(string header)
    {
        Directory.CreateDirectory(Folder.Root);
        File.WriteAllText(Folder.Profile, ProfileText.Write(ProfileReader.Read(
            File.ReadAllText(Path.Combine(CliProcess.Checkout, "profiles/smoke.yaml")), "profiles/smoke.yaml", ["phases.calibrate=300ms", "phases.warmUp=1s", "phases.steady=2s"])));
        File.WriteAllText(Folder.Header, header);
        await using var run = CliProcess.Start(Smoke("--resume", Folder.Root));
        Assert.Equal(2, await run.ExitAsync(Patience));
        Assert.Contains("header.json", run.Error);
        Assert.DoesNotContain("calibrating", run.Error);
    }

    [Fact]
    public async Task A_dry_run_prints_points_and_time_and_starts_nothing()
    {
        await using var run = CliProcess.Start("run", "profiles/quickstart.yaml", "--dry-run", "--out", Folder.Root);
        Assert.Equal(0, await run.ExitAsync(Patience));
        Assert.Contains("16 points", run.Output);
        Assert.Contains("70% of saturated (point 1)", run.Output);
        Assert.False(Directory.Exists(Folder.Root));
    }

    private async Task HearPhaseAsync(CliProcess run, string trial, string phase)
    {
        await run.HearAsync(trial, Patience);
        var name = run.Error.Split('\n').First(line => line.StartsWith(trial, StringComparison.Ordinal)).Split(": about")[0];
        await run.HearAsync($"{name}: {phase}", Patience);
    }

    private List<TrialRecord> Journal() =>
        [.. File.ReadAllLines(Folder.Journal).Select(line => JsonSerializer.Deserialize<TrialRecord>(line, RecordJson.Line)!)];
}
