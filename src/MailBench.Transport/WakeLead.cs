namespace MailBench.Transport;

/// <summary>
/// By how much earlier than a deadline a punctual loop has itself woken: what a sleeping thread's wake-up takes at best here (tens of microseconds on a virtual machine, whose timers are its host's),
/// learnt from the wake-ups as they come. What is left when one comes sooner is spent looking for events, and that has a budget. Pure.
/// </summary>
internal sealed class WakeLead
{
    /// <summary>More is no wake-up's cost but a busy machine, which no lead mends.</summary>
    public const long MostNs = 100_000;

    /// <summary>Share of the time that may be spent without sleeping, and how much of it may be saved up.</summary>
    private const int BudgetDivisor = 5;
    private const long BudgetNs = 2_000_000;

    /// <summary>The estimate follows the wake-ups' lower quartile: three steps down weigh one up.</summary>
    private const long UpNs = 250;
    private const long DownNs = 750;

    private long _leadNs;
    private long _budgetNs = BudgetNs;
    private long _paidNs;

    /// <summary>The lead for a deadline that is asked for now; 0 while the budget is spent.</summary>
    public long Ns(long nowNs)
    {
        _budgetNs = Math.Min(BudgetNs, _budgetNs + (nowNs - _paidNs) / BudgetDivisor);
        _paidNs = nowNs;
        return _budgetNs > 0 ? _leadNs : 0;
    }

    /// <summary>A timer's wake-up came so long after the instant it was set for.</summary>
    public void Woken(long afterNs) => _leadNs = Math.Clamp(_leadNs + (afterNs > _leadNs ? UpNs : -DownNs), 0, MostNs);

    /// <summary>So long was not slept.</summary>
    public void Spent(long fromNs, long toNs) => _budgetNs -= toNs - fromNs;
}
