namespace MailBench.Mta.Batching;

/// <summary>
/// Which sites are slow: those whose last step (opening a session, or a transaction) took longer than a second and than eight times the median of all steps. Measured against the
/// rest, so that where all are slow (a narrow line) none is. Remembered for an hour after the site's queue is gone, for a bounded number of sites. Pure.
/// </summary>
internal sealed class StepTimes
{
    private const long LeastNs = 1_000_000_000;
    private const long MemoryNs = 3_600_000_000_000;
    private const int Capacity = 65_536;
    private readonly Dictionary<string, long> _slow = new(StringComparer.Ordinal);
    private readonly Queue<(string Site, long UntilNs)> _forget = new();
    private long _medianNs;

    /// <summary>Sites remembered as slow.</summary>
    public int Count => _slow.Count;

    /// <summary>A step that takes longer than this is slow.</summary>
    public long SlowNs => Math.Max(LeastNs, 8 * _medianNs);

    /// <summary>Takes the time of one step; true when it was slow.</summary>
    public bool IsSlow(long tookNs)
    {
        var slow = tookNs > SlowNs;
        // A sixteenth up or down a step: it goes to where as many are longer as are shorter, however long the long ones are.
        if (_medianNs == 0) _medianNs = Math.Clamp(tookNs, 1000, LeastNs);
        else if (tookNs > _medianNs) _medianNs += _medianNs / 16;
        else _medianNs = Math.Max(1000, _medianNs - (_medianNs / 16));
        return slow;
    }

    public void Remember(string site, long nowNs)
    {
        while (_forget.TryPeek(out var oldest) && (oldest.UntilNs <= nowNs || _forget.Count >= Capacity))
        {
            _forget.Dequeue();
            if (_slow.TryGetValue(oldest.Site, out var untilNs) && untilNs == oldest.UntilNs) _slow.Remove(oldest.Site);
        }

        _slow[site] = nowNs + MemoryNs;
        _forget.Enqueue((site, nowNs + MemoryNs));
    }

    public void Forget(string site) => _slow.Remove(site);

    public bool WasSlow(string site, long nowNs) => _slow.Count > 0 && _slow.TryGetValue(site, out var untilNs) && nowNs < untilNs;
}
