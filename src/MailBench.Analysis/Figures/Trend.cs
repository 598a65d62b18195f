namespace MailBench.Analysis.Figures;

/// <summary>Least squares through equidistant values: change from one to the next, and its standard error (n − 2 degrees of freedom).</summary>
internal readonly record struct Trend(double Slope, double StandardError)
{
    /// <summary>Of three values or more.</summary>
    public static Trend Of(ReadOnlySpan<double> values)
    {
        var centre = (values.Length - 1) / 2.0;
        var mean = 0.0;
        foreach (var value in values) mean += value / values.Length;
        double sxx = 0, sxy = 0;
        for (var i = 0; i < values.Length; i++)
        {
            sxx += (i - centre) * (i - centre);
            sxy += (i - centre) * (values[i] - mean);
        }

        var slope = sxy / sxx;
        double rss = 0;
        for (var i = 0; i < values.Length; i++)
        {
            var residual = values[i] - mean - slope * (i - centre);
            rss += residual * residual;
        }

        return new Trend(slope, Math.Sqrt(rss / (values.Length - 2) / sxx));
    }
}
