using System.Text.Json;
using MailBench.Model.Records;
using MailBench.Reports;
using NJsonSchema;
using Spectre.Console;
using Xunit;

namespace MailBench.Unit.Reports;

public sealed class RunReportTests : IDisposable
{
    private readonly RunFolder _folder = new(Directory.CreateTempSubdirectory("mailbench-report-").FullName);

    public RunReportTests() => RunReport.Write(SampleRun.Result(), _folder);

    public void Dispose()
    {
        // MAILBENCH_KEEP_REPORT=DIR keeps a copy to look at.
        if (Environment.GetEnvironmentVariable("MAILBENCH_KEEP_REPORT") is { Length: > 0 } keep)
            foreach (var file in Directory.EnumerateFiles(_folder.Root, "*", SearchOption.AllDirectories))
            {
                var copy = Path.Combine(keep, Path.GetRelativePath(_folder.Root, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy, overwrite: true);
            }

        Directory.Delete(_folder.Root, recursive: true);
    }

    [Fact]
    public void Writes_every_part_of_a_run_folder_that_derives_from_the_summary()
    {
        foreach (var path in new[] { _folder.Summary, _folder.PointsCsv, _folder.ReportHtml, _folder.ReportMarkdown }) Assert.True(new FileInfo(path).Length > 500, path);
        foreach (var plot in new[] { "rate", "busy", "ledger", "latency" })
        {
            Assert.StartsWith("<?xml", File.ReadAllText(Path.Combine(_folder.Plots, plot + ".svg")));
            Assert.True(new FileInfo(Path.Combine(_folder.Plots, plot + ".png")).Length > 10_000);
        }

        Assert.NotEmpty(File.ReadAllText(Path.Combine(_folder.Histograms, "6-0-delivery.hlog")));
    }

    [Fact]
    public void The_page_needs_nothing_from_outside_and_runs_no_foreign_text()
    {
        var html = File.ReadAllText(_folder.ReportHtml);
        Assert.DoesNotContain("<script", html);
        Assert.DoesNotContain("<b>last</b>", html);
        Assert.DoesNotMatch("(src|href)=\"(?!#|data:)", html.Replace("xmlns:xlink=\"http", ""));
        Assert.Contains("prefers-color-scheme: dark", html);
        Assert.Contains("width=device-width", html);
    }

    [Fact]
    public void A_plot_alone_shows_line_durability_and_window()
    {
        var svg = File.ReadAllText(Path.Combine(_folder.Plots, "rate.svg"));
        Assert.Contains("user-space line", svg);
        Assert.Contains("synced", svg);
        Assert.Contains("@font-face", svg);
    }

    [Fact]
    public void Points_csv_begins_with_the_columns_of_the_contract()
    {
        var lines = File.ReadAllLines(_folder.PointsCsv);
        Assert.StartsWith(
            "point,repetition,capacityBitsPerSecond,strategy,users,intervalSeconds,deliveredPerSecond,busyForward,wireOctetsPerDelivery,sessionsPerDelivery,transactionsPerDelivery,queriesPerDelivery,bottleneck,flags,void",
            lines[0]);
        Assert.Equal(13, lines.Length);
        Assert.StartsWith("11,0,100000000,per-mx-host,,,,", lines[12]);
    }

    [Fact]
    public async Task Run_json_satisfies_its_published_schema_and_reads_back()
    {
        // MAILBENCH_WRITE_SCHEMA=FILE writes what the record types give, to publish a change.
        if (Environment.GetEnvironmentVariable("MAILBENCH_WRITE_SCHEMA") is { Length: > 0 } write) await File.WriteAllTextAsync(write, RunSchema.Generate());
        Assert.Equal(RunSchema.Generate(), RunSchema.Published);
        var schema = await JsonSchema.FromJsonAsync(RunSchema.Published);
        var json = await File.ReadAllTextAsync(_folder.Summary);
        Assert.Empty(schema.Validate(json));
        var reread = JsonSerializer.Deserialize<RunSummary>(json, RecordJson.Line)!;
        Assert.Equal(12, reread.Points.Count);
        Assert.Equal(double.PositiveInfinity, reread.Points[6].Latencies["delivery"].Max);
    }

    [Fact]
    public void The_console_summary_fits_a_hundred_columns_and_needs_no_colour()
    {
        var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 100;
        ConsoleSummary.Print(SampleRun.Result().Summary, console);
        Assert.Contains("per-mx-host", text.ToString());
        Assert.DoesNotContain("books", text.ToString());
        Assert.All(text.ToString().Split('\n'), line => Assert.True(line.TrimEnd().Length <= 100, line));
        Assert.DoesNotContain("\u001b[", text.ToString());
    }

    [Fact]
    public void What_did_not_arrive_is_counted_on_the_console()
    {
        var text = new StringWriter();
        var summary = SampleRun.Result().Summary;
        var points = summary.Points.ToList();
        points[3] = points[3] with { Books = points[3].Books with { Delivered = 3988, FailedWithDsn = 7, StillQueued = 5 } };
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 300;
        ConsoleSummary.Print(summary with { Points = points }, console);
        Assert.Contains($"books of 4,000 recipients offered at point {points[3].Point}: failed with DSN 7, still queued 5", text.ToString(), StringComparison.Ordinal);
    }
}
