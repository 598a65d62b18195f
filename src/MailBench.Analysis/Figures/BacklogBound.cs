using MathNet.Numerics.Distributions;

namespace MailBench.Analysis.Figures;

/// <summary>
/// The upper 95 % bound of (came − went) ÷ came in a window: how fast a backlog may be growing, as a share of what comes. What is outstanding is averaged over each of 20 equal parts of the window; a line through them
/// (least squares) gives the growth over the window and the upper end of its one-sided 95 % interval (t, 18 degrees of freedom). The bound is that, or the plain difference of the window's two ends where it is more, ÷ what came in
/// the window. It takes the parts for independent: of a queue that wanders slowly at its very limit it says too little, which is what trying both ends of an interval afresh is for. Pure.
/// </summary>
internal static class BacklogBound
{
    private const int Parts = 20;

    /// <summary>Null: nothing came. Never below 0: a backlog that is worked off grows by nothing.</summary>
    public static double? Of(Outstanding outstanding, long beginNs, long endNs)
    {
        var came = outstanding.DueIn(beginNs, endNs);
        if (came <= 0) return null;
        var levels = new double[Parts];
        for (var i = 0; i < Parts; i++) levels[i] = outstanding.MeanOver(At(i), At(i + 1));
        var trend = Trend.Of(levels);
        var bound = Parts * (trend.Slope + StudentT.InvCDF(0, 1, Parts - 2, 0.95) * trend.StandardError);
        return Math.Max(0, Math.Max(bound, outstanding.At(endNs) - outstanding.At(beginNs)) / came);

        long At(int part) => beginNs + (long)((endNs - beginNs) / (double)Parts * part);
    }
}
