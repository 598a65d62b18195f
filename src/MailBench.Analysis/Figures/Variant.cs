using MailBench.Model.Records;

namespace MailBench.Analysis.Figures;

/// <summary>What a point is called among its neighbours: the swept values that are neither line nor load. A strategy's name says itself; another value goes with its setting's name.</summary>
public static class Variant
{
    public static string Of(PointSummary point)
    {
        var own = point.Axes.Where(a => !a.Key.StartsWith("line.", StringComparison.Ordinal) && !a.Key.StartsWith("load.", StringComparison.Ordinal)).Select(a => Named(a.Key, a.Value)).ToList();
        return own.Count == 0 ? point.Strategy : string.Join(", ", own);
    }

    /// <summary>
    /// The same among a run's points: where sweeps measure one variant under different workloads, the sweep's name goes before it, since a middle of both would be a figure of nothing.
    /// </summary>
    public static Func<PointSummary, string> Among(IEnumerable<PointSummary> points)
    {
        var shared = points.GroupBy(point => (Name: Of(point), point.LoadModel)).Where(same => same.Select(point => point.Sweep).Distinct().Count() > 1).Select(same => same.Key).ToHashSet();
        return point => shared.Contains((Of(point), point.LoadModel)) ? $"{point.Sweep}: {Of(point)}" : Of(point);
    }

    /// <summary><c>per-mx-host</c>, or <c>queueDirectories 4</c>.</summary>
    public static string Named(string path, string value) => path is "mta.strategy" or "system" or "line.capacity" ? value : $"{path[(path.LastIndexOf('.') + 1)..]} {value}";
}
