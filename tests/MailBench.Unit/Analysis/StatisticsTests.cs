using MailBench.Analysis.Comparing;
using Xunit;

namespace MailBench.Unit.Analysis;

public sealed class StatisticsTests
{
    [Fact]
    public void Sign_flip_of_six_equal_signs_is_two_in_sixty_four() => Assert.Equal(2 / 64.0, SignFlip.PValue([0.1, 0.2, 0.05, 0.3, 0.11, 0.07]), 12);

    [Fact]
    public void Sign_flip_counts_the_patterns_that_are_as_far()
    {
        // Sums of ±1 ±2 ±3: |sum| ≥ 4 for ±(1+2+3) and ±(−1+2+3): 4 of 8.
        Assert.Equal(0.5, SignFlip.PValue([-1, 2, 3]), 12);
        Assert.Equal(1, SignFlip.PValue([1, -1]), 12);
        Assert.Equal(1, SignFlip.PValue([]));
    }

    [Fact]
    public void Sign_flip_of_many_differences_is_drawn_and_agrees_with_the_normal_tail()
    {
        // 30 differences of size 1, of which 20 positive: the sum is 10, the standard deviation √30; exact two-sided tail 0.0987.
        var p = SignFlip.PValue([.. Enumerable.Repeat(1.0, 20), .. Enumerable.Repeat(-1.0, 10)]);
        Assert.InRange(p, 0.095, 0.103);
    }

    [Fact]
    public void Holm_multiplies_the_smallest_most_and_never_lets_a_larger_one_overtake()
    {
        Assert.Equal([0.04, 0.06, 0.06, 0.5], Holm.Adjust([0.01, 0.03, 0.02, 0.5]), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Empty(Holm.Adjust([]));
    }

    [Fact]
    public void Paired_ratio_cancels_what_both_sides_of_a_block_met()
    {
        double[] mood = [1, 0.5, 2, 0.9, 1.4, 0.7];
        var logs = mood.Select(m => Math.Log(110 * m / (100 * m))).ToArray();
        var ratio = PairedRatio.Of(logs)!;
        Assert.Equal(1.1, ratio.Ratio, 9);
        Assert.Equal(1.1, ratio.Low, 6);
        Assert.Null(PairedRatio.Of([0.1]));
    }

    [Fact]
    public void Paired_interval_is_students()
    {
        // Mean 0.02, s = 0.0158114, n = 5, t(4, 0.975) = 2.776445: half width 0.0196323.
        var ratio = PairedRatio.Of([0.0, 0.01, 0.02, 0.03, 0.04])!;
        Assert.Equal(Math.Exp(0.02 - 0.0196323), ratio.Low, 5);
        Assert.Equal(Math.Exp(0.02 + 0.0196323), ratio.High, 5);
    }

    [Fact]
    public void Noise_floor_needs_twenty_pairs_and_falls_with_the_number_of_blocks()
    {
        var chance = new Random(7);
        var series = Enumerable.Range(0, 5).Select(_ => ComparedRuns.Rates(chance, 100, ComparedRuns.Mood(chance, 6, 0), 0.02)).ToList();
        Assert.Null(NoiseFloor.Of(series.Take(3), 6).Ratio);
        var (one, many) = (NoiseFloor.Of(series, 1), NoiseFloor.Of(series, 16));
        Assert.Equal(25, one.Pairs);
        // Differences of two readings with σ = 2 % spread by 2.8 %: the 95th percentile of one is near 5.5 %, of the mean of 16 near 1.4 %.
        Assert.InRange(one.Ratio!.Value, 1.03, 1.09);
        Assert.InRange(many.Ratio!.Value, 1.008, 1.02);

        // One that goes up and down by itself says nothing of the machine.
        Assert.Equal(one, NoiseFloor.Of([.. series, ComparedRuns.Rates(chance, 30, ComparedRuns.Mood(chance, 6, 0), 0.3)], 1));
    }
}
