using System.Text.Json;
using MailBench.Model.Records;
using MailBench.Testing;
using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd;

/// <summary>A profile about users who poll, as a user meets it: below the line's limit they are carried, past it they are not, and the report says which limit that was.</summary>
public sealed class UsersRunTests : IDisposable
{
    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-users-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task Users_fit_through_a_line_until_it_is_full()
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
              - name: users
                axes:
                  users.count: [10, 60]
            """, TestContext.Current.CancellationToken);
        var folder = new RunFolder(Path.Combine(_scratch, "run"));
        await using var run = CliProcess.Start("run", profile, "--out", folder.Root, "--format", "json");
        var code = await run.ExitAsync(TimeSpan.FromMinutes(2));
        Assert.True(code is 0 or 3, run.Error);
        var summary = JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!;
        var (few, many) = (summary.Points.Single(p => p.Users == 10), summary.Points.Single(p => p.Users == 60));
        Assert.All(summary.Points, point => Assert.Equal(("users", 1.0, 1_000_000L, 0L), (point.LoadModel, point.IntervalSeconds, point.CapacityBitsPerSecond, point.Polls!.Failed)));
        Assert.Equal(1, summary.Conditions.Repetitions);
        Assert.Empty(summary.Calibration!.Ceilings);
        Assert.False(Directory.Exists(folder.Work));
        var columns = File.ReadLines(folder.PointsCsv).Select(line => line.Split(',')).ToList();
        Assert.Equal(["10", "60"], columns.Skip(1).Select(row => row[columns[0].IndexOf("users")]).Order());

        // A machine too busy for the users' own loop voids a point and says so; then there is nothing to compare.
        if (few.Void || many.Void)
        {
            Assert.All(summary.Points.Where(p => p.Void), p => Assert.Contains("was late", string.Join(' ', p.VoidReasons)));
            return;
        }

        // Mail that the disk let in late, or not at all, cannot fill the line as computed.
        if (few.Polls!.StoredPerSecond is not (> 8 and < 12) || many.Polls!.StoredPerSecond is not (> 48 and < 72)) Assert.Skip($"the disk let in {few.Polls!.StoredPerSecond:0.0} and {many.Polls!.StoredPerSecond:0.0} messages/s of 10 and 60");

        // What came; what got through may hold what a busy machine owed from the warm-up.
        Assert.InRange(few.Polls!.OfferedPerSecond, 8, 12);
        Assert.InRange(few.BusyForward!.Value, 0.2, 0.7);
        Assert.True(many.BusyForward > 0.9, $"{many.BusyForward}");
        Assert.True(many.Polls!.PerSecond < 50 && many.Latencies["response"].P95 > few.Latencies["response"].P95);

        // Two seconds of ten polls, some with two messages: the figure's own test is on planted events; here it only has to be of the right size.
        Assert.InRange(few.Polls.PredictedUsers!.Value, 8, 60);

        // Ten are carried, but on a machine that keeps even them waiting: then the sentence must say that.
        var kept = few.Latencies["response"].P95 <= few.Polls.WithinMs && CarriedUsers.Are(few.Polls.OfferedPerSecond * few.WindowSeconds, few.Polls.PerSecond!.Value * few.WindowSeconds, few.Polls.Failed, 0, few.Polls.Unfinished);
        Assert.Contains(summary.Sentences, sentence => sentence.Contains(kept ? "10 users were carried" : "not even the fewest users measured were carried", StringComparison.Ordinal)
            && (!kept || sentence.Contains("limited by line forward", StringComparison.Ordinal)));
        Assert.True(File.Exists(Path.Combine(folder.Plots, "users-1000000.svg")));
    }

    [Fact]
    public async Task A_trial_whose_mailboxes_are_being_removed_is_kept_when_the_run_is_interrupted()
    {
        if (Interrupts.WhyNot() is { } reason) Assert.Skip(reason);
        var profile = Path.Combine(_scratch, "many.yaml");
        await File.WriteAllTextAsync(profile, """
            version: 1
            quick: on
            line: { backend: none, capacity: unlimited }
            users: { count: 3000, interval: 10s, mailbox: { messages: 5, size: 1KiB } }
            phases: { calibrate: 300ms, warmUp: 500ms, steady: 1s, drain: 1s }
            sweeps:
              - name: users
                axes:
                  users.action: [check, fetch]
            """, TestContext.Current.CancellationToken);
        var folder = new RunFolder(Path.Combine(_scratch, "run"));
        await using (var run = CliProcess.Start("run", profile, "--out", folder.Root))
        {
            // The trial is in the journal, and 27,000 files and folders of it are still there: on most disks the signal comes while they go.
            await UntilAsync(() => File.Exists(folder.Journal) && new FileInfo(folder.Journal).Length > 0, TimeSpan.FromMinutes(5), run);
            CliProcess.Signal(run.Pid, "INT");
            Assert.Equal(130, await run.ExitAsync(TimeSpan.FromMinutes(5)));
            Assert.Contains("1 of 2 trials are kept", run.Error);
            Assert.True(File.Exists(folder.ReportHtml));
        }

        await using var rest = CliProcess.Start("run", profile, "--resume", folder.Root);
        Assert.True(await rest.ExitAsync(TimeSpan.FromMinutes(8)) is 0 or 3, rest.Error);
        Assert.Equal(2, File.ReadLines(folder.Journal).Count());
        Assert.False(Directory.Exists(folder.Work));
    }

    [Fact]
    public async Task Users_in_idle_over_TLS_see_their_mail_soon_after_its_250()
    {
        var profile = Path.Combine(_scratch, "idle.yaml");
        await File.WriteAllTextAsync(profile, """
            version: 1
            quick: on
            line: { capacity: 10Mbit/s }
            workload: { size: 4KiB }
            users: { protocol: imap, tls: starttls, action: idle, count: 20, mailPerPoll: 1, interval: 1s }
            phases: { calibrate: 300ms, warmUp: 3s, steady: 5s, drain: 2s }
            """, TestContext.Current.CancellationToken);
        var folder = new RunFolder(Path.Combine(_scratch, "idle"));
        await using var run = CliProcess.Start("run", profile, "--out", folder.Root, "--format", "json");
        var code = await run.ExitAsync(TimeSpan.FromMinutes(2));
        Assert.True(code is 0 or 3, run.Error);
        var point = Assert.Single(JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!.Points);
        Assert.Equal("starttls", point.Features["tls"]);
        Assert.DoesNotContain(Directory.EnumerateFiles(folder.Root, "*", SearchOption.AllDirectories), file => File.ReadAllText(file).Contains("PRIVATE KEY", StringComparison.Ordinal));
        if (point.Void)
        {
            Assert.Contains("was late", string.Join(' ', point.VoidReasons), StringComparison.Ordinal);
            return;
        }

        // Some 20 messages a second, each announced and fetched, none in vain.
        var push = point.Latencies["push"];
        Assert.Equal((20L, 0L, 0L), (point.Polls!.SessionsOpen, point.Polls.Dropped, point.Polls.Failed));
        Assert.InRange(push.Count / point.WindowSeconds, 8, 40);
        Assert.InRange(push.Max, 0.001, 30_000);
        Assert.InRange(point.Latencies["push.fetch"].Max, 0.001, 30_000);
    }

    /// <summary>Mail goes through the MTA to the mailboxes while the users take it away: the all-in-one server.</summary>
    [Fact]
    public async Task The_knee_is_found_overloaded_and_come_back_from()
    {
        var profile = Path.Combine(_scratch, "knee.yaml");
        await File.WriteAllTextAsync(profile, """
            version: 1
            quick: on
            line: { capacity: 1Mbit/s }
            workload: { size: 4KiB }
            users: { action: delete, mailPerPoll: 1, interval: 1s, count: 64, find: knee, resolution: 20%, delivery: mta }
            phases: { calibrate: 300ms, warmUp: 1s, steady: 3s, drain: 2s }
            """, TestContext.Current.CancellationToken);
        var folder = new RunFolder(Path.Combine(_scratch, "knee"));
        await using var run = CliProcess.Start("run", profile, "--out", folder.Root, "--format", "json");
        var code = await run.ExitAsync(TimeSpan.FromMinutes(4));
        Assert.True(code is 0 or 3, run.Error);
        Assert.Contains("64 users every 1 s are 64 polls/s from 1 client address", run.Error, StringComparison.Ordinal);
        var point = Assert.Single(JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!.Points);
        Assert.Equal("MailBench all in one", point.Features["system"]);
        Assert.True(point.CpuShares.ContainsKey("mta"));
        if (point.Void)
        {
            Assert.Contains("was late", string.Join(' ', point.VoidReasons), StringComparison.Ordinal);
            return;
        }

        var (polls, knee) = (point.Polls!, point.Polls!.Knee!);
        Assert.True(knee.CarriedUsers > 0 && polls.StoredPerSecond > 0);
        Assert.Equal([UsersStep.Below, UsersStep.AtCapacity, UsersStep.Over, UsersStep.Recovery, UsersStep.After], polls.Steps.Select(step => step.Name).Where(name => name != UsersStep.Search));

        // Where it was the line and not a busy machine: some 24 polls/s of 5,200 octets, and the prediction agrees, to what a second of 24 polls can tell.
        if (polls.Steps.LastOrDefault(step => step.Users == knee.NotCarriedUsers) is not { Bottleneck: "line forward" }) return;
        Assert.InRange(polls.PredictedUsers!.Value / ((knee.CarriedUsers + knee.NotCarriedUsers!.Value) / 2.0), 0.6, 1.6);
    }

    private static async Task UntilAsync(Func<bool> condition, TimeSpan patience, CliProcess run)
    {
        for (var begin = System.Diagnostics.Stopwatch.StartNew(); !condition();)
        {
            Assert.True(begin.Elapsed < patience, $"not within {patience}\n{run.Error}");
            await Task.Delay(20);
        }
    }
}
