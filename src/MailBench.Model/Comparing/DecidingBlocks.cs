namespace MailBench.Model.Comparing;

/// <summary>
/// How many blocks (repetitions) it takes to call a difference of rates real. The exact sign-flip test of n blocks gives p = 2 ÷ 2ⁿ at the least, and Holm's correction multiplies the smallest p of m
/// comparisons by m: with fewer blocks than <see cref="For"/> no comparison can be improved or regressed, whatever is measured. Plan and analysis both count by this. Pure.
/// </summary>
public static class DecidingBlocks
{
    /// <summary>The chance of any false finding among all comparisons of a run stays below it (method: comparing).</summary>
    public const double Level = 0.05;

    /// <summary>What one comparison takes: <c>For(1)</c>. With fewer, counts alone are compared.</summary>
    public const int Fewest = 6;

    /// <summary>The fewest blocks n with 2 ÷ 2ⁿ · <paramref name="comparisons"/> ≤ <see cref="Level"/>.</summary>
    public static int For(int comparisons) => (int)Math.Ceiling(1 + Math.Log2(Math.Max(1, comparisons) / Level));
}
