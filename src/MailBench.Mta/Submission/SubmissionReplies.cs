using MailBench.Mta.Queue;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Submission;

/// <summary>The replies that submission decides itself, each encoded once. The machine has its own for syntax, order and limits of the protocol.</summary>
internal static class SubmissionReplies
{
    public static readonly SmtpReply TooManySessions = SmtpReply.Of(421, "4.3.2", "Too many sessions, try again later");
    public static readonly SmtpReply TooManyOfClient = SmtpReply.Of(421, "4.7.0", "Too many sessions from your address, try again later");
    public static readonly SmtpReply Stopping = SmtpReply.Of(421, "4.3.2", "Shutting down, try again later");
    public static readonly SmtpReply Idle = SmtpReply.Of(421, "4.4.2", "Idle for too long, closing");
    public static readonly SmtpReply NoMemory = SmtpReply.Of(452, "4.3.1", "Too much mail is being received at once, try again later");
    public static readonly SmtpReply QueueFull = SmtpReply.Of(452, "4.3.1", "The queue holds as many recipients as it may, try again later");
    public static readonly SmtpReply DiskFull = SmtpReply.Of(452, "4.3.1", "The queue's disk is full, try again later");
    public static readonly SmtpReply QueueError = SmtpReply.Of(451, "4.3.0", "The queue could not store the message, try again later");

    public static readonly SmtpReply QueueBusy = SmtpReply.Of(452, "4.3.1", "Too much mail waits for the queue's disk, try again later");
    public static readonly SmtpReply TooLarge = SmtpReply.Of(552, "5.3.4", "Message is larger than the queue takes");

    public static int MaxQueuedBytes => QueuedAs.Length + QueueId.MaxLength + 2;

    private static ReadOnlySpan<byte> QueuedAs => "250 2.0.0 Ok: queued as "u8;

    /// <summary>The reply to a message that is queued, on the wire; returns its octets.</summary>
    public static int WriteQueued(QueueId id, Span<byte> target)
    {
        QueuedAs.CopyTo(target);
        var used = QueuedAs.Length + id.Format(target[QueuedAs.Length..]);
        "\r\n"u8.CopyTo(target[used..]);
        return used + 2;
    }

    public static SmtpReply Loop(int hops) => SmtpReply.Of(554, "5.4.6", $"Mail loop: {hops} Received fields");

    /// <summary>Why the queue did not take the message.</summary>
    public static SmtpReply For(Exception error) => error is QueueRefusedException refused ? For(refused.Refusal) : QueueError;

    public static SmtpReply For(QueueRefusal refusal) => refusal switch
    {
        QueueRefusal.Busy => QueueBusy,
        QueueRefusal.DiskFull => DiskFull,
        QueueRefusal.TooLarge => TooLarge,
        QueueRefusal.Closed => Stopping,
        _ => QueueError,
    };
}
