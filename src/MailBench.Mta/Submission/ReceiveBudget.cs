namespace MailBench.Mta.Submission;

/// <summary>Octets that messages being received may hold, all sessions together. On the MTA's loop only.</summary>
internal sealed class ReceiveBudget(long limitBytes)
{
    public long LimitBytes { get; } = limitBytes;
    public long UsedBytes { get; private set; }

    public bool Has(long bytes) => UsedBytes + bytes <= LimitBytes;

    public bool TryTake(long bytes)
    {
        if (!Has(bytes)) return false;
        UsedBytes += bytes;
        return true;
    }

    public void GiveBack(long bytes) => UsedBytes -= bytes;
}
