using System.Text.Json;
using System.Text.RegularExpressions;
using MailBench.Model.Records;
using MailBench.Testing;
using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>The shipped cross-check, shortened: smtp-source and smtp-sink in our roles' places.</summary>
[Collection(AloneCollection.Name)]
public sealed partial class CrossCheckTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-crosscheck-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task Both_pairs_of_tools_count_what_the_same_postfix_accepts_and_delivers()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Postfix runs in namespaces, which need Linux and root; CI has both.");
        Assert.SkipUnless(ForeignProgram.Find("smtp-sink") is not null && ForeignProgram.Find("postconf") is not null, "postfix is not installed (Debian: apt-get install postfix).");
        await using var run = CliProcess.Start(
            ["run", "profiles/crosscheck.yaml", "--set", "crossCheck.pairs=1", "--set", "phases.warmUp=1500ms", "--set", "phases.steady=1500ms", "--set", "phases.calibrate=200ms", "--out", Path.Combine(_scratch, "run"), "--format", "json"]);
        var code = await run.ExitAsync(Patience);
        Assert.True(code == 0, run.Error);
        var table = Assert.Single(JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!.Probes);
        Assert.Null(table.Failure);
        // One pair on a machine that does other things shows no agreement; both must have counted, and not worlds apart.
        Assert.Equal(["accepted messages/s", "delivered messages/s"], table.Findings.Select(f => f.Question));
        Assert.All(table.Findings, f => Assert.InRange(double.Parse(Ratio().Match(f.Observed).Groups[1].Value), 0.1, 10));
    }

    [GeneratedRegex(@": ([0-9.]+) ×")]
    private static partial Regex Ratio();
}
