using System.Text.Json;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs.Testbed.Systems;
using MailBench.Testing;
using Xunit;

namespace MailBench.EndToEnd.Mailbox;

/// <summary>Dovecot and our own server are polled by the same users through the same line, over IMAP and POP3; mail arrives at each its way, and nothing of Dovecot is left.</summary>
public sealed class MailboxBakeoffTests : IDisposable
{
    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-bakeoff-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task Dovecot_is_polled_like_the_own_server_and_leaves_nothing_behind()
    {
        if ((MailSystems.NoEnclosure() ?? MailSystems.Here().Single(here => here.Kind == SystemKind.Dovecot).Missing) is { } reason) Assert.Skip(reason);

        var profile = Path.Combine(_scratch, "bakeoff.yaml");
        await File.WriteAllTextAsync(profile, """
            version: 1
            quick: on
            systems:
              dovecot-tuned: {kind: dovecot, variant: tuned}
            compare: { factors: [concurrency, index, delivery] }
            workload: { size: 2KiB }
            users: { action: delete, mailPerPoll: 1, interval: 1s, count: 10, mailbox: {messages: 2, size: 1KiB} }
            phases: { calibrate: 300ms, warmUp: 1s, steady: 4s, drain: 500ms }
            sweeps:
              - name: servers
                set: {users.protocol: imap}
                axes:
                  system: [dovecot-tuned, mailbench]
              - name: pop3
                set: {system: dovecot-tuned}
            """, TestContext.Current.CancellationToken);
        var folder = new RunFolder(Path.Combine(_scratch, "run"));
        await using var run = CliProcess.Start("run", profile, "--out", folder.Root, "--format", "json");
        var code = await run.ExitAsync(TimeSpan.FromMinutes(2));
        Assert.True(code is 0 or 3, run.Error);
        var summary = JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!;
        Assert.Equal(3, summary.Points.Count);
        Assert.False(Directory.Exists(folder.Work));
        Assert.DoesNotContain(Directory.EnumerateDirectories("/proc").Select(CommandOf), command => command.Contains(_scratch, StringComparison.Ordinal));
        var log = await File.ReadAllTextAsync(Directory.EnumerateFiles(folder.Logs, "attempts-*.log").First(), TestContext.Current.CancellationToken);
        Assert.Contains("saved mail to INBOX", log, StringComparison.Ordinal);
        if (!summary.Points.Any(point => point.Void)) Assert.Equal("by counts", Assert.Single(summary.Comparisons).Verdict);

        // A machine too busy for the users' own loop voids a point and says so.
        Assert.All(summary.Points, point =>
        {
            if (point.Void) Assert.Contains("was late", string.Join(' ', point.VoidReasons), StringComparison.Ordinal);
            else Assert.True(point.Polls is { Failed: 0, CpuMs: > 0, RetrievedPerSecond: > 0, StoredPerSecond: > 0 } && point.SutResidentBytesMax > 0 && point.WindowSeconds > 0, point.Features["system"]);
        });
    }

    private static string CommandOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
