using System.Text.Json;
using MailBench.Analysis;
using MailBench.Model.Records;
using MailBench.Model.Searching;
using MailBench.Reports;
using MailBench.Unit.Analysis;
using NJsonSchema;
using Spectre.Console;
using Xunit;

namespace MailBench.Unit.Reports;

/// <summary>A search in every kind of report: its tries in a table of their own, never among the points.</summary>
public sealed class SearchReportTests : IDisposable
{
    private readonly PlantedSearch _run = new PlantedSearch().Run();

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task All_reports_have_the_interval_and_every_try()
    {
        RunReport.Write(RunAnalysis.Analyze(_run.Folder), _run.Folder);
        var html = await File.ReadAllTextAsync(_run.Folder.ReportHtml);
        Assert.Contains("<h2 id=\"sustainable\">Sustainable rate</h2>", html);
        Assert.DoesNotContain("<h2 id=\"points\">", html);
        Assert.Contains("1, bracket", html);
        Assert.Contains($"try {_run.Trials.Count}, ", html);
        Assert.Contains("sustainable-1.svg", Directory.EnumerateFiles(_run.Folder.Plots).Select(Path.GetFileName));
        Assert.Contains("try 1, ", html);
        var markdown = await File.ReadAllTextAsync(_run.Folder.ReportMarkdown);
        Assert.Equal(_run.Trials.Count, markdown.Split('\n').Count(line => line.Contains("| yes |", StringComparison.Ordinal) || line.Contains("| no: ", StringComparison.Ordinal)));
        Assert.Equal(_run.Trials.Count + 1, (await File.ReadAllLinesAsync(_run.Folder.PointsCsv)).Length);
        var json = await File.ReadAllTextAsync(_run.Folder.Summary);
        Assert.Empty((await JsonSchema.FromJsonAsync(RunSchema.Published)).Validate(json));
        Assert.Equal(SearchEnd.Found, JsonSerializer.Deserialize<RunSummary>(json, RecordJson.Line)!.Searches[0].End);
    }

    [Fact]
    public void The_console_summary_fits_a_hundred_columns()
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 100;
        ConsoleSummary.Print(RunAnalysis.Analyze(_run.Folder).Summary, console);
        var lines = text.ToString().Split('\n');
        Assert.Contains(lines, line => line.Contains("downwards", StringComparison.Ordinal) && line.Contains(" no", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.TrimEnd().EndsWith(" carried", StringComparison.Ordinal));
        Assert.All(lines.TakeWhile(line => !line.StartsWith('•')), line => Assert.True(line.TrimEnd().Length <= 100, line));
    }
}
