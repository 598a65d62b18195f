namespace MailBench.Mta.Queue;

/// <summary>Why a message was not queued.</summary>
public enum QueueRefusal
{
    /// <summary>More is waiting for the disk than is allowed: try again soon (452).</summary>
    Busy,

    /// <summary>No space (452).</summary>
    DiskFull,

    /// <summary>The disk failed or is read-only (451).</summary>
    DiskFailed,

    /// <summary>Larger than the queue takes at all (552).</summary>
    TooLarge,

    /// <summary>The queue is being closed (421).</summary>
    Closed,
}

/// <summary>The error value of <see cref="MessageQueue.Enqueue"/>: nothing of the message is kept.</summary>
public sealed class QueueRefusedException(QueueRefusal refusal, string message, Exception? inner = null) : IOException(message, inner)
{
    public QueueRefusal Refusal { get; } = refusal;
}
