using MailBench.Analysis.Figures;
using MailBench.Model.Records;

namespace MailBench.Reports.Plots;

/// <summary>Points of one curve: what tells them from other curves (the swept values that are neither line nor load), and its points.</summary>
internal sealed record PlotSeries(string Name, IReadOnlyList<PointSummary> Points)
{
    /// <summary>Good points of a load model by series, in the order of first appearance.</summary>
    public static IReadOnlyList<PlotSeries> Of(RunSummary run, Func<PointSummary, bool> where) =>
        [.. run.Points.Where(p => !p.Void && where(p)).GroupBy(Variant.Among(run.Points.Where(p => !p.Void && where(p)))).Select(g => new PlotSeries(g.Key, [.. g]))];

    public static string NameOf(PointSummary point) => Variant.Of(point);

    /// <summary>Median over repetitions by line capacity, ascending; capacities without a value are left out.</summary>
    public IReadOnlyList<(long Capacity, double Value)> ByCapacity(Func<PointSummary, double?> of) =>
        [.. Points.GroupBy(p => p.CapacityBitsPerSecond).OrderBy(g => g.Key == 0 ? long.MaxValue : g.Key)
            .Select(g => (g.Key, Value: Quantiles.Median(g.Select(of)))).Where(g => g.Value.HasValue).Select(g => (g.Key, g.Value!.Value))];
}
