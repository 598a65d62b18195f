using System.Text.Json;
using MailBench.Model.Records;
using MailBench.Testing;
using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>Postfix from the system's package as the system under test, in namespaces of its own; what the machine runs already is never touched.</summary>
[Collection(AloneCollection.Name)]
public sealed class PostfixRunTests : IDisposable
{
    private const string Profile = """
        version: 1
        name: postfix-proof
        quick: on
        line: {capacity: unlimited}
        dns: {domains: 20, mx: 2}
        workload: {size: 2KiB, recipients: 4}
        load: {model: backlog, backlog: 400, sessions: 8}
        phases: {calibrate: 300ms, warmUp: 1s, steady: 2s, drain: 20s}
        systems:
          own: {kind: mailbench, set: {mta.strategy: per-domain}}
          postfix-losing: {kind: postfix, settings: {transport_maps: "inline:{d3.test=discard:thrown-away}"}}
          postfix-tuned: {kind: postfix, variant: tuned, settings: {default_process_limit: 50}}
        sweeps:
          - name: plain
            axes:
              system: [postfix, own]
          - name: refusing
            set: {system: postfix-tuned, phases.steady: 1s, phases.drain: 15s, sink.refuse: ["rcpt:450:4.2.0:10%", "rcpt:550:5.1.1:10%"]}
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-postfix-").FullName;

    private RunFolder Folder => new(Path.Combine(_scratch, "run"));

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    private CliProcess Start(params string[] more) => Run(Profile, more);

    /// <summary>One short trial.</summary>
    private CliProcess StartOne(params string[] more) =>
        Run(Profile[..Profile.IndexOf("sweeps:", StringComparison.Ordinal)], ["--set", "phases.warmUp=300ms", "--set", "phases.steady=700ms", "--set", "phases.drain=3s", "--set", "load.backlog=100", "--format", "json", .. more]);

    private CliProcess Run(string text, string[] more)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Postfix runs in namespaces, which need Linux and root; CI has both.");
        Assert.SkipUnless(ForeignProgram.Find("postconf") is not null, "postfix is not installed (Debian: apt-get install postfix).");
        var profile = Path.Combine(_scratch, "profile.yaml");
        File.WriteAllText(profile, text);
        return CliProcess.Start(["run", profile, "--out", Folder.Root, .. more]);
    }

    [Fact]
    public async Task Its_books_close_with_deliveries_bounces_and_what_is_still_queued_and_nothing_is_left_behind()
    {
        await using var run = Start("--format", "json");
        var code = await run.ExitAsync(Patience);
        Assert.True(code is 0 or 3, run.Error);
        var points = JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!.Points;
        Assert.Equal(["postfix", "own", "postfix-tuned"], points.Select(point => SystemOf(point.Point)));
        Assert.All(points, point => Assert.True(point.Books.Close && point.Books.Delivered > 0 && !point.Books.CountedNotBooked, $"{point.Point}: {point.Books}"));
        Assert.StartsWith("Postfix 3.", points[0].Features["sut"]);
        Assert.Equal("per-domain", points[0].Strategy);
        Assert.Equal(1, points[0].TransactionsPerDelivery!.Value, 0.01);
        Assert.True(points[0].CpuMsPerDelivery > 0.1, $"{points[0].CpuMsPerDelivery}");
        Assert.Equal("50 processes", points[2].Features["concurrency"].Split(", ")[1].Replace("in all", "processes", StringComparison.Ordinal));
        Assert.True(points[2].Books.FailedWithDsn > 0 && points[2].Books.StillQueued > 0, $"{points[2].Books}");
        Assert.Contains("daemon started", File.ReadAllText(Path.Combine(Folder.Logs, "attempts-1-0.log")));
        Assert.Empty(Remains());
        Assert.False(Directory.Exists(Folder.Work));
        Assert.DoesNotContain(_scratch, File.ReadAllText("/proc/self/mountinfo"));
    }

    [Fact]
    public async Task When_the_runner_is_killed_postfix_is_gone_within_ten_seconds()
    {
        await using var run = Start("--set", "system=postfix", "--set", "phases.steady=20s");
        await run.HearAsync("steady", Patience);
        Assert.NotEmpty(Remains());
        CliProcess.Signal(run.Pid, "KILL");
        await NodeBench.EventuallyAsync(() => Remains().Count == 0, () => $"still there: {string.Join(", ", Remains())}");
    }

    [Fact]
    public async Task A_postfix_that_dies_stops_the_run_and_is_named_with_its_last_words()
    {
        await using var run = Start("--set", "system=postfix", "--set", "phases.steady=20s");
        await run.HearAsync("steady", Patience);
        // A child that it has forked a moment ago still has its name.
        CliProcess.Signal(Remains().Where(process => process.Name == "master").MinBy(process => CliProcess.StartOf(process.Pid)).Pid, "KILL");
        Assert.Equal(4, await run.ExitAsync(Patience));
        Assert.Contains("the run stopped: postfix: was killed by signal 9; its last words: ", run.Error);
        Assert.Contains("postfix/", run.Error);
        Assert.Empty(Remains());
    }

    [Fact]
    public async Task Mail_that_it_throws_away_is_lost_and_its_own_log_tells_how()
    {
        await using var run = StartOne("--set", "system=postfix-losing");
        Assert.Equal(3, await run.ExitAsync(Patience));
        var point = JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!.Points[0];
        Assert.True(point is { Void: true, Books: { Lost: > 0, Close: false } }, $"{point.Books}");
        var reason = point.VoidReasons.First();
        Assert.StartsWith($"books do not close: {point.Books.Lost} accepted recipients", reason);
        Assert.Contains("to=<u", reason);
        Assert.Contains("@d3.test>, relay=none", reason);
        Assert.EndsWith("status=sent (thrown-away)", reason);
    }

    [Fact]
    public async Task A_caching_resolver_before_it_answers_what_it_would_ask_again_and_is_gone_after()
    {
        Assert.SkipUnless(File.Exists("/usr/sbin/unbound"), "unbound is not installed (Debian: apt-get install unbound).");
        await using var run = StartOne("--set", "system=postfix", "--set", "dns.resolver=unbound");
        var code = await run.ExitAsync(Patience);
        Assert.True(code is 0 or 3, run.Error);
        var point = JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!.Points[0];
        // Without it, two a delivery.
        Assert.True(point is { Books.Close: true, QueriesPerDelivery: > 0 and < 1 }, $"{point.Books}, {point.QueriesPerDelivery} queries");
        Assert.Equal("unbound", point.Features["cachingResolver"]);
        Assert.True(point.CpuShares["resolver"] > 0);
        Assert.Empty(Remains());
    }

    private string SystemOf(int point) => JsonSerializer.Deserialize<RunHeader>(File.ReadAllText(Folder.Header), RecordJson.Line)!.Points.Single(planned => planned.Point == point).Settings["system"];

    /// <summary>Processes whose mounts lie in this test's folder: its own Postfix, and no other of the machine.</summary>
    private List<(int Pid, string Name)> Remains()
    {
        var remains = new List<(int, string)>();
        foreach (var directory in Directory.EnumerateDirectories("/proc").Where(directory => char.IsAsciiDigit(Path.GetFileName(directory)[0])))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(directory, "mountinfo")).Contains(_scratch, StringComparison.Ordinal))
                    remains.Add((int.Parse(Path.GetFileName(directory)), File.ReadAllText(Path.Combine(directory, "comm")).Trim()));
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile, or is a kernel thread.
            }
        }

        return remains;
    }
}
