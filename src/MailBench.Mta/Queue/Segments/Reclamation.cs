namespace MailBench.Mta.Queue.Segments;

/// <summary>What is done to get space back.</summary>
internal enum ReclamationStep
{
    None,

    /// <summary>The target's messages are copied to the log's end, so that it becomes free.</summary>
    Copy,

    /// <summary>The targets' rolls are called, so that finished segments behind them are no longer held.</summary>
    CallRolls,
}

/// <summary>
/// Which segments are free to be used again, and what to do when the log takes more than it may. Pure.
/// A segment in which nothing waits is <em>free</em> unless an older one holds it: what happened to a message stands in later segments than the message, and were it gone the message would
/// come back. A segment holds all from its <see cref="SegmentUse.RollFrom"/> on, so new mail that is delivered at once leaves free segments behind a backlog which nobody touches, and calling the
/// backlog's rolls (some 3 % of it) lets them go. Copying pays where much of a segment is garbage. Of both, what costs least for an octet won is done.
/// </summary>
/// <param name="FirstFree">Index of the oldest free segment, -1 if there is none.</param>
/// <param name="Free">How many are free.</param>
/// <param name="Surplus">Whether the oldest free one is to be deleted.</param>
/// <param name="Step">What to do beside.</param>
/// <param name="Targets">Indices of the segments to which, in order.</param>
internal readonly record struct Reclamation(int FirstFree, int Free, bool Surplus, ReclamationStep Step, IReadOnlyList<int> Targets)
{
    /// <summary>Segments beside twice what is live before anything is copied or called: so small a queue does neither.</summary>
    public const int SegmentsBeside = 4;

    /// <param name="segments">In order of sequence. The last is never free, since its header keeps the ids' floor, and never a target, since it is written.</param>
    /// <param name="spare">Free segments that are kept however little is live.</param>
    public static Reclamation Choose(ReadOnlySpan<SegmentUse> segments, long segmentBytes, int spare)
    {
        var (firstFree, free) = (-1, 0);
        long taken = 0, live = 0, heldFrom = long.MaxValue;
        for (var i = 0; i < segments.Length; i++)
        {
            taken += segments[i].TakenBytes;
            live += segments[i].LiveBytes;
            if (i < segments.Length - 1 && segments[i].LiveCount == 0 && segments[i].Sequence < heldFrom)
            {
                if (free++ == 0) firstFree = i;
            }
            else
            {
                heldFrom = Math.Min(heldFrom, segments[i].RollFrom);
            }
        }

        // Free ones beyond the spare are kept while the log may take that much: new mail then never waits for a file to be made.
        var surplus = free > spare && taken > (2 * live) + (spare * segmentBytes);
        if (free > spare || segments.Length <= SegmentsBeside || taken <= (2 * live) + (SegmentsBeside * segmentBytes)) return new Reclamation(firstFree, free, surplus, ReclamationStep.None, []);

        var (copied, copyCost) = CheapestToCopy(segments);
        var (called, callCost) = CheapestToCall(segments);
        if (called.Count > 0 && (copied < 0 || callCost <= copyCost))
        {
            // One that cannot be called is copied when its turn comes.
            var callable = 0;
            while (callable < called.Count && segments[called[callable]].Callable) callable++;
            return callable > 0
                ? new Reclamation(firstFree, free, surplus, ReclamationStep.CallRolls, called.GetRange(0, callable))
                : new Reclamation(firstFree, free, surplus, ReclamationStep.Copy, [called[0]]);
        }

        return copied < 0 ? new Reclamation(firstFree, free, surplus, ReclamationStep.None, []) : new Reclamation(firstFree, free, surplus, ReclamationStep.Copy, [copied]);
    }

    /// <summary>Where copying writes least for each octet of garbage.</summary>
    private static (int Index, double Cost) CheapestToCopy(ReadOnlySpan<SegmentUse> segments)
    {
        var (best, least) = (-1, double.MaxValue);
        for (var i = 0; i < segments.Length - 1; i++)
        {
            var garbage = segments[i].TakenBytes - segments[i].LiveBytes;
            if (segments[i].LiveCount == 0 || garbage <= 0) continue;
            var cost = segments[i].LiveBytes / (double)garbage;
            if (cost < least) (best, least) = (i, cost);
        }

        return (best, least);
    }

    /// <summary>
    /// Finished segments are let go in order, when all that hold them have been called. So the rolls are called in the order of what they hold, as many as cost least for an octet that becomes free;
    /// none where nothing finished is held.
    /// </summary>
    private static (List<int> Indices, double Cost) CheapestToCall(ReadOnlySpan<SegmentUse> segments)
    {
        var holders = new List<(long From, int Index)>();
        for (var i = 0; i < segments.Length - 1; i++)
            if (segments[i].LiveCount > 0) holders.Add((segments[i].RollFrom, i));
        holders.Sort();

        var (least, best) = (double.MaxValue, 0);
        long cost = 0, won = 0;
        var finished = 0;
        for (var k = 0; k < holders.Count; k++)
        {
            cost += CostOfCall(segments[holders[k].Index]);
            var letGo = k + 1 < holders.Count ? holders[k + 1].From : long.MaxValue;
            for (; finished < segments.Length - 1 && segments[finished].Sequence < letGo; finished++)
                if (segments[finished].LiveCount == 0 && segments[finished].Sequence >= holders[0].From) won += segments[finished].TakenBytes;
            if (won > 0 && cost / (double)won < least) (least, best) = (cost / (double)won, k + 1);
        }

        return (holders.GetRange(0, best).ConvertAll(holder => holder.Index), least);
    }

    private static long CostOfCall(in SegmentUse segment) =>
        segment.Callable ? Math.Min(segment.LiveBytes, (long)segment.LiveCount * Roll.BytesPerMessage) : segment.LiveBytes;
}
