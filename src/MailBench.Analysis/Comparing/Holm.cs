namespace MailBench.Analysis.Comparing;

/// <summary>Holm's step-down correction (Holm 1979): with the adjusted values held against a level, the chance of any false finding among all stays below that level.</summary>
public static class Holm
{
    /// <summary>Adjusted p-values in the order given: the k-th smallest of m times m − k + 1, never below a smaller one's, at most 1.</summary>
    public static double[] Adjust(IReadOnlyList<double> pValues)
    {
        var adjusted = new double[pValues.Count];
        var floor = 0.0;
        var left = pValues.Count;
        foreach (var index in Enumerable.Range(0, pValues.Count).OrderBy(i => pValues[i]))
            adjusted[index] = floor = Math.Min(1, Math.Max(floor, pValues[index] * left--));
        return adjusted;
    }
}
