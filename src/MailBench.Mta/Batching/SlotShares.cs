namespace MailBench.Mta.Batching;

/// <summary>
/// Who may have how many of the slots. A slow site holds its slot for so long, and one that turns out to be dead for so long, that the others would find none: slow sites, and those of which
/// nothing is known yet, leave a quarter to the others at all times. For ten seconds after somebody else had to wait, the slow ones have an eighth, and the unknown ones a half. Pure.
/// </summary>
internal sealed class SlotShares(int slots)
{
    private const long MemoryNs = 10_000_000_000;
    private readonly int[] _used = new int[3];
    private readonly long[] _waitedNs = [-MemoryNs, -MemoryNs, -MemoryNs];

    /// <summary>Sites of this pace have more slots than they may keep while others wait.</summary>
    public bool IsOver(SitePace pace) => pace == SitePace.Slow && _used[(int)pace] > Math.Max(1, slots / 8);

    /// <summary>Counts sessions in or, below zero, out.</summary>
    public void Count(SitePace pace, int sessions) => _used[(int)pace] += sessions;

    /// <summary>A site of this pace finds all slots taken.</summary>
    public void Waits(SitePace pace, long nowNs) => _waitedNs[(int)pace] = nowNs;

    /// <summary>Slots that sites of this pace may still take, free or not.</summary>
    public int LeftFor(SitePace pace, long nowNs) => pace == SitePace.Usual ? slots : Math.Max(0, Math.Max(1, Share(pace, nowNs)) - _used[(int)pace]);

    /// <summary>When the share of this pace grows by itself; <see cref="long.MaxValue"/>: it does not.</summary>
    public long GrowsNs(SitePace pace, long nowNs) => IsContested(pace, nowNs) ? OthersWaitedNs(pace) + MemoryNs : long.MaxValue;

    private int Share(SitePace pace, long nowNs) =>
        !IsContested(pace, nowNs) ? slots - Math.Max(1, slots / 4) : pace == SitePace.Slow ? slots / 8 : slots / 2;

    private bool IsContested(SitePace pace, long nowNs) => pace != SitePace.Usual && nowNs - OthersWaitedNs(pace) < MemoryNs;

    private long OthersWaitedNs(SitePace pace) =>
        pace == SitePace.Slow ? Math.Max(_waitedNs[(int)SitePace.Usual], _waitedNs[(int)SitePace.Unknown]) : _waitedNs[(int)SitePace.Usual];
}
