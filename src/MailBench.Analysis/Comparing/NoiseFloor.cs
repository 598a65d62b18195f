using MailBench.Analysis.Figures;

namespace MailBench.Analysis.Comparing;

/// <summary>
/// What this machine shows between equal things (A/A): repetitions that follow each other of the same point are pairs that differ in nothing. <see cref="Ratio"/> − 1 is the 95th
/// percentile of |candidate ÷ base| over as many blocks as the comparison has; null with fewer than <see cref="FewestPairs"/> pairs. They lie farther apart in time than the two
/// sides of a block, so that the floor is rather too high than too low. A point that goes up and down by itself (<see cref="Restless"/>) says nothing of the machine, and its own comparisons have that in their intervals.
/// </summary>
public sealed record NoiseFloor(int Pairs, double? Ratio)
{
    public const int FewestPairs = 20;
    private const int Draws = 2000;

    /// <summary>So many times the middle point's difference from one repetition to the next is a point's own doing.</summary>
    private const double Restless = 3;

    /// <param name="series">The metric of each point, repetition by repetition.</param>
    /// <param name="blocks">Blocks of the comparison that is held against the floor.</param>
    public static NoiseFloor Of(IEnumerable<IReadOnlyList<double>> series, int blocks)
    {
        var points = series.Select(values => values.Zip(values.Skip(1), (before, after) => Math.Log(after / before)).Where(double.IsFinite).ToArray()).Where(pairs => pairs.Length > 0)
            .Select(pairs => (Pairs: pairs, Usual: Quantiles.Median(pairs.Select(pair => (double?)Math.Abs(pair)))!.Value)).ToList();
        var middle = Quantiles.Median(points.Select(point => (double?)point.Usual)) ?? 0;
        var pairs = points.Where(point => middle == 0 || point.Usual <= Restless * middle).SelectMany(point => point.Pairs).ToArray();
        if (pairs.Length < FewestPairs || blocks < 1) return new NoiseFloor(pairs.Length, null);

        // Equal things have no order: every pair's sign is open. The seed is fixed: the same run has the same floor.
        var chance = new Random(1);
        var means = new double[Draws];
        for (var i = 0; i < Draws; i++)
        {
            double sum = 0;
            for (var b = 0; b < blocks; b++) sum += chance.Next(2) == 0 ? pairs[chance.Next(pairs.Length)] : -pairs[chance.Next(pairs.Length)];
            means[i] = Math.Abs(sum / blocks);
        }

        Array.Sort(means);
        return new NoiseFloor(pairs.Length, Math.Exp(means[(int)(0.95 * Draws)]));
    }
}
