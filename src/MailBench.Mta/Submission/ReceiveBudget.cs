namespace MailBench.Mta.Submission;

/// <summary>Octets that messages being received may hold, all sessions together. On the MTA's loop only.</summary>
internal sealed class ReceiveBudget(long limitBytes)
{
    public long LimitBytes { get; } = limitBytes;
    public long UsedBytes { get; private set; }

    /// <summary>Any number may be asked for, one that a client declared too.</summary>
    public bool Has(long bytes) => bytes <= LimitBytes - UsedBytes;

    public bool TryTake(long bytes)
    {
        if (!Has(bytes)) return false;
        UsedBytes += bytes;
        return true;
    }

    public void GiveBack(long bytes) => UsedBytes -= bytes;
}
