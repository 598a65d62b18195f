using System.Globalization;
using System.Net;
using System.Text.Json;
using MailBench.Model.Records;
using MailBench.Runs.Testbed;
using MailBench.Testing;
using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>A server that somebody else runs, at a host and port: here MailBench's own MTA, started as anybody would, of which the run knows no more than the address. No privilege is needed.</summary>
[Collection(AloneCollection.Name)]
public sealed class ExternalServerTests : IDisposable
{
    private const int Hosts = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-external-").FullName;

    private RunFolder Folder => new(Path.Combine(_scratch, "run"));

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task What_it_delivers_is_counted_and_the_report_says_that_it_was_not_booked()
    {
        var (smtp, dns) = (PortPick.FreeOnAll([.. Bench.Addresses(Hosts)]), PortPick.FreeOnAll([IPAddress.Loopback]));
        await using var theirs = MailbenchProcess.Start(
            "mta", "--listen", "127.0.0.1:0", "--queue", Path.Combine(_scratch, "queue"), "--dns", $"127.0.0.1:{dns}", "--smtp-port", smtp.ToString(CultureInfo.InvariantCulture), "--relay-from", "127.0.0.0/8", "--hostname", "theirs.test");
        await using var run = Start($"{theirs.ReadReady("mta")}", smtp, dns);
        var code = await run.ExitAsync(Patience);
        Assert.True(code is 0 or 3, run.Error);
        var summary = JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!;
        var point = Assert.Single(summary.Points);
        Assert.True(point.Books is { CountedNotBooked: true, Close: true, Delivered: > 0, Lost: 0 }, $"{point.Books}");

        // The moment of source to sink alone may meet a stall of the machine; that voids by the ceiling, and nothing else may.
        Assert.All(point.VoidReasons, reason => Assert.StartsWith("the testbed is too slow", reason, StringComparison.Ordinal));
        Assert.Equal("external server theirs", point.Features["sut"]);
        // Nothing is claimed of what cannot be seen.
        Assert.Null(point.CpuMsPerDelivery);
        Assert.Contains("Counted, not booked", File.ReadAllText(Folder.ReportHtml), StringComparison.Ordinal);
        Assert.Contains("counted, not booked", File.ReadAllText(Folder.ReportMarkdown), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_is_not_there_stops_the_run_and_is_named()
    {
        var (smtp, dns) = (PortPick.FreeOnAll([.. Bench.Addresses(Hosts)]), PortPick.FreeOnAll([IPAddress.Loopback]));
        await using var run = Start($"127.0.0.1:{PortPick.FreeOnAll([IPAddress.Loopback])}", smtp, dns);
        Assert.Equal(4, await run.ExitAsync(Patience));
        Assert.Contains("theirs: cannot be reached at 127.0.0.1:", run.Error, StringComparison.Ordinal);
    }

    private CliProcess Start(string at, int smtp, int dns)
    {
        var profile = Path.Combine(_scratch, "profile.yaml");
        File.WriteAllText(profile, $$"""
            version: 1
            name: external-proof
            quick: on
            system: theirs
            systems:
              theirs: {kind: external, at: "{{at}}"}
            testbed:
              smtpPort: {{smtp}}
              dnsPort: {{dns}}
            line: {capacity: unlimited}
            dns:
              domains: 10
              mx: {{Hosts}}
            workload: {size: 2KiB, recipients: 2}
            load: {model: backlog, backlog: 50, sessions: 4}
            phases: {calibrate: 200ms, warmUp: 500ms, steady: 1500ms, drain: 1s}
            """);
        return CliProcess.Start(["run", profile, "--out", Folder.Root, "--format", "json"]);
    }
}
