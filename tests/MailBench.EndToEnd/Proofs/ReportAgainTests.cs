using MailBench.Model.Records;
using MailBench.Testing;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>A run folder says all by itself: moved elsewhere and analysed again, it gives the same figures, and its report needs no network.</summary>
public sealed class ReportAgainTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-report-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task A_moved_run_folder_analysed_again_gives_the_same_points_and_an_offline_report()
    {
        var run = new RunFolder(Path.Combine(_scratch, "run"));
        await using (var first = CliProcess.Start("run", "profiles/smoke.yaml", "--out", run.Root, "--set", "phases.calibrate=300ms", "--set", "phases.warmUp=500ms", "--set", "phases.steady=2s"))
            Assert.True(await first.ExitAsync(Patience) is 0 or 3, first.Error);

        var moved = new RunFolder(Path.Combine(_scratch, "moved"));
        var again = new RunFolder(Path.Combine(_scratch, "again"));
        Directory.Move(run.Root, moved.Root);
        int code;
        await using (var second = CliProcess.Start("report", moved.Root, "--out", again.Root))
        {
            code = await second.ExitAsync(Patience);
            Assert.True(code is 0 or 3, second.Error);
        }

        Assert.Equal(File.ReadAllText(moved.PointsCsv), File.ReadAllText(again.PointsCsv));
        Assert.Equal(File.ReadAllText(moved.Summary), File.ReadAllText(again.Summary));
        Assert.Equal(Names(moved.Plots), Names(again.Plots));
        Assert.Equal(Names(moved.Histograms), Names(again.Histograms));
        // A machine too busy for the smoke run voids its points (3), and void points are not drawn.
        if (code == 0) Assert.Contains("rate.svg", Names(again.Plots));

        // Nothing is fetched: no address in src, href or url() but fragments and data.
        var html = File.ReadAllText(again.ReportHtml);
        Assert.DoesNotMatch("""(?i)(src|href)\s*=\s*["']?\s*(https?:)?//""", html);
        Assert.DoesNotMatch("""(?i)(url\(\s*["']?|@import\s+["']?)(https?:)?//""", html);
    }

    private static IReadOnlyList<string> Names(string folder) => [.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
