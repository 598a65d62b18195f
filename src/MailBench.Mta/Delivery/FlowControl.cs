using MailBench.Model.Units;

namespace MailBench.Mta.Delivery;

/// <summary>
/// Keeps acceptance from starving delivery, by the time that recipients had waited for a session when their transaction began. While that is within patience, acceptance takes
/// what it can; at n times the patience it may take 1/n of the loop's time, and never less than <see cref="LeastShare"/>, so that mail for others comes in whatever one site does.
/// The wait, unlike a count of what is queued, does not hold a dead or slow site against the others: who is not served does not count. Pure.
/// </summary>
internal sealed class FlowControl(TimeSpan patience)
{
    public const double LeastShare = 1.0 / 8;

    /// <summary>How often the share is set anew, and the half-life of a wait that no later one bears out.</summary>
    private const long StepNs = 20_000_000, HalfLifeNs = 200_000_000;

    private readonly long _patienceNs = patience.ToNs();
    private readonly long _longestNs = (long)(patience.ToNs() / LeastShare);
    private double _sumNs;
    private double _recipients;
    private double _waitNs;
    private long _atNs;

    /// <summary>Of the loop's time, as of the last <see cref="Step"/>.</summary>
    public double Share { get; private set; } = 1;

    /// <summary>A transaction begins with so many recipients, of which the first waited so long.</summary>
    public void Began(long waitNs, int recipients)
    {
        // One that waited for ever says no more than that it was long: else a few of a slow site would outweigh all others.
        _sumNs += (double)Math.Min(waitNs, _longestNs) * recipients;
        _recipients += recipients;
    }

    /// <summary>Looks again, if it is time.</summary>
    public void Step(long nowNs)
    {
        if (_patienceNs == 0 || nowNs - _atNs < StepNs) return;
        var kept = Math.Pow(0.5, (double)(nowNs - _atNs) / HalfLifeNs);
        _waitNs = (_waitNs * kept) + (_recipients > 0 ? _sumNs / _recipients * (1 - kept) : 0);
        _atNs = nowNs;
        _sumNs = _recipients = 0;
        Share = Math.Clamp(_patienceNs / Math.Max(_waitNs, 1), LeastShare, 1);
    }
}
