using MailBench.Mta.Routing;

namespace MailBench.Mta.Batching;

/// <summary>
/// What waits for one site (a domain, an MX set or an MX host, as the strategy groups), and the sessions that serve it. Exists only while it has either.
/// </summary>
public sealed class DestinationQueue
{
    /// <summary>What a transaction costs beside its recipients, in recipients.</summary>
    private const int TransactionCost = 10;
    private int _ahead;

    internal DestinationQueue(string site, int number, int sessionLimit)
    {
        Site = site;
        Number = number;
        Window = new SessionWindow(sessionLimit);
    }

    /// <summary>The key: domain, MX set or host name.</summary>
    public string Site { get; }

    /// <summary>Recipients waiting, those in transactions not counted.</summary>
    public int Waiting { get; private set; }

    /// <summary>Transactions that these would take.</summary>
    public int WaitingBatches { get; private set; }

    /// <summary>Sessions, those being opened or closed included.</summary>
    public int Sessions { get; internal set; }
    internal int Number { get; }

    /// <summary>Sessions of which the connection or greeting is still to come.</summary>
    internal int Opening { get; set; }

    /// <summary>Sessions that stand and are not about to close.</summary>
    internal int Established { get; set; }

    /// <summary>The newest idle session on top: the one least likely to be stale.</summary>
    internal SiteSession? Idle { get; set; }
    internal int IdleCount { get; set; }

    /// <summary>The newest route that led here: its hosts, or for per-mx-host the one host.</summary>
    internal Route Route { get; set; } = null!;
    internal MxHost Host { get; set; } = null!;
    internal SessionWindow Window;

    internal SitePace Pace { get; set; }
    internal bool InRing { get; set; }
    internal DestinationQueue? RingPrevious { get; set; }
    internal DestinationQueue? RingNext { get; set; }
    internal bool InAssignable { get; set; }
    internal bool Paused { get; set; }

    /// <summary>Messages of which nothing was sent yet, in order of arrival.</summary>
    internal MessageList Fresh;

    /// <summary>Messages of which a part was sent, in turn.</summary>
    internal MessageList Begun;

    /// <summary>The message that was added or added to last; null when it has gone.</summary>
    internal QueuedMessage? Newest { get; set; }

    /// <summary>
    /// The message that the next transaction is cut from. Fresh and begun ones share the sessions alike, measured in recipients and transactions: a message of many transactions
    /// neither keeps single ones waiting for more than one of its own, nor has to wait for all of them; begun ones go in turn.
    /// </summary>
    internal QueuedMessage? Next => (_ahead >= 0 ? Fresh.First : Begun.First) ?? Begun.First ?? Fresh.First;

    internal void Add(QueuedMessage message, bool front)
    {
        message.IsBegun = false;
        if (front) Fresh.AddFirst(message);
        else Fresh.AddLast(message);
    }

    /// <summary>A part of it was sent: others come first now.</summary>
    internal void PutBehind(QueuedMessage message)
    {
        ListOf(message).Remove(message);
        message.IsBegun = true;
        Begun.AddLast(message);
    }

    /// <summary>A transaction of so many of its recipients was cut.</summary>
    internal void Served(QueuedMessage message, int recipients)
    {
        var cost = recipients + TransactionCost;
        // Credit is for those who wait: where only one kind does, none is gathered.
        _ahead = Fresh.First is null || Begun.First is null ? 0 : _ahead + (message.IsBegun ? cost : -cost);
    }

    internal void Remove(QueuedMessage message)
    {
        if (ReferenceEquals(Newest, message)) Newest = null;
        ListOf(message).Remove(message);
    }

    internal void Changed(int recipients, int batches)
    {
        Waiting += recipients;
        WaitingBatches += batches;
    }

    private ref MessageList ListOf(QueuedMessage message)
    {
        if (message.IsBegun) return ref Begun;
        return ref Fresh;
    }
}
