using System.Text.Json;
using MailBench.Model.Records;
using MailBench.Testing;
using Xunit;

namespace MailBench.EndToEnd;

/// <summary><c>mailbench plan</c> as a user meets it: a small sweep is measured, asked what it knows, and refuses what it does not.</summary>
public sealed class PlanTests : IDisposable
{
    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-plan-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task A_sweep_answers_what_it_measured_and_names_the_run_that_would_say_more()
    {
        var profile = Path.Combine(_scratch, "users.yaml");
        await File.WriteAllTextAsync(profile, """
            version: 1
            quick: on
            line: { capacity: 1Mbit/s }
            workload: { size: 4KiB }
            users: { action: delete, mailPerPoll: 1, interval: 1s }
            phases: { calibrate: 300ms, warmUp: 1s, steady: 2s, drain: 1s }
            sweeps:
              - { name: users, axes: { users.count: [5, 60] } }
              - { name: unasked, set: { users.count: 1 } }
            """, TestContext.Current.CancellationToken);
        var folder = new RunFolder(Path.Combine(_scratch, "run"));
        await using var run = CliProcess.Start("run", profile, "--sweep", "users", "--out", folder.Root, "--format", "json");
        Assert.True(await run.ExitAsync(TimeSpan.FromMinutes(2)) is 0 or 3, run.Error);
        var points = JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!.Points;
        Assert.Equal([5, 60], points.Select(point => point.Users!.Value).Order());

        // What the points are on this machine, at this moment, the answers must be: a busy one may void them, or keep even five waiting.
        foreach (var point in points)
        {
            var (code, plan) = await AskAsync(folder, "--users", $"{point.Users}", "--poll", "1s");
            var answer = Assert.Single(plan.Answers);
            if (point.Void)
            {
                Assert.Equal(3, code);
                continue;
            }

            Assert.Equal((CapacityReason.Measured, code == 0), (answer.Reason, answer.Verdict == CapacityVerdict.Carried));
            Assert.Equal(point.Latencies["response"].P95, Assert.Single(answer.Evidence).P95Ms);
            Assert.Equal("delete over pop3", answer.Variant);
        }

        var (beyond, refused) = await AskAsync(folder, "--users", "10000", "--poll", "1s");
        Assert.Equal((3, CapacityVerdict.Refused), (beyond, refused.Verdict));
        var command = refused.Answers[0].Command!;
        Assert.EndsWith("profile.yaml --set users.count=10000 --set users.interval=1s", command, StringComparison.Ordinal);
        Assert.True(refused.Limits!.OpenFilesNeeded >= 20_000);
        Assert.Equal(3, (await AskAsync(folder, "--users", "5", "--poll", "7s")).Code);
        Assert.Equal(3, (await AskAsync(folder, "--users", "5", "--poll", "1s", "--line", "2Mbit/s")).Code);
        Assert.Equal(3, (await AskAsync(folder, "--users", "5", "--poll", "1s", "--protocol", "imap")).Code);

        // Some 24 polls/s fill the line, with or without a machine that is slow.
        if (!points.All(point => point.Void))
        {
            var (code, extrapolated) = await AskAsync(folder, "--users", "10000", "--poll", "1s", "--extrapolate");
            var answer = extrapolated.Answers[0];
            Assert.True(answer.Extrapolated ? code == 1 && answer.Extrapolation!.UsersHigh < 1000 : code == 3, answer.Sentence);
        }

        // The command is one that runs: what it would measure is said, and nothing else.
        await using var dry = CliProcess.Start([.. command.Split(' ').Skip(1), "--dry-run"]);
        Assert.Equal(0, await dry.ExitAsync(TimeSpan.FromMinutes(1)));
        Assert.Contains("1 point × 1 repetition", dry.Output, StringComparison.Ordinal);
        Assert.Contains("10,000 users every 1 s", dry.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "--users", "400", "--poll", "1s")]
    [InlineData(0, "--users", "200", "--poll", "1s")]
    [InlineData(3, "--users", "300", "--poll", "1s")]
    [InlineData(3, "--users", "401", "--poll", "1s")]
    [InlineData(2, "--users", "none", "--poll", "1s")]
    [InlineData(2, "--users", "300", "--poll", "often")]
    [InlineData(2, "--users", "300")]
    [InlineData(2, "--users", "300", "--poll", "1s", "--line", "fast")]
    [InlineData(2, "--users", "300", "--poll", "1s", "--protocol", "smtp")]
    public async Task The_exit_code_is_the_contract_s(int expected, params string[] question)
    {
        await using var plan = CliProcess.Start(["plan", "results/examples/quickstart", .. question]);
        Assert.Equal(expected, await plan.ExitAsync(TimeSpan.FromMinutes(1)));
        Assert.Equal(expected == 2, plan.Error.Length > 0);
    }

    [Fact]
    public async Task A_damaged_run_is_refused_by_file()
    {
        var folder = new RunFolder(Path.Combine(_scratch, "damaged"));
        Directory.CreateDirectory(folder.Root);
        await File.WriteAllTextAsync(folder.Summary, File.ReadAllText(Path.Combine(CliProcess.Checkout, "results", "examples", "quickstart", "run.json"))[..5000], TestContext.Current.CancellationToken);
        await using var plan = CliProcess.Start("plan", folder.Root, "--users", "300", "--poll", "1s");
        Assert.Equal(2, await plan.ExitAsync(TimeSpan.FromMinutes(1)));
        Assert.Contains(folder.Summary, plan.Error, StringComparison.Ordinal);
    }

    /// <summary>The README and <c>--help</c> show what the example in this repository answers, to the letter.</summary>
    [Fact]
    public async Task What_is_written_of_it_is_what_it_says()
    {
        await using var plan = CliProcess.Start("plan", "results/examples/quickstart", "--users", "300", "--poll", "1s");
        Assert.Equal(3, await plan.ExitAsync(TimeSpan.FromMinutes(1)));
        await using var help = CliProcess.Start("plan", "--help");
        Assert.Equal(0, await help.ExitAsync(TimeSpan.FromMinutes(1)));
        var readme = Words(await File.ReadAllTextAsync(Path.Combine(CliProcess.Checkout, "README.md"), TestContext.Current.CancellationToken));
        foreach (var line in plan.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.Contains(Words(line), readme, StringComparison.Ordinal);
            Assert.Contains(Words(line), Words(help.Output), StringComparison.Ordinal);
        }
    }

    /// <summary>Without the breaks and marks of a page.</summary>
    private static string Words(string text) => string.Join(' ', text.Replace("\n>", "\n", StringComparison.Ordinal).Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries));

    private static async Task<(int Code, CapacityPlan Plan)> AskAsync(RunFolder folder, params string[] question)
    {
        await using var plan = CliProcess.Start(["plan", folder.Root, .. question, "--format", "json"]);
        var code = await plan.ExitAsync(TimeSpan.FromMinutes(1));
        Assert.True(plan.Error.Length == 0, plan.Error);
        return (code, JsonSerializer.Deserialize<CapacityPlan>(plan.Output, RecordJson.Line)!);
    }
}
