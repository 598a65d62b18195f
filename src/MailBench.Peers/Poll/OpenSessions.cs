namespace MailBench.Peers.Poll;

/// <summary>How many of the users' sessions stand: now, at most, and summed over time, from which the mean of any window comes exactly. Written on the loop, read from any thread.</summary>
internal sealed class OpenSessions
{
    private readonly Lock _gate = new();
    private long _open;
    private long _most;
    private long _sessionNs;
    private long _sinceNs;

    public void Opened(long nowNs)
    {
        lock (_gate)
        {
            Pass(nowNs);
            _most = Math.Max(_most, ++_open);
        }
    }

    public void Closed(long nowNs)
    {
        lock (_gate)
        {
            Pass(nowNs);
            _open--;
        }
    }

    /// <summary>From here on the most is counted anew: a trial begins.</summary>
    public void Restart()
    {
        lock (_gate)
        {
            _most = _open;
        }
    }

    /// <summary>What stands, the most since <see cref="Restart"/>, and the time that all sessions have stood up to <paramref name="nowNs"/>, in ns.</summary>
    public (long Open, long Most, long SessionNs) Read(long nowNs)
    {
        lock (_gate)
        {
            return (_open, _most, _sessionNs + (_open * Math.Max(0, nowNs - _sinceNs)));
        }
    }

    private void Pass(long nowNs)
    {
        if (nowNs <= _sinceNs) return;
        _sessionNs += _open * (nowNs - _sinceNs);
        _sinceNs = nowNs;
    }
}
