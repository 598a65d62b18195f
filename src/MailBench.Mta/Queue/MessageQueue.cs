namespace MailBench.Mta.Queue;

/// <summary>
/// The durable queue over one or several directories (class <c>synced</c>). Enqueue and Record may be called from the MTA's loop only; a committer thread per device writes
/// and syncs groups. Content is read with <see cref="ReadContent"/> from any thread.
/// </summary>
public abstract class MessageQueue : IAsyncDisposable
{
    /// <summary>What was found at start: entries with at least one waiting recipient, oldest first.</summary>
    public abstract IReadOnlyList<QueueEntry> Recovered { get; }

    /// <summary>
    /// Reserves an id, so that a trace header can name it before the message is enqueued (<see cref="NewMessage.Id"/>). On the MTA's loop only. Unique over restarts,
    /// also after the queue has been empty; one that is never used is simply skipped.
    /// </summary>
    public abstract QueueId ReserveId();

    /// <summary>
    /// Queues a message durably. <paramref name="committed"/> runs on the committer's thread, with the entry once content, envelope and directory are on stable
    /// storage (the instant of commitment), or with the error (disk full, EIO), in which case nothing of the message is kept. Never throws for I/O.
    /// </summary>
    public abstract void Enqueue(NewMessage message, Action<QueueEntry?, Exception?> committed);

    /// <summary>
    /// Writes the recipient's present state (State, Attempts, NextAttemptUnixMs, Reason) with the next group; not waited for: after a crash it may be missing, which costs a
    /// duplicate, never a loss. When no recipient is left waiting, the entry's space is given back. An <paramref name="durable"/> callback runs once it is synced.
    /// </summary>
    public abstract void Record(QueueEntry entry, int recipient, Action? durable = null);

    /// <summary>Reads content at an offset; returns the octets read, 0 at the end. Throws <see cref="IOException"/> when the content cannot be read.</summary>
    public abstract int ReadContent(QueueEntry entry, long offset, Span<byte> target);

    public abstract long Syncs { get; }
    public abstract long SyncBusyNs { get; }
    public abstract long BytesWritten { get; }

    /// <summary>Commits what was given, releases the directories' locks.</summary>
    public abstract ValueTask DisposeAsync();
}
