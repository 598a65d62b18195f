using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using static System.FormattableString;

namespace MailBench.Analysis.Comparing;

/// <summary>
/// What one side of a pair would do with the other's features (method: fair comparison). A point of the run that has all of them is that side <i>equalised</i>. Else, where each differing axis has a point of
/// its own, in which that axis alone is switched, the <i>demands</i> that it adds to every resource are carried over and the rate is computed again from the capacities: <i>adjusted</i>. Pure.
/// </summary>
internal static class Ablation
{
    /// <summary>A share of its capacity from which a resource counts as the one that limits (method: ceilings).</summary>
    private const double Saturated = 0.9;

    /// <summary>Axes whose effects do not add: they must have been measured together.</summary>
    private static readonly (string One, string Other)[] Interacting = [("tls", "reuse"), ("dkimSpfDmarc", "strategy"), ("durability", "queueDirectories"), ("pipelining", "overlap"), ("pipelining", "chunking")];

    /// <summary>The adjusted comparison of a pair that differs in controlled axes, or why there is none; null where the differences are none that ablation speaks of (a workload, a line, a promise).</summary>
    public static AdjustedComparison? Of(PointPair pair, IReadOnlyList<AxisDifference> differences, IReadOnlyList<PointSide> points)
    {
        var unequal = differences.Where(d => d.Role == AxisDifference.Controlled).ToList();
        if (unequal.Count == 0 || unequal.Any(d => d.Axis.Contains('.', StringComparison.Ordinal)) || differences.Any(FeatureAxes.MakesNoWinner)) return null;
        if (pair.Base.First.LoadModel != "backlog" || pair.Candidate.First.LoadModel != "backlog") return null;
        string[] axes = [.. unequal.Select(d => d.Axis)];
        return Of(pair, axes, isCandidate: true, points) ?? Of(pair, axes, isCandidate: false, points);
    }

    private static AdjustedComparison? Of(PointPair pair, string[] axes, bool isCandidate, IReadOnlyList<PointSide> points)
    {
        var (side, other) = isCandidate ? (pair.Candidate, pair.Base) : (pair.Base, pair.Candidate);
        var name = isCandidate ? pair.Names.Candidate : pair.Names.Base;
        if (Switched(side, other, axes, points) is { } equal) return Told("equalised", [.. equal.Repetitions.Select(p => (p.Repetition, p.DeliveredPerSecond))], $"point {equal.Planned.Point} has them equal");
        if (axes.Length < 2) return null;

        var parts = axes.Select(axis => Switched(side, other, [axis], points)).ToList();
        if (parts.Any(part => part is null)) return null;
        if (Interacting.FirstOrDefault(two => axes.Contains(two.One) && axes.Contains(two.Other)) is { One: not null } together)
            return Refused($"{together.One} and {together.Other} interact and were not measured together");

        var rates = new List<(int, double?)>();
        var limit = "";
        foreach (var own in side.Repetitions)
        {
            var switched = parts.Select(part => part!.Repetitions.FirstOrDefault(p => p.Repetition == own.Repetition)).ToList();
            if (own.DeliveredPerSecond is not > 0 || switched.Any(p => p?.DeliveredPerSecond is not > 0)) continue;
            var before = Times(own);
            var most = before.MaxBy(t => t.Value);
            if (before.Count == 0 || most.Value * own.DeliveredPerSecond < Saturated) return Refused("no resource of that side was seen to limit it");
            var after = before.ToDictionary(t => t.Key, t => Math.Max(0, t.Value + switched.Sum(p => Times(p!).GetValueOrDefault(t.Key, t.Value) - t.Value)));
            var limiting = after.MaxBy(t => t.Value);
            if (limiting.Key != most.Key) return Refused($"the bottleneck would move from {most.Key} to {limiting.Key}");
            limit = most.Key;
            // As near to that resource's capacity as it came before.
            rates.Add((own.Repetition, most.Value * own.DeliveredPerSecond / limiting.Value));
        }

        return rates.Count == 0 ? null : Told("adjusted", rates, $"demands of {string.Join(", ", axes)} carried over; limited by {limit}");

        AdjustedComparison Refused(string why) => new() { Kind = "not comparable", Side = name, Axes = axes, How = why };

        AdjustedComparison Told(string kind, IReadOnlyList<(int Repetition, double? Rate)> adjusted, string how)
        {
            var blocks = adjusted.Join(other.Repetitions, a => a.Repetition, p => p.Repetition, (a, p) => (Mine: a.Rate, Others: p.DeliveredPerSecond)).Where(b => b is { Mine: > 0, Others: > 0 }).ToList();
            if (blocks.Count == 0) return Refused("no repetition has both sides");
            double[] logs = [.. blocks.Select(b => (isCandidate ? 1 : -1) * Math.Log(b.Mine!.Value / b.Others!.Value))];
            var ratio = PairedRatio.Of(logs);
            return new AdjustedComparison
            {
                Kind = kind,
                Side = name,
                Axes = axes,
                How = how,
                DeliveredPerSecond = Quantiles.Median(blocks.Select(b => b.Mine)),
                Ratio = ratio?.Ratio ?? Math.Exp(logs[0]),
                Low = ratio?.Low,
                High = ratio?.High,
            };
        }
    }

    /// <summary>A point that is <paramref name="side"/> but for <paramref name="axes"/>, in which it is <paramref name="other"/>.</summary>
    private static PointSide? Switched(PointSide side, PointSide other, IReadOnlyList<string> axes, IReadOnlyList<PointSide> points) =>
        points.FirstOrDefault(p => p.Planned.Point != side.Planned.Point && p.Planned.Point != other.Planned.Point && p.First.LoadModel == side.First.LoadModel && p.Repetitions.All(r => !r.Void) && PointPair.SameLoad(p, side)
            && axes.All(axis => p.First.Features.GetValueOrDefault(axis) == other.First.Features.GetValueOrDefault(axis))
            && FeatureAxes.Differences(side.First.Features, p.First.Features, new HashSet<string>()).Where(d => d.Role != AxisDifference.Disclosed).Select(d => d.Axis).ToHashSet().SetEquals(axes));

    /// <summary>What a delivery takes of each resource, as seconds of its whole capacity: U ÷ X = D ÷ C.</summary>
    private static Dictionary<string, double> Times(PointSummary point) =>
        point.Utilisations.Where(u => u.Share is > 0).ToDictionary(u => u.Resource, u => u.Share!.Value / point.DeliveredPerSecond!.Value);

    /// <summary>In words, behind the raw figure.</summary>
    public static string Words(AdjustedComparison adjusted, PointPair pair) => adjusted.Ratio is { } ratio
        ? Invariant($"{adjusted.Kind}: {Variant.Named(pair.Factor, adjusted.Side)} with the other's {string.Join(", ", adjusted.Axes)} {adjusted.DeliveredPerSecond:#,0} deliveries/s, candidate ÷ base {ratio:0.###}{(adjusted.Low is { } low ? Invariant($" ({low:0.###} … {adjusted.High:0.###})") : "")}; {adjusted.How}")
        : $"not adjusted: {adjusted.How}";
}
