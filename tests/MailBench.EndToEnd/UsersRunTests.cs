using System.Text.Json;
using MailBench.Model.Records;
using MailBench.Testing;
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

        // What came; what got through may hold what a busy machine owed from the warm-up.
        Assert.InRange(few.Polls!.OfferedPerSecond, 8, 12);
        Assert.InRange(few.BusyForward!.Value, 0.2, 0.7);
        Assert.True(many.BusyForward > 0.9, $"{many.BusyForward}");
        Assert.True(many.Polls!.PerSecond < 50 && many.Latencies["response"].P95 > few.Latencies["response"].P95);

        // Two seconds of ten polls, some with two messages: the figure's own test is on planted events; here it only has to be of the right size.
        Assert.InRange(few.Polls.PredictedUsers!.Value, 8, 60);
        Assert.Contains(summary.Sentences, sentence => sentence.Contains("10 users were carried", StringComparison.Ordinal) && sentence.Contains("limited by line forward", StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(folder.Plots, "users-1000000.svg")));
    }

    [Fact]
    public async Task Users_in_idle_see_their_mail_soon_after_its_250()
    {
        var profile = Path.Combine(_scratch, "idle.yaml");
        await File.WriteAllTextAsync(profile, """
            version: 1
            quick: on
            line: { capacity: 10Mbit/s }
            workload: { size: 4KiB }
            users: { protocol: imap, action: idle, count: 20, mailPerPoll: 1, interval: 1s }
            phases: { calibrate: 300ms, warmUp: 2s, steady: 2s, drain: 2s }
            """, TestContext.Current.CancellationToken);
        var folder = new RunFolder(Path.Combine(_scratch, "idle"));
        await using var run = CliProcess.Start("run", profile, "--out", folder.Root, "--format", "json");
        var code = await run.ExitAsync(TimeSpan.FromMinutes(2));
        Assert.True(code is 0 or 3, run.Error);
        var point = Assert.Single(JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!.Points);
        if (point.Void)
        {
            Assert.Contains("was late", string.Join(' ', point.VoidReasons), StringComparison.Ordinal);
            return;
        }

        // Some 40 messages, each announced and fetched, none in vain.
        var push = point.Latencies["push"];
        Assert.Equal((20L, 0L, 0L), (point.Polls!.SessionsOpen, point.Polls.Dropped, point.Polls.Failed));
        Assert.InRange(push.Count, 20, 80);
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
            phases: { calibrate: 300ms, warmUp: 1s, steady: 1s, drain: 2s }
            """, TestContext.Current.CancellationToken);
        var folder = new RunFolder(Path.Combine(_scratch, "knee"));
        await using var run = CliProcess.Start("run", profile, "--out", folder.Root, "--format", "json");
        var code = await run.ExitAsync(TimeSpan.FromMinutes(2));
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
}
