using MailBench.Mta.Policy;
using MailBench.Mta.Queue;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Submission;

/// <summary>The transaction that is open: envelope, content, and the answer to the end of data.</summary>
internal sealed partial class SubmissionSession : ISmtpServerSession
{
    private readonly List<byte[]> _recipients = [];
    private byte[] _heloName = [];
    private bool _extended;
    private byte[] _reversePath = [];
    private BodyKind _body;
    private ContentBuffer? _content;
    private HopCounter _hops;
    private bool _outOfMemory;

    public SmtpReply? OnHelo(ReadOnlySpan<byte> name, bool extended)
    {
        _heloName = name.ToArray();
        _extended = extended;
        return null;
    }

    public SmtpReply? OnMail(in MailCommand mail)
    {
        if (stage.IsQueueFull) return SubmissionReplies.QueueFull;
        if (mail.SizeBytes > 0 && !stage.Budget.Has(mail.SizeBytes)) return SubmissionReplies.NoMemory;
        _reversePath = mail.Path.ToArray();
        _body = mail.Body;
        return null;
    }

    public SmtpReply? OnRcpt(in RcptCommand rcpt)
    {
        var query = new RecipientQuery { Client = _connection!.RemoteEndPoint.Address, ReversePath = _reversePath, Recipient = rcpt.Path };
        if (stage.Policy.Refuses(query) is { } refusal) return refusal;
        if (stage.IsQueueFull) return SubmissionReplies.QueueFull;
        _recipients.Add(rcpt.Path.ToArray());
        stage.RecipientsInFlight++;
        return null;
    }

    public SmtpReply? OnData()
    {
        _content = new ContentBuffer(stage.Budget);
        _hops = default;
        _outOfMemory = false;
        return null;
    }

    public void OnContent(ReadOnlySpan<byte> octets)
    {
        if (_outOfMemory || _content is null) return;
        _hops.Add(octets);
        if (_content.TryAdd(octets)) return;

        // The rest must be read to its end before the refusal can be given: nothing of it is kept.
        _outOfMemory = true;
        _content.Dispose();
    }

    public SmtpReply? OnEndOfData()
    {
        var refusal = _outOfMemory ? SubmissionReplies.NoMemory : _hops.Hops > stage.Options.Settings.MaxHops ? SubmissionReplies.Loop(_hops.Hops) : null;
        if (refusal is not null)
        {
            DropTransaction();
            return refusal;
        }

        var id = stage.Queue.ReserveId();
        var trace = TraceHeader.Compose(_heloName, _extended, _connection!.RemoteEndPoint.Address, stage.Options.HostName, id, stage.Time.GetUtcNow());
        var message = new NewMessage { Id = id, ReversePath = _reversePath, Recipients = [.. _recipients], Content = _content!.After(trace), Body = _body };
        stage.Enqueue(new PendingMessage(this, message, _content));

        // From here the pending message owns the pieces and the recipients' share of the limit.
        _content = null;
        _recipients.Clear();
        return null;
    }

    public void OnReset() => DropTransaction();

    public void OnQuit() => DropTransaction();

    private void DropTransaction()
    {
        stage.RecipientsInFlight -= _recipients.Count;
        _recipients.Clear();
        _content?.Dispose();
        _content = null;
    }
}
