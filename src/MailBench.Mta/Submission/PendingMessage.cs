using MailBench.Mta.Queue;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Submission;

/// <summary>
/// A message from the end of data until the queue's answer is told, with all that must stay until then. Its stage uses it again and again, so that a message costs what is kept of it and nothing else.
/// </summary>
internal sealed class PendingMessage
{
    private readonly List<byte[]> _recipients = [];
    private ContentBuffer? _content;

    /// <param name="answered">Told on the thread of the queue that answers.</param>
    public PendingMessage(Action<PendingMessage> answered) => Committed = (entry, error) =>
    {
        (Entry, Error) = (entry, error);
        answered(this);
    };

    public SubmissionSession Session { get; private set; } = null!;
    public NewMessage Message { get; private set; }
    public int Recipients => _recipients.Count;

    /// <summary>As received: without the trace header.</summary>
    public long ContentBytes { get; private set; }

    /// <summary>The queue's answer: the one or the other. Written on the committer's thread, read on the loop.</summary>
    public QueueEntry? Entry { get; private set; }
    public Exception? Error { get; private set; }

    /// <summary>For <see cref="MessageQueue.Enqueue"/>.</summary>
    public Action<QueueEntry?, Exception?> Committed { get; }

    /// <param name="recipients">Copied.</param>
    /// <param name="content">Owned from here on, the trace header in front.</param>
    public void Begin(SubmissionSession session, QueueId id, byte[] reversePath, List<byte[]> recipients, ContentBuffer content, int traceBytes, BodyKind body)
    {
        Session = session;
        _recipients.AddRange(recipients);
        _content = content;
        ContentBytes = content.Length - traceBytes;
        Message = new NewMessage { Id = id, ReversePath = reversePath, Recipients = _recipients, Content = content, Body = body };
    }

    /// <summary>The content stays in memory for the delivery, if there is room; else its memory is given back.</summary>
    public void End()
    {
        if (Entry is { } entry && _content!.TryKeep()) entry.Keep(_content);
        else _content!.Dispose();
        _content = null;
        _recipients.Clear();
        (Session, Message, Entry, Error) = (null!, default, null, null);
    }
}
