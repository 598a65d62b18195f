using MailBench.Wire.Smtp;

namespace MailBench.Peers.Mailbox;

/// <summary>The replies of the final destination, encoded once.</summary>
internal static class DeliveryReplies
{
    public static readonly SmtpReply Stored = SmtpReply.Of(250, "2.0.0", "Stored");
    public static readonly SmtpReply NoUser = SmtpReply.Of(550, "5.1.1", "No such user here");
    public static readonly SmtpReply NotHere = SmtpReply.Of(550, "5.7.1", "Not for this domain: no relaying");
    public static readonly SmtpReply MailboxFull = SmtpReply.Of(452, "4.2.2", "Mailbox full");
    public static readonly SmtpReply NoSpace = SmtpReply.Of(452, "4.3.1", "The disk is full");
    public static readonly SmtpReply NoMemory = SmtpReply.Of(452, "4.3.1", "Too much mail at once, try again later");
    public static readonly SmtpReply NotStored = SmtpReply.Of(451, "4.3.0", "The message could not be stored");
    public static readonly SmtpReply TooManySessions = SmtpReply.Of(421, "4.3.2", "Too many sessions");
    public static readonly SmtpReply Stopping = SmtpReply.Of(421, "4.3.2", "The server stops");
    public static readonly SmtpReply Idle = SmtpReply.Of(421, "4.4.2", "Silent for too long");
}
