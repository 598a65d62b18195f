using System.Text.Json;
using MailBench.Model.Records;
using MailBench.Testing;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>
/// The instrument on a known truth: over a line whose delay is all that takes time, deliveries per second are sessions ÷ round trips, so that the own core with 17 sessions instead of 20 is 15 % slower
/// on any machine. A run of both must say so. (That the same thing twice is not called different, recorded blocks show: RecordedBlocksTests.)
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class PlantedSlowDownTests : IDisposable
{
    private const string Profile = """
        version: 1
        name: planted-slow-down
        repetitions: 6
        line: {capacity: unlimited, delay: 40ms}     # what a busy machine adds to a round trip is small beside it
        dns: {domains: 10, mx: 1}
        workload: {size: 1KiB}
        load: {model: backlog, backlog: 120, sessions: 8}
        phases: {calibrate: 200ms, warmUp: 3s, steady: 2s, drain: 20s}
        systems:
          base: {kind: mailbench, set: {mta.sessionsPerSite: 20}}
          slower: {kind: mailbench, set: {mta.sessionsPerSite: 17}}
        compare: {factors: [concurrency]}
        sweeps:
          - name: saturated
            axes: {system: [base, slower]}
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-planted-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task Fifteen_percent_in_the_own_core_are_regressed()
    {
        var profile = Path.Combine(_scratch, "profile.yaml");
        File.WriteAllText(profile, Profile);
        var folder = Path.Combine(_scratch, "run");
        await using var run = CliProcess.Start("run", profile, "--out", folder);
        var code = await run.ExitAsync(Patience);
        Assert.True(code is 0 or 3, run.Output + run.Error);
        var (slower, words) = await CompareAsync($"{folder}#base", $"{folder}#slower");
        if (slower != 1 && Unrest(new RunFolder(folder)) is { } unrest) Assert.Skip($"this machine was too busy for any verdict: {unrest}");
        Assert.True(slower == 1, words);
        Assert.Contains("verdict: regressed", words, StringComparison.Ordinal);
    }

    /// <summary>Why nothing can be said: a side alone went up and down, which no difference between the two explains, or a point is void. Null on a machine that had time for it.</summary>
    private static string? Unrest(RunFolder folder)
    {
        var points = JsonSerializer.Deserialize<RunSummary>(File.ReadAllText(folder.Summary), RecordJson.Line)!.Points;
        if (points.FirstOrDefault(point => point.Void) is { } gone) return string.Join("; ", gone.VoidReasons);
        var slower = points.Where(point => point.Axes["system"] == "slower").Select(point => point.DeliveredPerSecond!.Value).ToList();
        if (slower.Max() > 1.3 * slower.Min()) return $"the slower core did {slower.Min():0} to {slower.Max():0} deliveries/s";
        var rates = points.Where(point => point.Axes["system"] == "base").Select(point => point.DeliveredPerSecond!.Value).ToList();
        return rates.Max() > 1.1 * rates.Min() ? $"the same core did {rates.Min():0} to {rates.Max():0} deliveries/s" : null;
    }

    private static async Task<(int Code, string Words)> CompareAsync(string @base, string candidate)
    {
        await using var compare = CliProcess.Start("compare", @base, candidate);
        return (await compare.ExitAsync(Patience), compare.Output + compare.Error);
    }
}
