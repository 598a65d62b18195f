using MailBench.Model.Records;

namespace MailBench.Analysis.Figures;

/// <summary>Curves of a run's open points: delivered rate and latency against the offered rate, and the knee (method: first rate whose p95 exceeds twice its plateau, the median of points up to 50 %). Pure.</summary>
internal static class OverloadCurve
{
    /// <summary>The setting that a curve sweeps.</summary>
    private const string RatePath = "load.rate";

    /// <summary>Share up to which a point belongs to the plateau, and how many times slower than it is past the knee.</summary>
    private const double PlateauShare = 0.5;
    private const double Slower = 2;

    /// <summary>Shares are written in per cent: what differs by less is the same one.</summary>
    private const double Grain = 1e-6;

    public static IReadOnlyList<CurveFigures> Of(IReadOnlyList<PointSummary> points)
    {
        var variant = Variant.Among(points.Where(IsOnCurve));
        return [.. points.Where(IsOnCurve).GroupBy(p => (p.Sweep, Others: string.Join("; ", p.Axes.Where(axis => axis.Key != RatePath).Select(axis => $"{axis.Key} {axis.Value}"))))
            .Where(curve => curve.Select(p => p.Axes[RatePath]).Distinct().Count() > 1).Select(curve => Of([.. curve], variant(curve.First()))).OfType<CurveFigures>()];
    }

    /// <summary>The curve with its knee found; <paramref name="curve"/> has its points in any order.</summary>
    internal static CurveFigures WithKnee(CurveFigures curve)
    {
        CurvePoint[] points = [.. curve.Points.OrderBy(point => point.Share)];
        curve = curve with { Points = points };
        if (Quantiles.Median(points.Where(point => point.Share <= PlateauShare + Grain).Select(point => (double?)point.P95Ms)) is not { } plateau) return curve;
        curve = curve with { PlateauMs = plateau };
        // A plateau that is never has no double: who does not finish at half the load is past it already.
        var first = Array.FindIndex(points, point => double.IsInfinity(point.P95Ms) || point.P95Ms > Slower * plateau);
        if (first < 0) return curve;
        return curve with
        {
            KneeShare = points[first].Share,
            BelowKneeShare = first > 0 ? points[first - 1].Share : null,
            WithinAgainShare = points.Skip(first + 1).Where(point => double.IsFinite(point.P95Ms) && point.P95Ms <= Slower * plateau).Select(point => (double?)point.Share).LastOrDefault(),
        };
    }

    private static bool IsOnCurve(PointSummary point) => point.LoadModel == "open" && point.Course is null && point.Axes.ContainsKey(RatePath);

    /// <summary>Null: no point of it has a figure.</summary>
    private static CurveFigures? Of(IReadOnlyList<PointSummary> curve, string variant)
    {
        var rates = curve.GroupBy(p => p.Axes[RatePath]).Select(same => same.Where(IsUsable).ToList()).ToList();
        var good = rates.Where(same => same.Count > 0).ToList();
        if (good.Count == 0) return null;
        var saturated = Quantiles.Median(good.SelectMany(same => same).Select(p => p.SaturatedPerSecond));
        var whole = saturated ?? good.Max(same => Median(same, p => p.DeliveredPerSecond) ?? 0);
        return WithKnee(new CurveFigures
        {
            Sweep = curve[0].Sweep,
            Variant = variant,
            CapacityBitsPerSecond = curve[0].CapacityBitsPerSecond,
            WholePerSecond = whole,
            WholeIsSaturated = saturated is not null,
            Points = [.. good.Select(same => Of(same, whole))],
            LeftOut = rates.Count - good.Count,
        });
    }

    private static CurvePoint Of(List<PointSummary> same, double whole)
    {
        var offered = Median(same, p => p.OfferedPerSecond * p.RecipientsPerMessage) ?? 0;
        return new CurvePoint(
            same[0].OfferedShare ?? offered / whole, offered, Median(same, p => p.DeliveredPerSecond) ?? 0, Median(same, p => p.Latencies["delivery"].At(0.5)), Median(same, p => p.Latencies["delivery"].At(0.95))!.Value,
            Median(same, p => p.Latencies.GetValueOrDefault("response")?.At(0.95)), string.Join(" or ", same.Select(p => p.Bottleneck).Distinct()));
    }

    /// <summary>It has a rate and a 95th percentile.</summary>
    private static bool IsUsable(PointSummary p) => p is { Void: false, DeliveredPerSecond: > 0 } && p.Latencies.GetValueOrDefault("delivery")?.At(0.95) is not null;

    private static double? Median(IEnumerable<PointSummary> points, Func<PointSummary, double?> of) => Quantiles.Median(points.Select(of));
}
