using System.Text.Json;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Testbed.Systems;
using MailBench.Testing;
using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>The same demands on every foreign MTA, in namespaces of its own, from the machine's packages or from an unpacked root.</summary>
[Collection(AloneCollection.Name)]
public sealed class ForeignMtaTests : IDisposable
{
    private const string Profile = """
        version: 1
        name: foreign-proof
        quick: on
        line: {capacity: unlimited}
        dns: {domains: 20, mx: 2}
        workload: {size: 2KiB, recipients: 4}
        load: {model: backlog, backlog: 120, sessions: 4}
        phases: {calibrate: 200ms, warmUp: 700ms, steady: 1500ms, drain: 3s}
        systems:
          exim-tuned: {kind: exim, variant: tuned}
          opensmtpd-tuned: {kind: opensmtpd, variant: tuned}
          sendmail-tuned: {kind: sendmail, variant: tuned}
          postfix-tuned: {kind: postfix, variant: tuned}
          exim-refusing: {kind: exim, settings: {message_size_limit: 1K}}
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-mta-").FullName;

    private RunFolder Folder => new(Path.Combine(_scratch, "run"));

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    private CliProcess Start(SystemKind kind, params string[] more)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Foreign MTAs run in namespaces, which need Linux and root; CI has both.");
        var (_, _, missing) = MailSystems.Here().Single(here => here.Kind == kind);
        Assert.SkipWhen(missing is not null, missing ?? "");
        var profile = Path.Combine(_scratch, "profile.yaml");
        File.WriteAllText(profile, Profile);
        return CliProcess.Start(["run", profile, "--out", Folder.Root, .. more]);
    }

    /// <summary>Postfix has its own tests beside.</summary>
    [Theory]
    [InlineData(SystemKind.Exim, "exim-tuned", "Completed")]
    [InlineData(SystemKind.Opensmtpd, "opensmtpd-tuned", "mta delivery")]
    [InlineData(SystemKind.Sendmail, "sendmail-tuned", "stat=Sent")]
    public async Task Its_books_close_over_deliveries_bounces_and_what_is_still_queued_and_nothing_is_left_behind(SystemKind kind, string system, string word)
    {
        await using var run = Start(kind, "--set", $"system={system}", "--set", "sink.refuse=rcpt:450:4.2.0:10%;rcpt:550:5.1.1:10%", "--set", "phases.steady=4s", "--set", "phases.drain=10s", "--format", "json");
        var code = await run.ExitAsync(Patience);
        Assert.True(code is 0 or 3, run.Error);
        var point = Assert.Single(JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!.Points);
        Assert.True(point.Books.Close && point.Books.Delivered > 0 && !point.Books.CountedNotBooked, $"{point.Books}; {string.Join("; ", point.VoidReasons)}");
        Assert.True(point.Books.StillQueued > 0, $"{point.Books}");
        Assert.True(point.CpuMsPerDelivery > 0.1, $"{point.CpuMsPerDelivery}");
        Assert.Equal("tuned", point.Features["variant"]);
        Assert.Contains(word, File.ReadAllText(Path.Combine(Folder.Logs, "attempts-1-0.log")));
        Assert.Empty(Remains());
        Assert.False(Directory.Exists(Folder.Work));
    }

    [Theory]
    [InlineData(SystemKind.Exim)]
    [InlineData(SystemKind.Opensmtpd)]
    [InlineData(SystemKind.Sendmail)]
    public async Task When_it_dies_the_run_stops_and_names_it(SystemKind kind)
    {
        await using var run = Start(kind, "--set", $"system={Kebab.Format(kind)}", "--set", "phases.steady=20s");
        await run.HearAsync("warm-up", Patience);
        // The daemon is the child of the namespace's first process, a shell.
        var daemon = Remains().Where(process => process.Name is "exim4" or "smtpd" or "sendmail" or "sendmail-mta").MinBy(process => CliProcess.StartOf(process.Pid));
        CliProcess.Signal(daemon.Pid, "KILL");
        Assert.Equal(4, await run.ExitAsync(Patience));
        Assert.Contains($"the run stopped: {Kebab.Format(kind)}: was killed by signal 9", run.Error);
        Assert.Empty(Remains());
    }

    [Fact]
    public async Task What_refuses_all_mail_is_void_and_says_why_in_its_own_words()
    {
        await using var run = Start(SystemKind.Exim, "--set", "system=exim-refusing", "--set", "phases.drain=1s", "--format", "json");
        Assert.Equal(3, await run.ExitAsync(Patience));
        var point = Assert.Single(JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!.Points);
        Assert.Contains(point.VoidReasons, reason => reason.StartsWith("nothing was delivered in the window", StringComparison.Ordinal) && reason.Contains("; its log ends: ", StringComparison.Ordinal) && reason.Contains("message too big", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_hangs_is_void_and_its_queue_is_still_read()
    {
        await using var run = Start(SystemKind.Opensmtpd, "--set", "system=opensmtpd-tuned", "--set", "phases.warmUp=6s", "--set", "phases.steady=3s", "--set", "phases.drain=1s", "--format", "json");
        await run.HearAsync("warm-up", Patience);
        foreach (var (pid, name) in Remains())
            if (name == "smtpd") CliProcess.Signal(pid, "STOP");
        Assert.Equal(3, await run.ExitAsync(Patience));
        var point = Assert.Single(JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!.Points);
        Assert.Contains(point.VoidReasons, reason => reason.StartsWith("nothing was delivered in the window", StringComparison.Ordinal) && reason.Contains("; its log ends: ", StringComparison.Ordinal));
        Assert.True(point.Books.Lost == 0, $"{point.Books}");
        Assert.Empty(Remains());
    }

    /// <summary>Processes whose mounts lie in this test's folder: its own MTA, and no other of the machine.</summary>
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
