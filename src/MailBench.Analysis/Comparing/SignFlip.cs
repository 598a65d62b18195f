namespace MailBench.Analysis.Comparing;

/// <summary>
/// The exact sign-flip test of paired differences (Fisher 1935): if the two sides are alike, each difference was as likely to have the other sign.
/// p: share of all sign patterns whose sum is at least as far from zero as the one seen. It assumes symmetry, not a normal distribution.
/// </summary>
public static class SignFlip
{
    /// <summary>Up to here all 2ⁿ patterns are gone through; beyond it as many are drawn as 2 to this number.</summary>
    private const int ExactUpTo = 18;

    /// <summary>Two-sided, 1 for no differences. The smallest value that n differences can give is 2 ÷ 2ⁿ.</summary>
    public static double PValue(IReadOnlyList<double> differences)
    {
        if (differences.Count == 0) return 1;
        var seen = Math.Abs(differences.Sum());
        // Sums of the same terms in another order differ in their last bits: they are as far.
        var bound = seen - 1e-12 * differences.Sum(Math.Abs);
        return differences.Count <= ExactUpTo ? Exact(differences, bound) : Sampled(differences, bound);
    }

    /// <summary>By Gray code each pattern differs from the one before in one sign. A pattern and its mirror image are equally far: half of them suffice.</summary>
    private static double Exact(IReadOnlyList<double> differences, double bound)
    {
        var signs = differences.ToArray();
        var sum = signs.Sum();
        var patterns = 1 << (signs.Length - 1);
        var far = Math.Abs(sum) >= bound ? 1 : 0;
        for (var i = 1; i < patterns; i++)
        {
            var flip = int.TrailingZeroCount(i);
            sum -= 2 * signs[flip];
            signs[flip] = -signs[flip];
            if (Math.Abs(sum) >= bound) far++;
        }

        return (double)far / patterns;
    }

    /// <summary>The pattern seen counts as one of those drawn, so that p is never 0. The seed is fixed: the same data give the same p.</summary>
    private static double Sampled(IReadOnlyList<double> differences, double bound)
    {
        var chance = new Random(1);
        var far = 1;
        const int Draws = 1 << ExactUpTo;
        for (var i = 0; i < Draws; i++)
        {
            double sum = 0;
            foreach (var difference in differences) sum += chance.Next(2) == 0 ? difference : -difference;
            if (Math.Abs(sum) >= bound) far++;
        }

        return (double)far / (Draws + 1);
    }
}
