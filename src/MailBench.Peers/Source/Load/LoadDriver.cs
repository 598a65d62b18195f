using MailBench.Peers.Source.Arrivals;

namespace MailBench.Peers.Source.Load;

/// <summary>Decides when the next message is offered: one per load model. On the loop only.</summary>
internal abstract class LoadDriver
{
    /// <summary>Raised once, when the load offers nothing more by itself (count, duration or the schedule's end).</summary>
    public Action? Ended { get; set; }

    public abstract void Start(long startNs);

    /// <summary>Offers nothing any more; does not raise <see cref="Ended"/>.</summary>
    public abstract void Stop();

    /// <summary>An offered message came to its end; called once for each.</summary>
    public virtual void MessageEnded(MessageEnd end) { }

    /// <summary>A session may be free.</summary>
    public virtual void SessionAvailable() { }

    /// <summary>So many recipients left the system.</summary>
    public virtual void Credit(long recipients) { }
}
