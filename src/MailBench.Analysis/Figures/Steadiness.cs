using MathNet.Numerics.Distributions;

namespace MailBench.Analysis.Figures;

/// <summary>The trend of a window: least squares over equal batches. Drift: change of the rate over the whole window ÷ its mean; HalfWidth: of its 90 % interval (t, n − 2).</summary>
public sealed record Steadiness(IReadOnlyList<double> Batches, double Drift, double HalfWidth)
{
    public const int BatchCount = 20;
    private const double Bound = 0.05;

    /// <summary>Below the threshold of comparisons (3 %), so that a trend of that size is found and not tossed a coin for.</summary>
    private const double SmallestDrift = 0.02;

    /// <summary>The whole 90 % interval lies within ±5 % (method: steady).</summary>
    public bool IsSteady => Math.Abs(Drift) + HalfWidth <= Bound;

    /// <summary>The whole interval lies outside ±5 %: a trend, not just too little data.</summary>
    public bool IsTrend => Math.Abs(Drift) - HalfWidth > Bound;

    /// <summary>A trend that may lie within ±5 % and that noise does not explain: the interval has no zero in it, and the drift is of a size that comparisons take note of.</summary>
    public bool IsDrift => Math.Abs(Drift) > HalfWidth && Math.Abs(Drift) > SmallestDrift;

    /// <summary>Counts <paramref name="sortedTimesNs"/> into batches of the window; null when there is nothing in it.</summary>
    public static Steadiness? Of(ReadOnlySpan<long> sortedTimesNs, long beginNs, long endNs)
    {
        var batches = new double[BatchCount];
        var width = (endNs - beginNs) / (double)BatchCount;
        foreach (var time in sortedTimesNs)
            if (time >= beginNs && time < endNs) batches[Math.Min(BatchCount - 1, (int)((time - beginNs) / width))]++;
        var mean = batches.Average();
        if (mean == 0) return null;

        var trend = Trend.Of(batches);
        var t = StudentT.InvCDF(0, 1, BatchCount - 2, 0.95);
        return new Steadiness(batches, trend.Slope * BatchCount / mean, t * trend.StandardError * BatchCount / mean);
    }
}
