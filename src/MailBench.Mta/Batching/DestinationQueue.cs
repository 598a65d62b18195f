using MailBench.Mta.Routing;

namespace MailBench.Mta.Batching;

/// <summary>
/// What waits for one site (a domain, an MX set or an MX host, as the strategy groups), and the sessions that serve it. Exists only while it has either.
/// </summary>
public sealed class DestinationQueue
{
    internal DestinationQueue(string site, int number)
    {
        Site = site;
        Number = number;
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
    internal bool InRing { get; set; }
    internal bool InAssignable { get; set; }
    internal bool Paused { get; set; }
    internal QueuedMessage? First { get; private set; }
    internal QueuedMessage? Last { get; private set; }

    internal void AddLast(QueuedMessage message)
    {
        message.Previous = Last;
        if (Last is null) First = message;
        else Last.Next = message;
        Last = message;
    }

    internal void AddFirst(QueuedMessage message)
    {
        message.Next = First;
        if (First is null) Last = message;
        else First.Previous = message;
        First = message;
    }

    internal void Remove(QueuedMessage message)
    {
        if (message.Previous is null) First = message.Next;
        else message.Previous.Next = message.Next;
        if (message.Next is null) Last = message.Previous;
        else message.Next.Previous = message.Previous;
    }

    internal void Changed(int recipients, int batches)
    {
        Waiting += recipients;
        WaitingBatches += batches;
    }
}
