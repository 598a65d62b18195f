using System.Text.Json;
using MailBench.Model.Records;
using MailBench.Testing;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>The shipped conformance profile: what the own core declares is what the wire, the resolver, a trace and its log show.</summary>
[Collection(AloneCollection.Name)]
public sealed class ConformanceRunTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-conformance-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task What_the_own_core_declares_is_observed_and_no_standard_is_departed_from()
    {
        // Brute force without reuse, so that the probes are seen to tell strategies apart and not to say what they always say.
        var table = await ProbeAsync("mta.strategy=per-domain", "mta.reuse=none", "mta.chunking=off", "mta.contentConversion=bounce", "mta.durability=os");
        Assert.Empty(table.Findings.Where(f => f.Verdict == ProbeFinding.Differs).Select(f => $"{f.Question}: {f.Expected}, {f.Observed}"));
        Assert.Contains(table.Findings, f => f.Question.StartsWith("strategy", StringComparison.Ordinal) && f.Observed == "per-domain: host | one two | set");
        Assert.Contains(table.Findings, f => f.Question.StartsWith("reuse", StringComparison.Ordinal) && f.Observed == "30");
        Assert.Contains(table.Findings, f => f.Question.StartsWith("contentConversion", StringComparison.Ordinal) && f.Observed == "failed");
        Assert.All(table.Findings.Where(f => f.Question.StartsWith("durability", StringComparison.Ordinal) && f.Verdict != ProbeFinding.NotShown), f => Assert.Equal("not synced before the 250", f.Observed));
        Assert.Contains("| question | expected | mailbench (mailbench mta) |", File.ReadAllText(new RunFolder(Path.Combine(_scratch, "run")).ReportMarkdown), StringComparison.Ordinal);
    }

    private async Task<ProbeTable> ProbeAsync(params string[] settings)
    {
        await using var run = CliProcess.Start(["run", "profiles/conformance.yaml", "--set", "system=mailbench", .. settings.SelectMany(setting => new[] { "--set", setting }), "--out", Path.Combine(_scratch, "run"), "--format", "json"]);
        var code = await run.ExitAsync(Patience);
        Assert.True(code == 0, run.Error);
        var summary = JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!;
        Assert.Empty(summary.Points);
        return Assert.Single(summary.Probes);
    }
}
