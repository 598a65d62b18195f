using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Mta.Queue.Disk;
using MailBench.Mta.Queue.Files;
using MailBench.Mta.Queue.Segments;

namespace MailBench.Mta.Queue;

/// <summary>
/// The queue over one or several directories, of the durability class that its settings name: "durable" below means that. Enqueue and Record may be called from the MTA's loop only; a committer thread per device writes
/// and syncs groups. Content is read with <see cref="ReadContent"/> from any thread.
/// </summary>
public abstract class MessageQueue : IAsyncDisposable
{
    /// <summary>
    /// Opens the queue over its directories, which are made when missing and locked: directories on one device share a committer. What is waiting is in <see cref="Recovered"/>.
    /// Throws <see cref="NodeRefusedException"/> when another process has a directory, the disk is full, a permission is missing, or the files are of an unknown version.
    /// </summary>
    /// <param name="damaged">Told, before this returns or from a committer's thread, of each stretch of a file that is damaged and passed over.</param>
    public static MessageQueue Open(IReadOnlyList<string> directories, TimeProvider time, Action<QueueDamage>? damaged = null, QueueSettings? settings = null)
    {
        settings ??= new QueueSettings();
        MessageQueue written = (settings.Backend ?? QueueInspection.BackendOf(directories[0])) == QueueBackend.Files
            ? new FileQueue(directories, new RealDisk(), time, settings, damaged, threads: true)
            : new SegmentQueue(directories, new RealDisk(), time, settings, damaged, threads: true);
        return settings.Durability == Durability.None ? new MemoryFirstQueue(written, settings.MaxPendingBytes, time) : written;
    }

    /// <summary>What was found at start: entries with at least one waiting recipient, oldest first, each read when its turn comes. Before anything else is asked of the queue.</summary>
    public abstract IEnumerable<QueueEntry> Recovered { get; }

    /// <summary>The same, without reading a message: what is needed to plan attempts.</summary>
    public virtual IEnumerable<RecoveredRecipient> RecoveredRecipients => Recovered.SelectMany(RecipientsOf);

    /// <summary>
    /// Whether an entry, all of whose states have been given to <see cref="Record"/>, may be forgotten, to be read again by <see cref="Load"/> with the number that is returned. Valid until no
    /// recipient waits any more.
    /// </summary>
    public virtual bool TryRest(QueueEntry entry, out int place)
    {
        place = 0;
        return false;
    }

    /// <summary>Reads a resting message. Throws <see cref="IOException"/> when it cannot be read.</summary>
    public virtual QueueEntry Load(int place) => throw new NotSupportedException("Entries of this queue do not rest.");

    /// <summary>
    /// Reserves an id, so that a trace header can name it before the message is enqueued (<see cref="NewMessage.Id"/>). On the MTA's loop only. Unique over restarts,
    /// also after the queue has been empty; one that is never used is simply skipped.
    /// </summary>
    public abstract QueueId ReserveId();

    /// <summary>
    /// Queues a message durably. <paramref name="committed"/> runs on the committer's thread, with the entry once content, envelope and directory are on stable
    /// storage (class <c>synced</c>) or written (<c>os</c>): the instant of commitment; in class <c>none</c> on the caller's thread, before this returns. Or it runs with a <see cref="QueueRefusedException"/> (too much waiting, disk full, EIO), in which case nothing of the message is kept. A message
    /// that is refused at once, since too much is waiting, is answered on the caller's thread before this returns. Never throws for I/O; the callback must
    /// not throw.
    /// </summary>
    public abstract void Enqueue(NewMessage message, Action<QueueEntry?, Exception?> committed);

    /// <summary>
    /// Writes the recipient's present state (State, Attempts, NextAttemptUnixMs, Reason) with the next group; not waited for: after a crash it may be missing, which costs a
    /// duplicate, never a loss. When no recipient is left waiting, the entry's space is given back. An <paramref name="durable"/> callback runs once it is synced.
    /// </summary>
    public abstract void Record(QueueEntry entry, int recipient, Action? durable = null);

    /// <summary>Reads content of an entry with a waiting recipient at an offset; returns the octets read, 0 at the end. Throws <see cref="IOException"/> when the content cannot be read.</summary>
    public abstract int ReadContent(QueueEntry entry, long offset, Span<byte> target);

    /// <summary>Why every message would be refused at present, as far as is known without trying the disk; null: it is not known to be.</summary>
    public virtual QueueRefusal? Refusing => null;

    public abstract long Syncs { get; }
    public abstract long SyncBusyNs { get; }
    public abstract long BytesWritten { get; }

    private static IEnumerable<RecoveredRecipient> RecipientsOf(QueueEntry entry) => entry.Recipients.Select((recipient, index) => (recipient, index))
        .Where(found => found.recipient.State == RecipientState.Waiting)
        .Select(found => new RecoveredRecipient(entry, 0, entry.Id, entry.ReversePath.Length == 0, found.index, DomainKey.Of(found.recipient.Address), found.recipient.NextAttemptUnixMs));

    /// <summary>Commits what was given, releases the directories' locks.</summary>
    public abstract ValueTask DisposeAsync();
}
