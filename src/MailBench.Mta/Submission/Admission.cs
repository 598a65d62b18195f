using MailBench.Model.Options;
using MailBench.Mta.Queue;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Submission;

/// <summary>What new mail would be added to: recipients queued or on their way there, octets of content in memory, octets waiting for the queue's disk.</summary>
internal readonly record struct MailLoad(long Recipients, long ContentBytes, long WritingBytes);

/// <summary>
/// Whether new mail is taken. What has begun may end, so new mail is refused (452, at MAIL: before its content has cost anything) a while before a limit is reached, and taken again only when the load has
/// fallen well below: near its limit an MTA would else say yes and no by turns, and finish little. Pure, but for what it tells people.
/// </summary>
internal sealed class Admission(MtaSettings settings, Action<string> complain)
{
    private const long SilenceNs = 60_000_000_000;
    private static readonly long MostWritingBytes = new QueueSettings().MaxPendingBytes;

    private readonly Mark _recipients = new(settings.MaxQueuedRecipients, settings.MaxQueuedRecipients - Math.Max(1, settings.MaxQueuedRecipients / 16), SubmissionReplies.QueueFull, "recipients are queued");
    private readonly Mark _content = new(settings.ReceiveMemory.Bytes / 8 * 7, settings.ReceiveMemory.Bytes / 4 * 3, SubmissionReplies.NoMemory, "octets of content are in memory");
    private readonly Mark _writing = new(MostWritingBytes / 4 * 3, MostWritingBytes / 2, SubmissionReplies.QueueBusy, "octets wait for the queue's disk");
    private long _saidNs = long.MinValue;

    /// <summary>How often new mail came to be refused.</summary>
    public long Closings { get; private set; }

    /// <summary>The reply to MAIL, or null when mail is welcome.</summary>
    public SmtpReply? Refuses(in MailLoad load, long nowNs) =>
        Refuses(_recipients, load.Recipients, nowNs) ?? Refuses(_content, load.ContentBytes, nowNs) ?? Refuses(_writing, load.WritingBytes, nowNs);

    private SmtpReply? Refuses(Mark mark, long level, long nowNs)
    {
        var closed = level >= (mark.Closed ? mark.OpensBelow : mark.ClosesAt);
        if (closed != mark.Closed)
        {
            mark.Closed = closed;
            if (closed) Closings++;
            Tell(mark, level, nowNs);
        }

        return closed ? mark.Refusal : null;
    }

    /// <summary>Not more than once a minute, and the end of what was told: an MTA that is full for long opens and closes all the time.</summary>
    private void Tell(Mark mark, long level, long nowNs)
    {
        if (!mark.Closed && mark.Told)
        {
            mark.Told = false;
            complain($"new mail is taken again: {level} {mark.Words}");
        }
        else if (mark.Closed && (_saidNs == long.MinValue || nowNs - _saidNs >= SilenceNs))
        {
            mark.Told = true;
            _saidNs = nowNs;
            complain($"new mail is answered {mark.Refusal.Code} until there are fewer than {mark.OpensBelow}: {level} {mark.Words}");
        }
    }

    private sealed class Mark(long closesAt, long opensBelow, SmtpReply refusal, string words)
    {
        public long ClosesAt { get; } = closesAt;

        /// <summary>At least 1, or what closed once would stay so.</summary>
        public long OpensBelow { get; } = Math.Max(1, opensBelow);
        public SmtpReply Refusal { get; } = refusal;
        public string Words { get; } = words;
        public bool Closed { get; set; }
        public bool Told { get; set; }
    }
}
