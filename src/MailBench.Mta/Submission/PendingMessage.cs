using MailBench.Mta.Queue;

namespace MailBench.Mta.Submission;

/// <summary>A message that the queue has been given and not yet answered, with the pieces that must stay until then.</summary>
internal sealed class PendingMessage(SubmissionSession session, NewMessage message, ContentBuffer content)
{
    public SubmissionSession Session { get; } = session;
    public NewMessage Message { get; } = message;

    /// <summary>As received: without the trace header.</summary>
    public long ContentBytes { get; } = content.Length;

    /// <summary>The queue's answer: the one or the other. Written on the committer's thread, read on the loop.</summary>
    public QueueEntry? Entry { get; set; }
    public Exception? Error { get; set; }

    public void Release() => content.Dispose();
}
