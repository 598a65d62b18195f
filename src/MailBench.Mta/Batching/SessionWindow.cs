namespace MailBench.Mta.Batching;

/// <summary>
/// How many sessions a site is given at a time. It begins with one; every session that is opened and every transaction that ends makes room for one more, so the window
/// doubles within a round trip, up to its limit. A refused session sets it back to the others, a broken one by one; from then on it grows by one for a windowful of
/// transactions. It grows only where it is what holds the site back. The pause after a refusal doubles until a further session is had, so that a site's
/// own limit is felt for seldom. Pure; a part of its <see cref="DestinationQueue"/>.
/// </summary>
internal struct SessionWindow(int limit)
{
    private const int MostDoublings = 6;
    private readonly int _limit = limit;
    private int _threshold = limit;
    private int _credits;
    private int _refusals;
    private long _growsNs;

    /// <summary>Sessions that the site may have.</summary>
    public int Size { get; private set; } = 1;

    /// <summary>A session has opened while the site had so many.</summary>
    public void Opened(int sessions, long nowNs)
    {
        if (sessions > _threshold) _refusals = 0;
        Succeeded(sessions, nowNs);
    }

    /// <summary>A transaction has ended while the site had so many sessions.</summary>
    public void Succeeded(int sessions, long nowNs)
    {
        if (sessions < Size || Size >= _limit || nowNs < _growsNs) return;
        if (Size >= _threshold && ++_credits < Size) return;
        _credits = 0;
        Size++;
    }

    /// <summary>A session was refused while there were so many others. Those may be replaced; more are not tried for <paramref name="pauseNs"/>, doubled with each refusal.</summary>
    public void Refused(int others, long pauseNs, long nowNs)
    {
        _threshold = Size = Math.Clamp(others, 1, _limit);
        _credits = 0;
        if (nowNs >= _growsNs) _growsNs = nowNs + (pauseNs << Math.Min(_refusals++, MostDoublings));
    }

    /// <summary>No session stands, and the last try to have one came to nothing: the next has to find out alone.</summary>
    public void Lost()
    {
        Size = 1;
        _credits = 0;
    }

    /// <summary>A session was broken off in mid-transaction.</summary>
    public void Broke()
    {
        if (Size > 1) Size--;
        _threshold = Size;
        _credits = 0;
    }
}
