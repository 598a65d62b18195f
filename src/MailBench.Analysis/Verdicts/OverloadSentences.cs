using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using static System.FormattableString;

namespace MailBench.Analysis.Verdicts;

/// <summary>What happens to delivery near a limit and past it: the knee of each curve, whether the rate breaks down beyond saturation, and how long an overload is felt.</summary>
internal static class OverloadSentences
{
    /// <summary>What is offered above this share of saturation cannot all be delivered.</summary>
    private const double Past = 1.05;

    /// <summary>A delivered rate below this share of the most is a collapse.</summary>
    private const double Collapsed = 0.9;

    /// <summary>Of what was offered so much delivered in the same window is all of it, to what chance and its edges leave.</summary>
    private const double AllDelivered = 0.98;

    public static IEnumerable<string> Of(IReadOnlyList<CurveFigures> curves, IReadOnlyList<PointSummary> points)
    {
        foreach (var curve in curves)
        {
            yield return $"{curve.Variant} at {Sentences.Line(curve.CapacityBitsPerSecond)}, offered {Shares(curve)} of {Whole(curve)}: {Knee(curve)}.{LeftOut(curve)}";
            if (Beyond(curve) is { } beyond) yield return beyond;
        }

        foreach (var point in points)
            if (point.Course is { } course) yield return $"{Variant.Of(point)} at {Sentences.Line(point.CapacityBitsPerSecond)}, {point.Sweep}: {(course.Recovery is { } recovery ? Recovered(recovery, course) : Passed(course))}.";
    }

    private static string Shares(CurveFigures curve) => curve.Points.Count == 1 ? Share(curve.Points[0].Share) : $"{Share(curve.Points[0].Share)} to {Share(curve.Points[^1].Share)}";

    private static string Whole(CurveFigures curve) => Invariant($"the {curve.WholePerSecond:#,0} deliveries/s {(curve.WholeIsSaturated ? "at saturation" : "that were the most on this curve")}");

    private static string Knee(CurveFigures curve)
    {
        if (curve.Points.Count == 1) return $"{UsersSentences.In95(curve.Points[0].P95Ms)}; one rate shows no knee";
        if (curve.PlateauMs is not { } plateau) return "no point at or below 50 % was good, so that there is no plateau to tell a knee by";
        if (curve.KneeShare is not { } share) return $"no knee: 95 % of deliveries within {UsersSentences.Ms(plateau)} up to 50 %, and nowhere more than twice that";
        var knee = curve.Points.First(point => point.Share == share);
        var limit = knee.Bottleneck == Utilisations.Unattributed ? "" : $", limited by {knee.Bottleneck}";
        var at = Invariant($"{Share(share)} ({knee.OfferedPerSecond:#,0}/s, {UsersSentences.In95(knee.P95Ms)}{limit})");
        if (double.IsInfinity(plateau)) return $"past the knee throughout, since even at {Share(share)} mail was left undelivered";
        if (curve.BelowKneeShare is not { } below) return $"the knee is at {at} or below it, the least that was offered; the plateau's median is {UsersSentences.Ms(plateau)}";
        var kept = curve.Points.First(point => point.Share == below);
        var again = curve.WithinAgainShare is { } within ? $"; it is not clear-cut, since {Share(within)} kept within twice the plateau again" : "";
        return $"the knee lies between {Share(below)} (95 % within {UsersSentences.Ms(kept.P95Ms)}) and {at}, the first rate at which that is more than twice the plateau ({UsersSentences.Ms(plateau)} up to 50 %){again}";
    }

    private static string LeftOut(CurveFigures curve) => curve.LeftOut switch
    {
        0 => "",
        1 => " One rate is left out: void, or too few messages for a 95th percentile.",
        _ => $" {curve.LeftOut} rates are left out: void, or too few messages for a 95th percentile.",
    };

    private static string? Beyond(CurveFigures curve)
    {
        if (curve.Points[^1] is not { Share: > Past } last) return null;
        if (last.DeliveredPerSecond >= AllDelivered * last.OfferedPerSecond)
            return Invariant($"Even at {Share(last.Share)} {last.DeliveredPerSecond:#,0} of {last.OfferedPerSecond:#,0} recipients/s were delivered: saturation was measured too low, and with it every share.");
        var most = curve.Points.Max(point => point.DeliveredPerSecond);
        var kept = last.DeliveredPerSecond / most;
        var verdict = kept < Collapsed ? Invariant($"a collapse, {kept:0.0%} of the most that was delivered on this curve") : Invariant($"no collapse, {kept:0.0%} of the most on this curve");
        return Invariant($"Past saturation, at {Share(last.Share)}, {last.DeliveredPerSecond:#,0} of {last.OfferedPerSecond:#,0} recipients/s were delivered ({verdict}), and 95 % took {UsersSentences.Ms(last.P95Ms)}, more the longer it lasts.");
    }

    private static string Recovered(RecoveryFigures r, LoadCourse course)
    {
        var over = course.Stages.First(stage => stage.Second + stage.Seconds >= r.EndSecond - 1e-6);
        var after = course.Stages.First(stage => stage.Second >= r.EndSecond - 1e-6);
        var left = Invariant($"{over.Seconds:0.#} s of overload ({r.Overload}: {r.OverloadPerSecond:#,0} recipients/s offered, {r.CapacityPerSecond:#,0} delivered) left {r.Backlog:#,0} undelivered");
        if (r.Seconds == 0) return Invariant($"{left}, no more than twice the usual ({r.Most:0.#}): it was no overload");
        var expected = r.ExpectedSeconds is { } seconds
            ? Invariant($"{(r.ExpectedIsLeast ? "at least " : "")}{seconds:0.0} s by backlog ÷ (capacity − offered){(r.ExpectedIsLeast ? ", since mail that was deferred waits for its retry whatever room there is" : "")}")
            : "there was no capacity to spare";
        return r.Seconds is { } took
            ? Invariant($"{left}; back at {r.After} ({r.OfferedPerSecond:#,0}/s) no more than twice the usual ({r.Most:0.#}) were undelivered {took:0.0} s later ({expected})")
            : Invariant($"{left}; back at {r.After} ({r.OfferedPerSecond:#,0}/s) more than twice the usual ({r.Most:0.#}) were still undelivered when that stage ended {after.Seconds:0.#} s later ({expected})");
    }

    private static string Passed(LoadCourse course)
    {
        var worst = course.Stages.MaxBy(stage => stage.P95Ms ?? 0)!;
        return Invariant($"over {course.Stages.Count} stages 95 % of deliveries took at most {UsersSentences.Ms(worst.P95Ms)} (at {worst.Name}, {worst.OfferedPerSecond:#,0} recipients/s offered)");
    }

    private static string Share(double share) => Invariant($"{share * 100:0.#} %");
}
