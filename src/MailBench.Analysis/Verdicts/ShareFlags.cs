using MailBench.Analysis.Figures;
using MailBench.Model.Records;

namespace MailBench.Analysis.Verdicts;

/// <summary>
/// A rate that is a share of what a saturated point delivered is worth what that point is: where a starved machine kept it low, 70 % of it are less than they say. So the flags of that point which tell of it stand on those
/// that hang on it, too; they are not void, since what they measured is true of the rate that they were offered. Pure.
/// </summary>
internal static class ShareFlags
{
    public static IReadOnlyList<PointSummary> Told(RunHeader header, IReadOnlyList<PointSummary> points)
    {
        var planned = header.Points.ToDictionary(point => point.Point);
        return [.. points.Select(point => Of(header, planned[point.Point], point, points) is { } flag ? point with { Flags = [.. point.Flags, flag] } : point)];
    }

    private static string? Of(RunHeader header, PlannedPoint planned, PointSummary point, IReadOnlyList<PointSummary> points)
    {
        if (WholeOf(header, planned) is not { } whole || points.FirstOrDefault(p => p.Point == whole && p.Repetition == point.Repetition) is not { } saturated) return null;
        var flags = Gates.Starved(saturated);
        return flags.Count == 0 ? null : $"its 100 % comes of point {whole}, flagged: {string.Join("; ", flags)}";
    }

    /// <summary>The point of the sweep that its rates name, at the same coordinates, as the plan has it; null: none, or its rates are absolute.</summary>
    private static int? WholeOf(RunHeader header, PlannedPoint planned) => new PointSettings(planned).BaseSweep is not { } sweep ? null
        : header.Points.FirstOrDefault(other => other.Sweep == sweep && other.Companion is null && other.Axes.All(axis => Written(planned.Settings.GetValueOrDefault(axis.Key)) == axis.Value))?.Point;

    /// <summary>As an axis has it: an empty list is <c>none</c>.</summary>
    private static string Written(string? value) => string.IsNullOrEmpty(value) ? "none" : value;
}
