using MailBench.Analysis;
using MailBench.Model.Records;
using MailBench.Reports;
using Spectre.Console;
using Xunit;

namespace MailBench.Unit.Reports;

/// <summary>Reports of a run folder that somebody else made.</summary>
public sealed class HostileReportTests : IDisposable
{
    private const string Hostile = "<script>alert(1)</script></text>[red]\e]0;x\a\u202e\r\n| ![x](http://x.test)`";

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-hostile-report-").FullName;

    private RunFolder Folder => new(Path.Combine(_scratch, "run"));

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public void Foreign_names_stay_text_on_the_page_in_markdown_and_on_a_terminal()
    {
        var result = Renamed(SampleRun.Result());
        RunReport.Write(result, new RunFolder(Directory.CreateDirectory(Folder.Root).FullName));
        Assert.DoesNotContain("<script", File.ReadAllText(Folder.ReportHtml), StringComparison.Ordinal);
        foreach (var svg in Directory.EnumerateFiles(Folder.Plots, "*.svg")) Assert.DoesNotContain("<script", File.ReadAllText(svg), StringComparison.Ordinal);
        var (markdown, again) = File.ReadAllText(Folder.ReportMarkdown).Split("\nAgain: ") is [var before, var command] ? (before, command) : ("", "");
        Assert.Matches("^`[^`\n]+`\n$", again);
        Assert.DoesNotContain("<script", markdown, StringComparison.Ordinal);
        Assert.DoesNotContain("![x]", markdown, StringComparison.Ordinal);

        using var output = new StringWriter();
        ConsoleSummary.Print(result.Summary, AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(output) }));
        Assert.DoesNotContain(output.ToString(), c => char.IsControl(c) && c is not ('\n' or '\r'));
        Assert.DoesNotContain('\u202e', output.ToString());
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1e300)]
    [InlineData(5e-324)]
    public void Absurd_figures_are_written_all_the_same(double figure)
    {
        var result = SampleRun.Result();
        var points = result.Summary.Points.Select(p => p.Void ? p : p with
        {
            DeliveredPerSecond = figure,
            OfferedPerSecond = figure,
            AcceptedPerSecond = figure,
            BusyForward = figure,
            BusyReverse = figure,
            IdealCeilingPerSecond = figure,
            IdealCeilingLowPerSecond = figure,
            Efficiency = figure,
            WireOctetsPerDelivery = figure,
            TransactionsPerDelivery = figure,
            SessionsPerDelivery = figure,
            QueriesPerDelivery = figure,
            YieldPerMbit = figure,
            WindowSeconds = figure,
            Latencies = p.Latencies.ToDictionary(l => l.Key, _ => new Percentiles(long.MaxValue, figure, figure, figure, figure, figure, figure)),
            Utilisations = [new Utilisation("line forward", figure, "bit", figure, figure)],
            CpuShares = new Dictionary<string, double> { ["mta"] = figure },
            Batches = [figure],
            Drift = figure,
            DriftHalfWidth = figure,
        }).ToList();
        var samples = new[] { new TrialSamples(0, 0, "delivery", [figure]) };
        RunReport.Write(result with { Summary = result.Summary with { Points = points }, Samples = samples }, new RunFolder(Directory.CreateDirectory(Folder.Root).FullName));
        ConsoleSummary.Print(result.Summary with { Points = points }, AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) }));
        Assert.True(new FileInfo(Folder.ReportHtml).Length > 500);
    }

    [Fact]
    public void A_run_without_points_has_a_report()
    {
        var result = SampleRun.Result();
        RunReport.Write(result with { Summary = result.Summary with { Points = [], Sentences = [] }, Samples = [] }, new RunFolder(Directory.CreateDirectory(Folder.Root).FullName));
        ConsoleSummary.Print(result.Summary with { Points = [], Sentences = [] }, AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) }));
    }

    [Fact]
    public void A_link_in_the_run_folder_leads_no_report_elsewhere()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need privilege there");
        var victim = Path.Combine(_scratch, "victim");
        File.WriteAllText(victim, "mine");
        Directory.CreateDirectory(Folder.Root);
        foreach (var file in new[] { Folder.Summary, Folder.PointsCsv, Folder.ReportHtml, Folder.ReportMarkdown }) File.CreateSymbolicLink(file, victim);
        RunReport.Write(SampleRun.Result(), Folder);
        Assert.Equal("mine", File.ReadAllText(victim));
        Assert.Null(new FileInfo(Folder.ReportHtml).LinkTarget);

        foreach (var folder in new[] { Folder.Plots, Folder.Histograms })
        {
            Directory.Delete(folder, recursive: true);
            Directory.CreateSymbolicLink(folder, _scratch);
            Assert.Contains("is a link", Assert.Throws<IOException>(() => RunReport.Write(SampleRun.Result(), Folder)).Message, StringComparison.Ordinal);
            Directory.Delete(folder);
        }

        Assert.Equal(["run", "victim"], Directory.EnumerateFileSystemEntries(_scratch).Select(Path.GetFileName).Order());
    }

    private static AnalysisResult Renamed(AnalysisResult result) => result with
    {
        Summary = result.Summary with
        {
            ProfileName = Hostile,
            Description = Hostile,
            Command = Hostile,
            Run = Hostile,
            Sentences = [Hostile],
            Caveats = [Hostile],
            Conditions = result.Summary.Conditions with { Badge = Hostile, Line = Hostile, Storage = Hostile, Durability = Hostile, Cores = Hostile },
            Machine = result.Summary.Machine with { CpuModel = Hostile, Os = Hostile },
            Storage = [.. result.Summary.Storage.Select(s => s with { Device = Hostile, FileSystem = Hostile, Role = Hostile })],
            Points = [.. result.Summary.Points.Select((p, i) => p with
            {
                Sweep = Hostile, Strategy = Hostile + i, Axes = p.Axes.ToDictionary(a => a.Key, a => a.Key == "mta.strategy" ? Hostile + a.Value : a.Value),
                LoadModel = i == 3 ? Hostile : p.LoadModel, Bottleneck = Hostile, Flags = [Hostile], Features = new Dictionary<string, string> { [Hostile] = Hostile },
                Utilisations = [.. p.Utilisations.Select(u => u with { Resource = Hostile, Unit = Hostile })], CpuShares = new Dictionary<string, double> { [Hostile] = 0.1 },
            })],
        },
    };
}
