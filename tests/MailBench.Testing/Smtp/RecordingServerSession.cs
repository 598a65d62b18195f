using System.Text;
using MailBench.Wire.Smtp;

namespace MailBench.Testing.Smtp;

/// <summary>An owner of a server machine that writes down its calls, contents in pieces put together, and answers as told.</summary>
public sealed class RecordingServerSession : ISmtpServerSession
{
    private readonly List<byte> _content = [];
    private readonly List<string> _calls = [];

    /// <summary>The reply for a call as written down (<c>rcpt a@b.test</c>); null accepts. Asked for helo, ehlo, mail, rcpt, data.</summary>
    public Func<string, SmtpReply?> Answer { get; init; } = static _ => null;

    /// <summary>The reply to end of data; null leaves it open for Resume.</summary>
    public Func<SmtpReply?> EndAnswer { get; init; } = static () => SmtpReply.Of(250, "2.0.0", "Taken");

    /// <summary>Each message that was taken or offered at end of data.</summary>
    public List<byte[]> Messages { get; } = [];

    public IReadOnlyList<string> Calls
    {
        get
        {
            FlushContent();
            return _calls;
        }
    }

    public SmtpReply? OnHelo(ReadOnlySpan<byte> name, bool extended) => Note($"{(extended ? "ehlo" : "helo")} {Octets.Show(name)}");

    public SmtpReply? OnMail(in MailCommand mail)
    {
        var call = new StringBuilder($"mail {Octets.Show(mail.Path)}");
        if (mail.SizeBytes >= 0) call.Append($" size={mail.SizeBytes}");
        if (mail.Body == BodyKind.EightBitMime) call.Append(" 8bit");
        return Note(call.ToString());
    }

    public SmtpReply? OnRcpt(in RcptCommand rcpt) => Note($"rcpt {Octets.Show(rcpt.Path)}");

    public SmtpReply? OnData() => Note("data");

    public void OnContent(ReadOnlySpan<byte> octets) => _content.AddRange(octets);

    public SmtpReply? OnEndOfData()
    {
        Messages.Add([.. _content]);
        Note("end");
        return EndAnswer();
    }

    public void OnReset() => Note("reset");

    public void OnQuit() => Note("quit");

    private SmtpReply? Note(string call)
    {
        FlushContent();
        _calls.Add(call);
        return Answer(call);
    }

    private void FlushContent()
    {
        if (_content.Count > 0) _calls.Add($"content {Octets.Show([.. _content])}");
        _content.Clear();
    }
}
