namespace MailBench.Transport;

/// <summary>
/// What a burdened loop owes: after each turn a share of the CPU time that the turn took, spent on nothing. What was spent too much, or is still owed, goes on to the next turn, so that the
/// share holds over many short ones. Pure; all in ns of CPU time.
/// </summary>
internal sealed class TurnBurden(double share)
{
    /// <summary>Owed at most: a turn that took half a second (code being compiled, say) is none that should hold the loop for as long again.</summary>
    public const long MostOwedNs = 100_000_000;

    private double _owedNs;

    public double Share => share;

    /// <summary>A turn took so much; how much to waste now, 0 where the loop is ahead.</summary>
    public long Owe(long usedNs)
    {
        _owedNs = Math.Min(MostOwedNs, _owedNs + usedNs * share);
        return (long)Math.Max(0, _owedNs);
    }

    /// <summary>So much was wasted, never quite what was asked for.</summary>
    public void Wasted(long ns) => _owedNs -= ns;
}
