using System.Globalization;
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
    public async Task All_pairs_of_ends_count_what_the_same_postfix_accepts_and_delivers()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Postfix runs in namespaces, which need Linux and root; CI has both.");
        Assert.SkipUnless(ForeignProgram.Find("smtp-sink") is not null && ForeignProgram.Find("postconf") is not null, "postfix is not installed (Debian: apt-get install postfix).");
        await using var run = CliProcess.Start(
            ["run", "profiles/crosscheck.yaml", "--set", "crossCheck.rounds=1", "--set", "crossCheck.messages=300", "--set", "phases.calibrate=200ms", "--out", Path.Combine(_scratch, "run"), "--format", "json"]);
        var code = await run.ExitAsync(Patience);
        Assert.True(code == 0, run.Error);
        var table = Assert.Single(JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!.Probes);
        Assert.Null(table.Failure);
        Assert.Equal(13, table.Findings.Count);
        // Counts owe nothing to how busy the machine is.
        Assert.Equal((ProbeFinding.Agrees, "5 turns of 300: all the same"), (table.Findings[0].Verdict, table.Findings[0].Observed));
        // One round on a machine that does other things shows no agreement of rates; but nobody is worlds apart where nothing competes, and CPU time depends less on others.
        Assert.All(table.Findings.Skip(1), f =>
        {
            var most = f.Question.Contains("CPU", StringComparison.Ordinal) ? 3.0 : 15;
            Assert.InRange(double.Parse(Ratio().Match(f.Observed).Groups[1].Value, CultureInfo.InvariantCulture), 1 / most, most);
        });
    }

    [GeneratedRegex(@": ([0-9.]+) ×")]
    private static partial Regex Ratio();
}
