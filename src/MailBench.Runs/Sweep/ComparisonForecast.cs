using MailBench.Model.Comparing;
using MailBench.Model.Profiles;

namespace MailBench.Runs.Sweep;

/// <summary>What a run's comparisons cannot come to, said before its time is spent: too few repetitions for the verdicts that it plans, and pairs that it does not have. Pure.</summary>
public static class ComparisonForecast
{
    /// <summary>A sentence for each; empty where nothing stands in the way. A quick run of one repetition ranks by counts, as its author wants it.</summary>
    public static IReadOnlyList<string> Of(RunPlan plan)
    {
        var points = plan.Points.Where(point => !point.Settings.HasProbes()).Select(point => point.Planned).ToList();
        var pairs = DeclaredPair.Of(points);
        string[] absent =
        [
            .. ComparedPair.Of(plan.Profile.Settings.ToDictionary())
                .Where(chosen => !pairs.Any(pair => (pair.CandidateName, pair.BaseName) == (chosen.Candidate, chosen.Base)) && !IsLeftOut(plan, chosen.Candidate) && !IsLeftOut(plan, chosen.Base)).Select(pair => $"'{pair}'"),
        ];
        var sentences = new List<string>();
        if (absent.Length > 0) sentences.Add($"compare.pairs: {string.Join(", ", absent)}: no sweep of this run has both at otherwise equal axes; not compared.");
        if (TooFew(plan, [.. pairs.Where(pair => pair.ComparesRates)]) is { } tooFew) sentences.Add(tooFew);
        return sentences;
    }

    /// <summary>A system that the profile defines and this run does not have: not here, or not wanted this time.</summary>
    private static bool IsLeftOut(RunPlan plan, string name) => plan.Profile.Systems.Any(system => system.Name == name) && !plan.Points.Any(point => point.System.Name == name);

    private static string? TooFew(RunPlan plan, IReadOnlyList<DeclaredPair> pairs)
    {
        var blocks = plan.Profile.Repetitions;
        var needed = DecidingBlocks.For(pairs.Count);
        if (pairs.Count == 0 || (plan.Profile.Quick && blocks == 1)) return null;
        if (plan.Profile.Quick) return $"quick: on ranks by counts however many repetitions there are. For verdicts by rates: --set quick=off, and {needed} repetitions for {Comparisons(pairs.Count)}.";
        if (blocks >= needed) return null;
        var sweeps = pairs.GroupBy(pair => pair.Base.Sweep).Select(sweep => (Name: sweep.Key, Comparisons: sweep.Count())).ToList();
        var least = sweeps.MinBy(sweep => sweep.Comparisons);
        var part = sweeps.Count > 1 ? $", or a part of it: --sweep {least.Name} has {least.Comparisons}, which take {DecidingBlocks.For(least.Comparisons)}" : "";
        return $"{blocks} {(blocks == 1 ? "block" : "blocks")} cannot decide {Comparisons(pairs.Count)} by rates: {needed} can{(pairs.Count > 1 ? " decide the first of them" : "")}{(blocks < DecidingBlocks.Fewest ? $", and below {DecidingBlocks.Fewest} counts alone are compared" : "")}. "
            + $"--set repetitions={needed}{part}{(pairs.Count > 1 ? ", or fewer pairs (compare.pairs)" : "")}.";
    }

    private static string Comparisons(int count) => count == 1 ? "a comparison" : $"{count} comparisons";
}
