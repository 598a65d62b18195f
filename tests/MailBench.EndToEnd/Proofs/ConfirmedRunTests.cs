using System.Text.Json;
using System.Text.RegularExpressions;
using MailBench.Model.Records;
using MailBench.Testing;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>A run that confirms on a known truth: the own core behind a line of 10 Mbit/s is limited by it on any machine, so that a wider one must give as much more.</summary>
[Collection(AloneCollection.Name)]
public sealed partial class ConfirmedRunTests : IDisposable
{
    private const string Profile = """
        version: 1
        name: confirmed
        confirm: on
        repetitions: 3
        line: {capacity: 10Mbit/s}
        dns: {domains: 10, mx: 1}
        workload: {size: 4KiB}
        load: {model: backlog, backlog: 300, sessions: 8}
        phases: {calibrate: 600ms, warmUp: 1s, steady: 3s, drain: 20s}
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-confirmed-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task A_line_of_ten_megabits_is_confirmed_as_the_limit_of_the_own_core()
    {
        var profile = Path.Combine(_scratch, "profile.yaml");
        File.WriteAllText(profile, Profile);
        var folder = new RunFolder(Path.Combine(_scratch, "run"));
        await using var run = CliProcess.Start("run", profile, "--out", folder.Root);
        var code = await run.ExitAsync(Patience);
        Assert.True(code is 0 or 3, run.Output + run.Error);
        var summary = JsonSerializer.Deserialize<RunSummary>(File.ReadAllText(folder.Summary), RecordJson.Line)!;
        Assert.Equal(
            [(1, null), (2, CompanionChange.Line), (3, CompanionChange.Sessions), (4, (CompanionChange?)CompanionChange.Testbed)], summary.Points.Select(point => (point.Point, point.Companion?.Change)).Distinct());
        Assert.Empty(summary.Comparisons);
        Assert.Equal(["", "", "", .. Enumerable.Repeat("1", 9)], Column(folder, "companionOf"));
        var burdens = JsonSerializer.Deserialize<RunHeader>(File.ReadAllText(folder.Header), RecordJson.Line)!.Points.Select(point => point.Settings.GetValueOrDefault("testbed.burden"));
        Assert.Equal([null, null, null, "20%"], burdens);

        if (Unrest(summary) is { } unrest) Assert.Skip($"this machine was too busy for a line of 10 Mbit/s: {unrest}");
        var confirmation = Assert.Single(summary.Confirmations);
        var line = confirmation.Companions.Single(result => result.Change == CompanionChange.Line);
        Assert.True(line.Verdict == CompanionResult.Confirmed, $"{line}\n{run.Output}");
        Assert.InRange(line.Ratio!.Value, 1.18, 1.32);
        Assert.Equal("line forward", confirmation.Bottleneck);
        Assert.Contains("line forward is confirmed as its limit", run.Output, StringComparison.Ordinal);
    }

    /// <summary>Why nothing can be said: a point is void, or a line that waited for a processor was not full. Null on a machine that had time for it.</summary>
    private static string? Unrest(RunSummary summary)
    {
        if (summary.Points.FirstOrDefault(point => point.Void) is { } gone) return string.Join("; ", gone.VoidReasons);
        return summary.Points.Where(point => point.Point <= 2).Where(point => point.BusyForward < 0.98).Select(point => $"the line of point {point.Point} was {point.BusyForward:0%} busy; {string.Join("; ", point.Flags)}").FirstOrDefault();
    }

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex QuotedField();

    private static IEnumerable<string> Column(RunFolder folder, string name)
    {
        var lines = File.ReadAllLines(folder.PointsCsv);
        var at = Array.IndexOf(lines[0].Split(','), name);
        Assert.True(at > 0, lines[0]);
        // Flags may hold commas, and are quoted then.
        return lines.Skip(1).Select(line => QuotedField().Replace(line, "").Split(',')[at]);
    }
}
