using MathNet.Numerics.Distributions;

namespace MailBench.Analysis.Comparing;

/// <summary>
/// Candidate ÷ base over interleaved blocks: both sides of a block met the same machine, so that its slow hours cancel. <see cref="Ratio"/> is the geometric mean of the blocks' ratios,
/// <see cref="Low"/> and <see cref="High"/> its 95 % t interval, <see cref="PValue"/> of the exact sign-flip test against "no difference".
/// </summary>
public sealed record PairedRatio(int Blocks, double Ratio, double Low, double High, double PValue)
{
    private const double Confidence = 0.95;

    /// <summary>From each block's natural logarithm of candidate ÷ base; null below two blocks, which have no interval.</summary>
    public static PairedRatio? Of(IReadOnlyList<double> logRatios)
    {
        var n = logRatios.Count;
        if (n < 2) return null;
        var mean = logRatios.Average();
        var deviation = Math.Sqrt(logRatios.Sum(x => (x - mean) * (x - mean)) / (n - 1));
        var half = StudentT.InvCDF(0, 1, n - 1, 0.5 + Confidence / 2) * deviation / Math.Sqrt(n);
        return new PairedRatio(n, Math.Exp(mean), Math.Exp(mean - half), Math.Exp(mean + half), SignFlip.PValue(logRatios));
    }
}
