using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Mta.Queue;

namespace MailBench.Mta.Scheduling;

/// <summary>
/// When a deferred recipient is tried again (RFC 5321 §4.5.4.1). The n-th wait is First·2ⁿ, at most Max. On top comes a jitter of up to an eighth of the
/// wait that depends on seed, message and attempt alone: recipients of one message that were deferred together become due together and share a
/// transaction again, while different messages spread out. Jitter only adds: a retry is never early. Pure.
/// </summary>
public sealed class RetrySchedule
{
    /// <summary>Due times are rounded up to, and spread over, this share of the wait each.</summary>
    private const int Grain = 16;

    private readonly long _firstNs;
    private readonly long _maxNs;
    private readonly long _lifetimeNs;
    private readonly ulong _seed;

    /// <summary>Throws <see cref="ArgumentOutOfRangeException"/> unless 0 &lt; First ≤ Max and Lifetime &gt; 0.</summary>
    public RetrySchedule(RetrySettings settings, ulong seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(settings.First, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.Max, settings.First);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(settings.Lifetime, TimeSpan.Zero);
        _firstNs = settings.First.ToNs();
        _maxNs = settings.Max.ToNs();
        _lifetimeNs = settings.Lifetime.ToNs();
        _seed = seed;
    }

    /// <summary>
    /// When a recipient that has just been deferred is due again, in ns of the caller's clock. <paramref name="attempts"/> counts those made so far, the
    /// last one included (1 after the first); <paramref name="ageNs"/> is the time since the message was accepted. False: its lifetime is over, give up.
    /// </summary>
    public bool TryNext(QueueId message, int attempts, long ageNs, long nowNs, out long dueNs)
    {
        dueNs = 0;
        if (ageNs >= _lifetimeNs) return false;
        var waitNs = WaitNs(attempts);
        var grainNs = Math.Max(1, waitNs / Grain);
        var earliest = nowNs + waitNs;
        dueNs = ((earliest + grainNs - 1) / grainNs * grainNs) + (long)(Mix(_seed, (ulong)message.Value, (ulong)attempts) % (ulong)grainNs);
        return true;
    }

    /// <summary>The wait after so many attempts without its jitter, in ns.</summary>
    public long WaitNs(int attempts)
    {
        var doublings = Math.Max(0, attempts - 1);
        return doublings >= 62 || _firstNs > _maxNs >> doublings ? _maxNs : _firstNs << doublings;
    }

    /// <summary>SplitMix64's finaliser: consecutive numbers become unrelated ones.</summary>
    private static ulong Mix(ulong seed, ulong message, ulong attempt)
    {
        var x = seed + (message * 0x9E3779B97F4A7C15UL) + (attempt * 0xD1B54A32D192ED03UL);
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9UL;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBUL;
        return x ^ (x >> 31);
    }
}
