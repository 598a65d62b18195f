namespace MailBench.Transport;

/// <summary>
/// How much of a loop's time connections that yield may take: slices, and over time no more than a share. Time that was not taken is saved up to <see cref="MaxCreditNs"/>; a slice
/// that ran over is owed, as much at most: a pause of the machine in the middle of one must not shut out callers for many times as long. Pure; all times on one clock in ns.
/// </summary>
internal sealed class YieldBudget
{
    /// <summary>Saved at most: what may come at once after a quiet time.</summary>
    public const long MaxCreditNs = 5_000_000;

    /// <summary>Below this a slice is not worth its system calls.</summary>
    private const long LeastNs = 50_000;

    private double _share = 1;
    private double _creditNs;
    private long _atNs;

    /// <summary>Of the wall clock's time, above 0 and at most 1; 1: no limit.</summary>
    public double Share
    {
        get => _share;
        set
        {
            if (value is not (> 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(value), value, "A share is above 0 and at most 1.");
            _share = value;
        }
    }

    /// <summary>How long a slice may take now; 0: wait until <see cref="NextNs"/>.</summary>
    public long Grant(long nowNs, long sliceNs)
    {
        if (_share >= 1) return sliceNs;
        Accrue(nowNs);
        return _creditNs >= LeastNs ? (long)Math.Min(sliceNs, _creditNs) : 0;
    }

    /// <summary>A slice took so long, from <paramref name="fromNs"/> to <paramref name="toNs"/>.</summary>
    public void Spend(long fromNs, long toNs)
    {
        if (_share >= 1) return;
        Accrue(toNs);
        _creditNs = Math.Max(_creditNs - (toNs - fromNs), -MaxCreditNs);
    }

    /// <summary>When <see cref="Grant"/>, which has just said 0, will say more.</summary>
    public long NextNs => _atNs + (long)Math.Ceiling((LeastNs - _creditNs) / _share);

    private void Accrue(long nowNs)
    {
        _creditNs = Math.Min(MaxCreditNs, _creditNs + ((nowNs - _atNs) * _share));
        _atNs = nowNs;
    }
}
