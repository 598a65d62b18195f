using MailBench.Model.Profiles;
using MailBench.Model.Searching;

namespace MailBench.Runs.Sweep;

/// <summary>
/// The order of trials: blocks of one repetition each, shuffled within each sweep by the seed, so that a slow hour of the machine does not fall on one factor alone. A search's tries stand in the first block, unshuffled and behind the
/// sweep's other points: each depends on the one before. They are as many as the search may take; those that it does not need are passed over.
/// </summary>
internal static class TrialOrder
{
    public static IReadOnlyList<TrialPlan> Of(IReadOnlyList<PointPlan> points, int repetitions, int seed)
    {
        var trials = new List<TrialPlan>(points.Count * repetitions);
        for (var repetition = 0; repetition < repetitions; repetition++)
        {
            // Sweeps in file order: a sweep can only depend on one above it.
            foreach (var sweep in points.GroupBy(point => point.Planned.Sweep))
            {
                PointPlan[] block = [.. sweep.Where(point => !point.Settings.FindsSustainable())];
                new Random(HashCodeOf(seed, repetition, sweep.First().Number)).Shuffle(block);
                trials.AddRange(block.Select(point => new TrialPlan(point, repetition)));
                if (repetition == 0) trials.AddRange(sweep.Where(point => point.Settings.FindsSustainable()).SelectMany(Tries));
            }
        }

        return trials;
    }

    private static IEnumerable<TrialPlan> Tries(PointPlan point) =>
        Enumerable.Range(0, SustainableSearch.MostTries(point.Settings.Share("load.resolution"))).Select(number => new TrialPlan(point, number));

    /// <summary>A stable mixture (HashCode is random per process).</summary>
    private static int HashCodeOf(int seed, int repetition, int first)
    {
        unchecked
        {
            var mixed = (uint)seed * 2654435761u ^ (uint)repetition * 40503u ^ (uint)first * 2246822519u;
            return (int)(mixed ^ (mixed >> 15));
        }
    }
}
