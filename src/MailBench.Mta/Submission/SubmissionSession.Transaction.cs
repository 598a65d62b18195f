using MailBench.Mta.Policy;
using MailBench.Mta.Queue;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Submission;

/// <summary>The transaction that is open: envelope, content, and the answer to the end of data.</summary>
internal sealed partial class SubmissionSession : ISmtpServerSession
{
    private readonly List<byte[]> _recipients = [];
    private byte[] _trace = [];
    private byte[] _reversePath = [];
    private BodyKind _body;
    private ContentBuffer? _content;
    private HopCounter _hops;
    private QueueId _id;
    private int _traceBytes;

    public SmtpReply? OnHelo(ReadOnlySpan<byte> name, bool extended)
    {
        _trace = TraceHeader.Begin(name, extended, _connection!.RemoteEndPoint.Address, stage.Options.HostName);
        return null;
    }

    public SmtpReply? OnMail(in MailCommand mail)
    {
        if (stage.RefusesMail() is { } refusal) return refusal;
        if (mail.SizeBytes > 0 && !stage.Blocks.Received.Has(mail.SizeBytes)) return SubmissionReplies.NoMemory;
        _reversePath = mail.Path.ToArray();
        _body = mail.Body;
        return null;
    }

    public SmtpReply? OnRcpt(in RcptCommand rcpt)
    {
        var query = new RecipientQuery { Client = _connection!.RemoteEndPoint.Address, ReversePath = _reversePath, Recipient = rcpt.Path };
        var toPostmaster = stage.Postmaster.AddressFor(rcpt.Path);
        if (toPostmaster is null && stage.Policy.Refuses(query) is { } refusal) return refusal;
        if (stage.IsQueueFull) return SubmissionReplies.QueueFull;
        _recipients.Add(toPostmaster ?? rcpt.Path.ToArray());
        stage.RecipientsInFlight++;
        return null;
    }

    public SmtpReply? OnData()
    {
        _id = stage.Queue.ReserveId();
        _hops = default;
        _content = stage.Blocks.Rent();
        var trace = stage.Trace.Complete(_trace, _id);
        _traceBytes = trace.Length;
        Add(trace);
        return null;
    }

    public void OnContent(ReadOnlySpan<byte> octets)
    {
        if (_content is null) return;
        _hops.Add(octets);
        Add(octets);
    }

    public SmtpReply? OnEndOfData()
    {
        var refusal = _content is null ? SubmissionReplies.NoMemory : _hops.Hops > stage.Options.Settings.MaxHops ? SubmissionReplies.Loop(_hops.Hops) : null;
        if (refusal is not null)
        {
            DropTransaction();
            return refusal;
        }

        var pending = stage.RentPending();
        pending.Begin(this, _id, _reversePath, _recipients, _content!, _traceBytes, _body);
        stage.Enqueue(pending);

        // The pending message owns the content and the recipients' share of the limit.
        _content = null;
        _recipients.Clear();
        return null;
    }

    public void OnReset() => DropTransaction();

    public void OnQuit() => DropTransaction();

    /// <summary>Where memory ends the content is given up: its rest must be read before the refusal can be given, and nothing of it is kept.</summary>
    private void Add(ReadOnlySpan<byte> octets)
    {
        if (_content!.TryAdd(octets)) return;
        DropContent();
    }

    private void DropTransaction()
    {
        stage.RecipientsInFlight -= _recipients.Count;
        _recipients.Clear();
        DropContent();
    }

    private void DropContent()
    {
        _content?.Dispose();
        _content = null;
    }
}
