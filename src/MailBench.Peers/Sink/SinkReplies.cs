using MailBench.Wire.Smtp;

namespace MailBench.Peers.Sink;

/// <summary>What a sink says beside the machine's usual replies.</summary>
internal static class SinkReplies
{
    public static readonly SmtpReply Taken = SmtpReply.Of(250, "2.0.0", "Taken");
    public static readonly SmtpReply TooManySessions = SmtpReply.Of(421, "4.3.2", "Too many sessions");
    public static readonly SmtpReply Stopping = SmtpReply.Of(421, "4.3.2", "Closing down");
    public static readonly SmtpReply Idle = SmtpReply.Of(421, "4.4.2", "Idle for too long");
    public static readonly SmtpReply NotSaved = SmtpReply.Of(452, "4.3.1", "The message could not be saved");
}
