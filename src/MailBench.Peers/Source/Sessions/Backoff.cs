namespace MailBench.Peers.Source.Sessions;

/// <summary>How long to rest after failures in a row: nothing at first if so wished, then 10 ms, doubling to 1 s; a success starts it anew.</summary>
internal struct Backoff
{
    private const long FirstNs = 10_000_000;
    private const long MostNs = 1_000_000_000;

    public int Failures { get; private set; }

    /// <summary>Counts a failure; returns the rest in ns, 0 for the first <paramref name="free"/> ones.</summary>
    public long Failed(int free = 0)
    {
        Failures++;
        var doublings = Failures - free - 1;
        return doublings < 0 ? 0 : Math.Min(MostNs, FirstNs << Math.Min(doublings, 10));
    }

    public void Succeeded() => Failures = 0;
}
