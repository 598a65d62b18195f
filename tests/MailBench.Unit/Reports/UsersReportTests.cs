using System.Text.Json;
using MailBench.Analysis;
using MailBench.Model.Records;
using MailBench.Reports;
using MailBench.Reports.Plots;
using MailBench.Unit.Analysis;
using NJsonSchema;
using Spectre.Console;
using Xunit;

namespace MailBench.Unit.Reports;

/// <summary>Points about users in every kind of report: among themselves, never in the tables and plots of deliveries.</summary>
public sealed class UsersReportTests : IDisposable
{
    private readonly PlantedUsers _run = new PlantedUsers().Write();

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task All_reports_have_users_and_their_heat_map()
    {
        RunReport.Write(RunAnalysis.Analyze(_run.Folder), _run.Folder);
        var html = await File.ReadAllTextAsync(_run.Folder.ReportHtml);
        Assert.Contains("<h2 id=\"users\">Users who poll</h2>", html);
        Assert.DoesNotContain("<h2 id=\"points\">", html);
        Assert.Contains("200 users, every 1 s: p95 never", html);
        Assert.Contains("## Users who poll", await File.ReadAllTextAsync(_run.Folder.ReportMarkdown));
        Assert.Equal(["users-1000000.png", "users-1000000.svg"], Directory.GetFiles(_run.Folder.Plots).Select(Path.GetFileName).Order());
        var csv = await File.ReadAllLinesAsync(_run.Folder.PointsCsv);
        var (names, row) = (csv[0].Split(','), csv[1].Split(','));
        Assert.Equal(("50", "1"), (row[Array.IndexOf(names, "users")], row[Array.IndexOf(names, "intervalSeconds")]));
        Assert.Equal("0", row[Array.IndexOf(names, "pollsFailed")]);
        var json = await File.ReadAllTextAsync(_run.Folder.Summary);
        Assert.Empty((await JsonSchema.FromJsonAsync(RunSchema.Published)).Validate(json));
        Assert.Equal("check", JsonSerializer.Deserialize<RunSummary>(json, RecordJson.Line)!.Points[0].Polls!.Action);
    }

    [Fact]
    public void Where_the_number_of_users_is_one_the_heat_map_has_lines_as_columns()
    {
        var map = Assert.Single(UsersMap.Of(AskedRun.Of(
            AskedRun.Point(1000, carried: false, interval: 60), AskedRun.Point(1000, carried: true, interval: 300), AskedRun.Point(1000, carried: true, interval: 60, capacity: 100_000_000))));
        Assert.Equal("1,000 users and how often they poll, by line", map.Title);
        Assert.Equal(["10 Mbit/s", "100 Mbit/s"], map.Columns);
        Assert.Equal([(0, 60.0), (0, 300.0), (1, 60.0)], map.Cells.Select(cell => (cell.Column, cell.Interval)));
        Assert.Equal(["users-10000000", "users-100000000"], UsersMap.Of(AskedRun.Of(AskedRun.Point(1000, carried: true), AskedRun.Point(500, carried: true, capacity: 100_000_000))).Select(one => one.Name));
    }

    [Fact]
    public async Task Held_sessions_have_a_table_of_their_own()
    {
        using var run = new PlantedUsers { Users = [50], Idle = true }.Write();
        RunReport.Write(RunAnalysis.Analyze(run.Folder), run.Folder);
        Assert.Contains("<td>3,000</td><td>3,000</td><td>3,000</td><td>3.91 KiB</td><td>1.95 KiB</td>", await File.ReadAllTextAsync(run.Folder.ReportHtml));
        Assert.Contains("### Sessions", await File.ReadAllTextAsync(run.Folder.ReportMarkdown));
    }

    [Fact]
    public async Task How_many_of_very_many_users_were_connected_at_once_is_said()
    {
        using var run = new PlantedUsers { Users = [50], Connected = 5000 }.Write();
        RunReport.Write(RunAnalysis.Analyze(run.Folder), run.Folder);
        Assert.Contains("Of 50 users 5,000 were connected at once on average and 5,007 at most", await File.ReadAllTextAsync(run.Folder.ReportMarkdown));
        var csv = await File.ReadAllLinesAsync(run.Folder.PointsCsv);
        var (names, row) = (csv[0].Split(','), csv[1].Split(','));
        Assert.Equal(("5000", "5007"), (row[Array.IndexOf(names, "sessionsMean")], row[Array.IndexOf(names, "sessionsMost")]));
    }

    [Fact]
    public void The_console_summary_fits_a_hundred_columns()
    {
        var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 100;
        ConsoleSummary.Print(RunAnalysis.Analyze(_run.Folder).Summary, console);
        Assert.Contains("polls/s", text.ToString());
        Assert.DoesNotContain("octets/d", text.ToString());
        Assert.All(text.ToString().Split('\n'), line => Assert.True(line.TrimEnd().Length <= 100, line));
    }
}
