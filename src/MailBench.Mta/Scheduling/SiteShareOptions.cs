using MailBench.Mta.Batching;

namespace MailBench.Mta.Scheduling;

/// <summary>How delivery's hands are shared out among sites.</summary>
public sealed record SiteShareOptions
{
    /// <summary>Recipients in hand at most, all sites together: enough to batch over many messages, bounded whatever the queue holds.</summary>
    public int MaxInHand { get; init; } = 100_000;

    /// <summary>A site's share before it has answered anything: many transactions' worth, a hundredth of all.</summary>
    public int FirstWindow { get; init; } = 1_000;

    /// <summary>The largest share of one site: a quarter, so that three quarters are always others' who answer.</summary>
    public int MaxWindow { get; init; } = 25_000;

    /// <summary>How long a site that could not be reached is left alone, doubled with each failure up to the longest.</summary>
    public long FirstPauseNs { get; init; } = 1_000_000_000;
    public long MaxPauseNs { get; init; } = 5_000_000_000;

    /// <summary>
    /// How long a recipient stays behind its site's failures at most: then it has its attempt, so that its state says what is wrong and its lifetime is looked at.
    /// </summary>
    public long MaxParkedNs { get; init; } = 3_600_000_000_000;

    /// <summary>Sites that are remembered for failing at most; recipients of further ones follow their own schedule alone.</summary>
    public int MaxFailing { get; init; } = 100_000;

    /// <summary>In step with what delivery remembers of hosts: when a pause is over, a host is tried again.</summary>
    public static SiteShareOptions From(BatchingOptions batching, long maxRetryNs) =>
        new() { FirstPauseNs = batching.DeadHostFirstNs, MaxPauseNs = batching.DeadHostMaxNs, MaxParkedNs = maxRetryNs };
}
