namespace MailBench.Simulation;

/// <summary>A host at work: who is connected, and until when its server is busy.</summary>
internal sealed class WorldHost(SimHost traits)
{
    private long _busyUntilNs;

    public SimHost Traits { get; private set; } = traits;

    public int Sessions { get; set; }
    public int MostSessions { get; private set; }
    public int Dials { get; set; }
    public int Refusals { get; set; }
    public int Transactions { get; set; }

    public bool IsDown(long nowNs)
    {
        foreach (var (from, until) in Traits.Outages)
            if (nowNs >= from * VirtualTime.Ms && (until == int.MaxValue || nowNs < until * VirtualTime.Ms)) return true;
        return false;
    }

    public bool TryConnect()
    {
        if (Sessions >= Traits.MaxSessions)
        {
            Refusals++;
            return false;
        }

        MostSessions = Math.Max(MostSessions, ++Sessions);
        return true;
    }

    /// <summary>When so many recipients that come now have been served, one after another.</summary>
    public long Serve(int recipients, long nowNs)
    {
        Transactions++;
        _busyUntilNs = Math.Max(nowNs, _busyUntilNs) + (long)(recipients * Traits.ServiceMs * VirtualTime.Ms);
        return _busyUntilNs;
    }

    /// <summary>From now on it is another.</summary>
    public void Become(SimHost traits) => Traits = traits;
}
