using MailBench.Analysis.Figures;
using Xunit;

namespace MailBench.Unit.Analysis;

public sealed class QuantilesTests
{
    [Fact]
    public void The_median_is_the_middle_value_or_the_mean_of_the_two()
    {
        Assert.Equal(2, Quantiles.Median([3, 1, null, 2]));
        Assert.Equal(2.5, Quantiles.Median([4, 1, 2, 3]));
        Assert.Null(Quantiles.Median([null]));
    }

    [Fact]
    public void Percentiles_are_values_that_were_measured_and_infinities_stay()
    {
        var tenths = Enumerable.Range(1, 9).Select(ms => ms * 1e6).Append(double.PositiveInfinity).Reverse().ToArray();
        var percentiles = Quantiles.OfNs(tenths)!;
        Assert.Equal((10, 5, 9), (percentiles.Count, percentiles.P50, percentiles.P90));
        Assert.Equal((double.PositiveInfinity, double.PositiveInfinity), (percentiles.P95, percentiles.Max));
        Assert.Null(Quantiles.OfNs([]));
    }
}
