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

    [Theory]
    [InlineData(1, null, null, null)]
    [InlineData(19, 10.0, null, null)]
    [InlineData(20, 10.0, 19.0, null)]
    [InlineData(99, 50.0, 95.0, null)]
    [InlineData(100, 50.0, 95.0, 99.0)]
    public void A_percentile_is_shown_where_an_observation_is_expected_beyond_it(int count, double? p50, double? p95, double? p99)
    {
        var percentiles = Quantiles.OfNs([.. Enumerable.Range(1, count).Select(ms => ms * 1e6)])!;
        Assert.Equal((p50, p95, p99), (percentiles.At(0.5), percentiles.At(0.95), percentiles.At(0.99)));
        Assert.Null((percentiles with { Sample = 1 }).At(0.5));
    }
}
