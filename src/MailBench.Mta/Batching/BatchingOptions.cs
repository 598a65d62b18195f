using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Mta.Batching;

/// <summary>How recipients are gathered, and the limits of what is open at once.</summary>
public sealed record BatchingOptions
{
    public DeliveryStrategy Strategy { get; init; } = DeliveryStrategy.PerMxHost;
    public SessionReuse Reuse { get; init; } = SessionReuse.AcrossMessages;
    public int SessionsPerSite { get; init; } = 4;
    public int SessionsOut { get; init; } = 200;
    public int RecipientsPerTransaction { get; init; } = 100;

    /// <summary>Transactions of one session before it is closed.</summary>
    public int TransactionsPerSession { get; init; } = 1000;

    /// <summary>While other sites wait for a slot under <see cref="SessionsOut"/>, a session gives its own up after so many transactions: enough to earn back its handshake.</summary>
    public int TransactionsPerTurn { get; init; } = 10;

    /// <summary>How long a host is skipped after its first failure; doubled with each further one.</summary>
    public long DeadHostFirstNs { get; init; } = 1_000_000_000;

    /// <summary>
    /// The longest that a host is skipped. Not above the first retry wait, so that a recipient deferred for a dead host finds it forgotten, and really tries, when it is due again.
    /// </summary>
    public long DeadHostMaxNs { get; init; } = 5_000_000_000;

    /// <summary>No further sessions to a site that has working ones are tried for so long after one could not be had: the site's own limit is reached.</summary>
    public long SitePauseNs { get; init; } = 1_000_000_000;

    /// <summary>How often a recipient goes back to its queue for a broken session before it is deferred.</summary>
    public int MaxReturns { get; init; } = 4;

    public static BatchingOptions From(MtaSettings settings)
    {
        var max = Math.Min(settings.Retry.First.ToNs(), 60_000_000_000);
        return new BatchingOptions
        {
            Strategy = settings.Strategy,
            Reuse = settings.Reuse,
            SessionsPerSite = settings.SessionsPerSite,
            SessionsOut = settings.SessionsOut,
            RecipientsPerTransaction = settings.RecipientsPerTransaction,
            TransactionsPerSession = settings.TransactionsPerSession,
            DeadHostMaxNs = max,
            DeadHostFirstNs = Math.Min(1_000_000_000, max),
        };
    }
}
