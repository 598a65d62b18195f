using System.Text.Json;
using MailBench.Model.Records;
using MailBench.Testing;
using Xunit;

namespace MailBench.EndToEnd;

/// <summary>
/// Too much mail for a line, as a user meets it. The line of 1 Mbit/s takes some 26 messages of 4 KiB a second and next to nothing of the machine, so that its queue is arithmetic: what is offered above
/// that waits, and goes at the rate that is left afterwards.
/// </summary>
public sealed class OverloadRunTests : IDisposable
{
    private const string Profile = """
        version: 1
        quick: on
        line: { capacity: 1Mbit/s }
        dns: { domains: 10, mx: 1 }
        workload: { size: 4KiB }
        load: { sessions: 8 }
        phases: { calibrate: 300ms, warmUp: 1s, steady: 4s, drain: 30s }
        gates: { lateness: 2s }      # a machine that is busy with other tests makes the source late by tens of milliseconds; what is looked for takes seconds
        sweeps:
          - { name: saturated, set: { load.backlog: 60 } }
          - name: curve
            set: { load.model: open }
            axes: { load.rate: [40% of saturated, 50% of saturated, 160% of saturated] }
          - name: overload
            set:
              load.model: open
              phases.steady: 18s
              load.stages: [inject 60% of saturated for 3s, inject 160% of saturated for 4s, inject 40% of saturated for 12s]
        """;

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-overload-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task An_overload_has_its_knee_at_the_lines_capacity_and_takes_its_backlog_over_the_spare_capacity_to_recover_from()
    {
        var profile = Path.Combine(_scratch, "overload.yaml");
        await File.WriteAllTextAsync(profile, Profile, TestContext.Current.CancellationToken);
        var folder = new RunFolder(Path.Combine(_scratch, "run"));
        await using var run = CliProcess.Start("run", profile, "--out", folder.Root, "--format", "json");
        var code = await run.ExitAsync(TimeSpan.FromMinutes(4));
        Assert.True(code is 0 or 3, run.Error);
        var summary = JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!;
        Assert.All(summary.Points, point => Assert.True(point.Books is { Lost: 0, Unexpected: 0 }, $"{point.Books}"));
        if (Unrest(summary) is { } unrest) Assert.Skip($"this machine was too busy to fill a line of 1 Mbit/s, so that nothing can be computed from it: {unrest}");
        Assert.All(summary.Points, point => Assert.True(!point.Void, string.Join("; ", point.VoidReasons)));

        // Up to half the load nothing waits for long; at 160 % each second leaves more than half a second's mail behind, so that what comes last waits for seconds.
        var curve = Assert.Single(summary.Curves);
        Assert.Equal([0.4, 0.5, 1.6], curve.Points.Select(point => point.Share));
        Assert.True(curve is { KneeShare: 1.6, BelowKneeShare: 0.5, WholeIsSaturated: true }, JsonSerializer.Serialize(curve, RecordJson.Line));
        Assert.InRange(curve.WholePerSecond, 15, 30);
        Assert.InRange(curve.Points[^1].DeliveredPerSecond / curve.WholePerSecond, 0.6, 1.2);
        Assert.InRange(curve.Points[^1].OfferedPerSecond / curve.WholePerSecond, 1.4, 1.8);

        // 4 s of 60 % too much, and 60 % to spare: four seconds.
        var recovery = summary.Points.Single(point => point.Sweep == "overload").Course!.Recovery!;
        if (recovery.CapacityPerSecond < 0.88 * curve.WholePerSecond) Assert.Skip($"something other than the line held mail up during the overload: {recovery.CapacityPerSecond:0.0} of {curve.WholePerSecond:0.0} deliveries/s");
        var backlog = 4 * 0.6 * curve.WholePerSecond;
        Assert.InRange(recovery.Backlog, 0.5 * backlog, 2 * backlog);
        Assert.InRange(recovery.ExpectedSeconds!.Value, 2, 9);
        Assert.InRange(recovery.Seconds!.Value, 0.5 * recovery.ExpectedSeconds.Value, 2 * recovery.ExpectedSeconds.Value + 1);
        Assert.Contains(summary.Sentences, sentence => sentence.Contains("the knee lies between 50 %", StringComparison.Ordinal));
        Assert.Contains(summary.Sentences, sentence => sentence.Contains("4 s of overload (160 %", StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(folder.Plots, "overload-1.svg")) && Directory.GetFiles(folder.Plots, "course-*.svg").Length == 1);
    }

    /// <summary>Why the line was not what limited the saturated point, or what else kept a role from its work for seconds; null on a machine that had time for it.</summary>
    private static string? Unrest(RunSummary summary)
    {
        if (summary.Points.FirstOrDefault(point => point.Void && point.VoidReasons.Any(reason => reason.Contains("late", StringComparison.Ordinal) || reason.Contains("other programs used", StringComparison.Ordinal))) is { } gone)
            return string.Join("; ", gone.VoidReasons);
        if (summary.Points.Single(point => point.Sweep == "saturated") is { Bottleneck: not "line forward" } saturated) return $"its saturated point was limited by {saturated.Bottleneck}, the line {saturated.BusyForward:P0} busy";
        return summary.Points.SelectMany(point => point.Flags).FirstOrDefault(flag => flag.StartsWith("the line was late", StringComparison.Ordinal));
    }
}
