using System.Text.Json;
using MailBench.Model.Records;
using MailBench.Model.Searching;
using MailBench.Testing;
using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd;

/// <summary>
/// The search for the sustainable rate as a user meets it: on a line of 2 Mbit/s, which takes some 55 messages of 4 KiB a second and next to nothing of the machine, so that the answer is arithmetic. It is
/// interrupted on the way and goes on.
/// </summary>
public sealed class SustainableRunTests : IDisposable
{
    private const string Profile = """
        version: 1
        quick: on
        line: { capacity: 2Mbit/s }
        dns: { domains: 10, mx: 1 }
        workload: { size: 4KiB }
        load: { model: open, find: sustainable, rate: 120/s, resolution: 20%, sessions: 8 }
        criteria: { delivered: 10s, backlog: 5% }
        phases: { calibrate: 300ms, warmUp: 1s, steady: 4s, drain: 10s }
        gates: { lateness: 2s }      # a machine that is busy with other tests makes the source late by tens of milliseconds; what is looked for takes seconds
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-sustainable-").FullName;

    private RunFolder Folder => new(Path.Combine(_scratch, "run"));

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task An_interrupted_search_goes_on_and_ends_with_an_interval_that_holds_what_the_line_carries()
    {
        if (Interrupts.WhyNot() is { } reason) Assert.Skip(reason);
        var profile = Path.Combine(_scratch, "sustainable.yaml");
        await File.WriteAllTextAsync(profile, Profile, TestContext.Current.CancellationToken);
        await using (var begun = CliProcess.Start("run", profile, "--out", Folder.Root))
        {
            await begun.HearAsync("[3/20] point", Patience);
            CliProcess.Signal(begun.Pid, "INT");
            Assert.Equal(130, await begun.ExitAsync(Patience));
            Assert.Contains("2 of 20 trials are kept", begun.Error, StringComparison.Ordinal);
        }

        var kept = Journal();
        await using var run = CliProcess.Start("run", profile, "--resume", Folder.Root, "--format", "json");
        var code = await run.ExitAsync(Patience);
        Assert.True(code is 0 or 3, run.Error);
        var summary = JsonSerializer.Deserialize<RunSummary>(run.Output, RecordJson.Line)!;
        Assert.Equal(kept, Journal().Take(2));
        Assert.All(summary.Points, point => Assert.True(point.Books is { Lost: 0, Unexpected: 0 }, $"{point.Books}"));
        var search = Assert.Single(summary.Searches);
        var tries = string.Join('\n', summary.Points.Select(point => $"{JsonSerializer.Serialize(point.Try, RecordJson.Line)} {string.Join("; ", point.Flags)}"));
        if (search.End != SearchEnd.Found || search.Disagrees) Assert.Skip($"this machine was too busy for two equal tries to end equally: {tries}");
        Assert.True(search is { LowPerSecond: not null, HighPerSecond: not null }, tries);

        if (summary.Points.Any(point => point.Try is { Verdict: TryVerdict.NotCarried, Mark: { } mark } && mark.PerSecond == search.HighPerSecond && point.BusyForward < 0.97))
            Assert.Skip($"the line was not full where its mail was not carried: {tries}");

        // What a message takes of the line is no matter of time; 5 % more than the line's rate is still within the bound of the backlog.
        var octets = summary.Points.Where(point => point.Try!.Verdict == TryVerdict.Carried).Max(point => point.WireOctetsPerDelivery!.Value);
        var carries = 2_000_000 / 8 / octets;
        Assert.True(search.LowPerSecond <= carries * 1.06 && search.HighPerSecond >= carries, $"{search.LowPerSecond} to {search.HighPerSecond}, by calculation {carries}\n{tries}");
        Assert.InRange(search.HighPerSecond!.Value / search.LowPerSecond!.Value, 1, 1.2);
        Assert.Contains("at 2Mbit/s sustains between", summary.Sentences[0], StringComparison.Ordinal);
        Assert.Contains("Sustainable rate", await File.ReadAllTextAsync(Folder.ReportMarkdown, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private string[] Journal() => File.ReadAllLines(Folder.Journal);
}
