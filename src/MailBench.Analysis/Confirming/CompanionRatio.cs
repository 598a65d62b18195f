using MailBench.Analysis.Comparing;
using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using MathNet.Numerics.Distributions;

namespace MailBench.Analysis.Confirming;

/// <summary>
/// Deliveries per second of a companion ÷ those of its origin. From two pairs of repetitions on, the interval is <see cref="PairedRatio"/>'s. Of one pair it comes from the parts of its two windows: what
/// the machine does from trial to trial is not in it, so that it is rather too narrow.
/// </summary>
internal sealed record CompanionRatio(int Blocks, double Origin, double Companion, double Ratio, double? Low, double? High)
{
    private const double Confidence = 0.95;

    /// <summary>Null where no repetition has both, void ones not counted.</summary>
    public static CompanionRatio? Of(IEnumerable<PointSummary> origins, IEnumerable<PointSummary> companions)
    {
        var blocks = origins.Where(IsGood).Join(companions.Where(IsGood), p => p.Repetition, p => p.Repetition, (o, c) => (Origin: o, Companion: c)).ToList();
        if (blocks.Count == 0) return null;
        var (origin, companion) = (Quantiles.Median(blocks.Select(b => b.Origin.DeliveredPerSecond))!.Value, Quantiles.Median(blocks.Select(b => b.Companion.DeliveredPerSecond))!.Value);
        double[] logs = [.. blocks.Select(b => Math.Log(b.Companion.DeliveredPerSecond!.Value / b.Origin.DeliveredPerSecond!.Value))];
        if (PairedRatio.Of(logs) is { } paired) return new CompanionRatio(blocks.Count, origin, companion, paired.Ratio, paired.Low, paired.High);
        var half = HalfWidth(blocks[0].Origin.Batches, blocks[0].Companion.Batches);
        return new CompanionRatio(1, origin, companion, Math.Exp(logs[0]), half is null ? null : Math.Exp(logs[0] - half.Value), half is null ? null : Math.Exp(logs[0] + half.Value));
    }

    private static bool IsGood(PointSummary point) => point is { Void: false, DeliveredPerSecond: > 0 };

    /// <summary>Of the logarithm of the ratio of two means of independent parts; null where there are too few of them.</summary>
    private static double? HalfWidth(IReadOnlyList<double> a, IReadOnlyList<double> b)
    {
        if (a.Count < 2 || b.Count < 2 || a.Average() <= 0 || b.Average() <= 0) return null;
        return StudentT.InvCDF(0, 1, a.Count + b.Count - 2, 0.5 + Confidence / 2) * Math.Sqrt(RelativeVariance(a) + RelativeVariance(b));
    }

    /// <summary>Of the mean, relative to it, squared.</summary>
    private static double RelativeVariance(IReadOnlyList<double> parts)
    {
        var mean = parts.Average();
        return parts.Sum(x => (x - mean) * (x - mean)) / (parts.Count - 1) / parts.Count / (mean * mean);
    }
}
