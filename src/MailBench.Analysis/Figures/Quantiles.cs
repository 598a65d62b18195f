using MailBench.Model.Records;

namespace MailBench.Analysis.Figures;

/// <summary>Exact percentiles by nearest rank: the smallest value with at least the share of all values at or below it. Infinities sort last and stay.</summary>
public static class Quantiles
{
    /// <summary>The middle value, of two middle ones their mean; null when there is none. Missing values do not count.</summary>
    public static double? Median(IEnumerable<double?> values)
    {
        var known = values.OfType<double>().Order().ToList();
        if (known.Count == 0) return null;
        var middle = known.Count / 2;
        return known.Count % 2 == 1 ? known[middle] : (known[middle - 1] + known[middle]) / 2;
    }

    /// <summary>Sorts in place; null when there are no values. Values in ns, result in ms.</summary>
    public static Percentiles? OfNs(double[] valuesNs)
    {
        if (valuesNs.Length == 0) return null;
        Array.Sort(valuesNs);
        return new Percentiles(valuesNs.Length, At(0.5), At(0.9), At(0.95), At(0.99), At(0.999), valuesNs[^1] / 1e6);

        double At(double share) => valuesNs[Math.Clamp((int)Math.Ceiling(share * valuesNs.Length) - 1, 0, valuesNs.Length - 1)] / 1e6;
    }
}
