using System.Globalization;
using MailBench.Analysis.Comparing;
using MailBench.Testing;
using Xunit;

namespace MailBench.Unit.Analysis;

/// <summary>
/// Error rates of verdicts on real noise: blocks that were recorded where both sides are the same core (<c>Data/aa-blocks.csv</c> says on what machine), drawn again and again, as they are and with a
/// planted difference. A verdict is false when it says a direction that is not there, or "unchanged" of what is not.
/// </summary>
public sealed class RecordedBlocksTests
{
    private const int Draws = 2_000;
    private const double Threshold = 0.03, ErrorRate = 0.05;
    private static readonly NoiseFloor Unknown = new(0, null);

    private static double[] LogRatios { get; } =
    [
        .. File.ReadLines(Path.Combine(CliProcess.Checkout, "tests", "MailBench.Unit", "Analysis", "Data", "aa-blocks.csv")).Where(line => line.Length > 0 && char.IsAsciiDigit(line[0]))
            .Select(line => line.Split(',')).Select(cells => Math.Log(double.Parse(cells[3], CultureInfo.InvariantCulture) / double.Parse(cells[2], CultureInfo.InvariantCulture))),
    ];

    [Fact]
    public void There_are_enough_recorded_blocks() => Assert.True(LogRatios.Length >= 20, $"{LogRatios.Length}");

    [Theory]
    [InlineData(6, 1)]
    [InlineData(12, 1)]
    [InlineData(8, 5)]
    public void Equal_things_are_hardly_ever_called_different(int blocks, int comparisons)
    {
        var chance = new Random(17);
        var wrong = Enumerable.Range(0, Draws / comparisons).Count(_ => Words(chance, blocks, comparisons, 1).Any(word => word is RateVerdict.Improved or RateVerdict.Regressed));
        Assert.InRange(wrong / (double)(Draws / comparisons), 0, ErrorRate);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(12)]
    public void Five_percent_are_hardly_ever_called_unchanged_or_the_other_way(int blocks)
    {
        var chance = new Random(18);
        var words = Enumerable.Range(0, Draws).Select(_ => Words(chance, blocks, 1, 0.95)[0]).ToList();
        Assert.InRange(words.Count(word => word is RateVerdict.Unchanged or RateVerdict.Improved) / (double)Draws, 0, ErrorRate);
    }

    /// <summary>The words of so many comparisons of one run, each of so many blocks; equal things have no order, so that each block's sign is open.</summary>
    private static List<string> Words(Random chance, int blocks, int comparisons, double truth)
    {
        var ratios = Enumerable.Range(0, comparisons).Select(_ => PairedRatio.Of([.. Enumerable.Range(0, blocks).Select(_ => Block(chance) + Math.Log(truth))])!).ToList();
        var adjusted = Holm.Adjust([.. ratios.Select(ratio => ratio.PValue)]);
        return [.. ratios.Select((ratio, i) => RateVerdict.Of(ratio, adjusted[i], comparisons, Threshold, Unknown, higherIsBetter: true).Word)];
    }

    private static double Block(Random chance) => chance.Next(2) == 0 ? LogRatios[chance.Next(LogRatios.Length)] : -LogRatios[chance.Next(LogRatios.Length)];
}
