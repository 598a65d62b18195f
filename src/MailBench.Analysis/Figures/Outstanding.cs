namespace MailBench.Analysis.Figures;

/// <summary>What was due and has not ended, as a function of time: recipients to be delivered, polls to be finished. What never ends stays for good. Times in ns.</summary>
internal sealed class Outstanding
{
    private readonly long[] _due;
    private readonly long[] _ended;

    /// <summary>Takes the moments at which each was due and at which it ended, in any order; one that never did is left out of the latter.</summary>
    public Outstanding(IEnumerable<long> due, IEnumerable<long> ended) => (_due, _ended) = ([.. due.Order()], [.. ended.Order()]);

    public long At(long ns) => UpTo(_due, ns) - UpTo(_ended, ns);

    public long DueIn(long fromNs, long toNs) => UpTo(_due, toNs - 1) - UpTo(_due, fromNs - 1);

    public long EndedIn(long fromNs, long toNs) => UpTo(_ended, toNs - 1) - UpTo(_ended, fromNs - 1);

    /// <summary>The average over a time.</summary>
    public double MeanOver(long fromNs, long toNs)
    {
        return toNs <= fromNs ? At(fromNs) : (Sum(_due) - Sum(_ended)) / (toNs - fromNs);

        double Sum(long[] times) => times.TakeWhile(time => time < toNs).Sum(time => (double)(toNs - Math.Max(fromNs, time)));
    }

    /// <summary>The first moment of a time at which no more than <paramref name="most"/> are outstanding; null: there is none.</summary>
    public long? FirstWithin(double most, long fromNs, long toNs)
    {
        if (At(fromNs) <= most) return fromNs;
        for (var i = UpTo(_ended, fromNs); i < _ended.Length && _ended[i] < toNs; i++)
            if (UpTo(_due, _ended[i]) - (i + 1) <= most) return _ended[i];
        return null;
    }

    /// <summary>How many are at or before a moment.</summary>
    private static int UpTo(long[] sorted, long ns)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sorted[middle] <= ns) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
