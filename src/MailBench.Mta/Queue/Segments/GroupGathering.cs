namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// How long a committer waits for company before it syncs a group. Clients that wait for their replies come back in a bunch: who begins with the first of them syncs a few messages while the bunch
/// waits for that sync. So a group is to have a part of what the largest of late had; it is waited for as long as a sync takes at most, and not at all where groups are small, as under a light load.
/// Pure; times in ns.
/// </summary>
internal sealed class GroupGathering
{
    /// <summary>Groups this small are not waited for: a lone client has nobody to share a sync with.</summary>
    public const int LeastMessages = 8;

    /// <summary>However slow the disk is.</summary>
    public const long MostNs = 1_000_000;

    /// <summary>Of the largest group: two halves then take turns, one on its way while the other is synced.</summary>
    private const double Part = 0.5;

    /// <summary>What is left of the largest with each group: a bunch that is gone is forgotten after some dozens.</summary>
    private const double Memory = 0.98;

    private double _largest;
    private double _syncNs;

    /// <summary>A group of so many messages was committed and that took so long.</summary>
    public void Committed(int messages, long tookNs)
    {
        if (messages == 0) return;
        _largest = Math.Max(messages, _largest * Memory);
        _syncNs = _syncNs == 0 ? tookNs : _syncNs + ((tookNs - _syncNs) / 8);
    }

    /// <summary>How much longer to wait when so many messages are there and the first has been waited with for so long; 0: go.</summary>
    public long WaitNs(int messages, long waitedNs)
    {
        var wanted = _largest * Part;
        if (wanted < LeastMessages || messages >= wanted) return 0;
        return Math.Max(0, (long)Math.Min(_syncNs, MostNs) - waitedNs);
    }
}
