using System.Text.Json;
using MailBench.Analysis;
using MailBench.Model.Records;
using MailBench.Reports;
using Spectre.Console;
using Xunit;

namespace MailBench.Unit.Reports;

/// <summary>A run that confirms, in every kind of report: what its companions say is told, and none of them looks like a point of its own.</summary>
public sealed class ConfirmationReportTests : IDisposable
{
    private const string Words = "per-mx-host at 1.5Mbit/s: line forward is confirmed as its limit.";

    private readonly RunFolder _folder = new(Directory.CreateTempSubdirectory("mailbench-confirmation-").FullName);
    private readonly AnalysisResult _result;

    public ConfirmationReportTests()
    {
        var result = SampleRun.Result();
        var origin = result.Summary.Points[1];
        PointSummary[] companions =
        [
            origin with { Point = 12, Companion = new Companion(1, CompanionChange.Line), CapacityBitsPerSecond = 1_875_000, DeliveredPerSecond = 7_777_777 },
            origin with { Point = 13, Companion = new Companion(1, CompanionChange.Testbed), DeliveredPerSecond = 7_777_777, Void = true, VoidReasons = ["the companion's own trouble"] },
        ];
        var confirmation = new ConfirmationSummary
        {
            Point = 1,
            Named = "line forward",
            Bottleneck = "line forward",
            Sentence = Words,
            Companions =
            [
                new CompanionResult { Point = 12, Change = CompanionChange.Line, Resource = "line forward", Given = 1.25, OriginPerSecond = 1000, CompanionPerSecond = 1249, Ratio = 1.249, Low = 1.241, High = 1.257, Blocks = 6, Bound = 1.15, Verdict = CompanionResult.Confirmed },
                new CompanionResult { Point = 13, Change = CompanionChange.Testbed, Resource = "cpu of source and sink", Given = 1.2, Blocks = 0, Bound = 0.03, Verdict = CompanionResult.Inconclusive, Why = "its <b>companion</b> | is void" },
            ],
        };
        _result = result with { Summary = result.Summary with { Points = [.. result.Summary.Points, .. companions], Confirmations = [confirmation], Sentences = [Words] } };
        RunReport.Write(_result, _folder);
    }

    public void Dispose() => Directory.Delete(_folder.Root, recursive: true);

    [Fact]
    public void The_page_has_a_table_of_them_and_each_ratio_in_the_row_of_its_resource()
    {
        var html = File.ReadAllText(_folder.ReportHtml);
        Assert.Contains("<h2 id=\"confirmations\">", html);
        Assert.Contains("25.0 % more gave 1.25 × (1.24 … 1.26): confirmed", System.Net.WebUtility.HtmlDecode(html));
        Assert.Contains("with more of it", html);
        Assert.Contains("cpu of source and sink", html);
        Assert.Contains("its &lt;b&gt;companion&lt;/b&gt; | is void", html);
        Assert.Contains("beside point 1, more of the line", html);
        Assert.Contains("1 of 12 points void", html);
    }

    [Fact]
    public void Markdown_has_the_table_too()
    {
        var text = File.ReadAllText(_folder.ReportMarkdown);
        Assert.Contains("## Confirmations", text);
        Assert.Contains("| 1 | line forward | line forward | 25.0 % more | 12 | 1,000 | 1,249 | 1.25 | 1.24 … 1.26 | 6 | confirmed |", text);
        Assert.Contains("inconclusive: its &lt;b>companion&lt;/b> \\| is void", text);
    }

    [Fact]
    public void No_table_of_points_plot_or_console_shows_a_companion_as_one_of_the_points()
    {
        var html = File.ReadAllText(_folder.ReportHtml);
        Assert.DoesNotContain("<a href=\"#p12-0\">", html);
        Assert.DoesNotContain("7,777,777", File.ReadAllText(_folder.ReportMarkdown));
        foreach (var plot in Directory.EnumerateFiles(_folder.Plots, "*.svg")) Assert.DoesNotContain("7,777,777", File.ReadAllText(plot));
        var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(text) });
        ConsoleSummary.Print(_result.Summary, console);
        Assert.DoesNotContain("7,777,777", text.ToString());
        Assert.Contains("line forward is confirmed", text.ToString());
    }

    [Fact]
    public void Points_csv_marks_them()
    {
        var lines = File.ReadAllLines(_folder.PointsCsv);
        Assert.Contains(",companionOf,companionChange,", lines[0]);
        Assert.Equal(15, lines.Length);
        Assert.Contains(",1,line,", lines[13]);
        Assert.Contains(",1,testbed,", lines[14]);
        Assert.DoesNotContain(",1,line,", lines[2]);
    }

    [Fact]
    public void The_record_reads_back() =>
        Assert.Equal(_result.Summary.Confirmations[0].Companions, JsonSerializer.Deserialize<RunSummary>(File.ReadAllText(_folder.Summary), RecordJson.Line)!.Confirmations[0].Companions);
}
