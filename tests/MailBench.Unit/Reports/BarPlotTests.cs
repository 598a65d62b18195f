using System.Globalization;
using System.Text.RegularExpressions;
using MailBench.Model.Records;
using MailBench.Reports;
using Xunit;

namespace MailBench.Unit.Reports;

/// <summary>Bars with long names, six and nine of them: whatever their number, the words on one do not lie over another's.</summary>
public sealed partial class BarPlotTests : IDisposable
{
    private readonly RunFolder _folder = new(Directory.CreateTempSubdirectory("mailbench-bars-").FullName);

    public void Dispose() => Directory.Delete(_folder.Root, recursive: true);

    [Theory]
    [InlineData(6, "ledger")]
    [InlineData(9, "ledger")]
    [InlineData(6, "busy")]
    [InlineData(9, "busy")]
    [InlineData(40, "rate")]
    public void Words_at_the_end_of_bars_do_not_overlap(int variants, string plot)
    {
        // A single capacity where the rates are bars, else three.
        var capacities = plot == "rate" ? [10_000_000L] : new[] { 1_500_000L, 10_000_000, 100_000_000 };
        RunReport.Write(Run(variants, capacities), _folder);
        if (Environment.GetEnvironmentVariable("MAILBENCH_KEEP_REPORT") is { Length: > 0 } keep) File.Copy(Path.Combine(_folder.Plots, plot + ".png"), Path.Combine(Directory.CreateDirectory(keep).FullName, $"{plot}-{variants}.png"), overwrite: true);
        var lines = Texts(File.ReadAllText(Path.Combine(_folder.Plots, plot + ".svg")));
        foreach (var column in lines.GroupBy(text => Math.Round(text.X / 20)).Select(column => column.Select(text => text.Y).Order().ToList()))
            for (var i = 1; i < column.Count; i++) Assert.True(column[i] - column[i - 1] >= 12, $"two lines of words are {column[i] - column[i - 1]:0.0} pixels apart");
        Assert.True(lines.Count > variants * (plot == "rate" ? 2 : 3), $"{lines.Count} words were found");
    }

    private static MailBench.Analysis.AnalysisResult Run(int variants, long[] capacities)
    {
        var sample = SampleRun.Result();
        var points = capacities.SelectMany(capacity => Enumerable.Range(0, variants).Select(i => sample.Summary.Points[0] with
        {
            Point = i + 1,
            CapacityBitsPerSecond = capacity,
            Axes = new Dictionary<string, string> { ["system"] = $"a-system-with-a-rather-long-name-{i + 1}" },
            DeliveredPerSecond = 100 + i,
            // Nearly equal: their words stand in one column.
            WireOctetsPerDelivery = 5000 + i,
            TransactionsPerDelivery = 1 + i / 1000.0,
            BusyForward = 0.9 + i / 10_000.0,
            Bottleneck = i % 2 == 0 ? "line forward" : "cpu of the SUT's busiest thread",
        })).ToList();
        return sample with { Summary = sample.Summary with { Points = points }, Samples = [] };
    }

    private static List<(double X, double Y)> Texts(string svg) => [.. TextPattern().Matches(svg).Select(match => (Number(match.Groups[1]), Number(match.Groups[2])))];

    private static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("<text[^>]* transform=\"translate\\(([0-9.]+) ([0-9.]+)\\)\"")]
    private static partial Regex TextPattern();
}
