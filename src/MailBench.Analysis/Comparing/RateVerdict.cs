using MailBench.Model.Comparing;
using static System.FormattableString;

namespace MailBench.Analysis.Comparing;

/// <summary>What a comparison of rates or latencies comes to, in the method's words, and why when that is not plain.</summary>
public sealed record RateVerdict(string Word, string? Why)
{
    public const string Improved = "improved", Regressed = "regressed", Unchanged = "unchanged", Inconclusive = "inconclusive";

    /// <summary>
    /// Improved or Regressed: the interval lies wholly beyond the threshold, and the sign-flip test, corrected for all comparisons of the run, agrees. Unchanged: wholly within.
    /// Everything else, and everything on a machine whose own noise exceeds the threshold, is Inconclusive.
    /// </summary>
    /// <param name="ratio">Candidate ÷ base; null: too few blocks for an interval.</param>
    /// <param name="adjustedP">After <see cref="Holm"/>.</param>
    /// <param name="comparisons">How many were corrected for.</param>
    /// <param name="threshold">δ, 0.03 for 3 %.</param>
    /// <param name="higherIsBetter">A rate; false: a latency.</param>
    public static RateVerdict Of(PairedRatio? ratio, double adjustedP, int comparisons, double threshold, NoiseFloor floor, bool higherIsBetter)
    {
        if (ratio is null || ratio.Blocks < DecidingBlocks.Fewest) return new(Inconclusive, $"verdicts on rates need {DecidingBlocks.Fewest} repetitions, here {(ratio?.Blocks ?? 1)}");
        if (floor.Ratio - 1 > threshold) return new(Inconclusive, Invariant($"on this machine equal things differ by up to {floor.Ratio - 1:0.0%}, more than the threshold of {threshold:0.#%}{TooFew(ratio.Blocks, comparisons, "; and ")}"));
        var (down, up) = (1 / (1 + threshold), 1 + threshold);
        if (ratio.Low >= down && ratio.High <= up) return new(Unchanged, null);
        if (ratio.Low <= up && ratio.High >= down) return new(Inconclusive, Invariant($"the interval reaches across the threshold of {threshold:0.#%}"));
        if (adjustedP > DecidingBlocks.Level) return new(Inconclusive, TooFew(ratio.Blocks, comparisons) ?? Invariant($"among {comparisons} comparisons the sign-flip test leaves p = {adjustedP:0.000}"));
        return new(ratio.Low > up == higherIsBetter ? Improved : Regressed, null);
    }

    private static string? TooFew(int blocks, int comparisons, string before = "") =>
        DecidingBlocks.For(comparisons) is var needed && blocks < needed ? Invariant($"{before}{blocks} blocks cannot decide {comparisons} comparisons: {needed} could, or fewer comparisons") : null;
}
