namespace MailBench.Wire.Smtp;

/// <summary>
/// What a server machine tells and asks its owner. A returned reply decides; null means: accept with the machine's usual reply. The machine itself
/// enforces the order of commands, limits and syntax, so an owner sees only calls that are in order.
/// </summary>
public interface ISmtpServerSession
{
    SmtpReply? OnHelo(ReadOnlySpan<byte> name, bool extended);
    SmtpReply? OnMail(in MailCommand mail);
    SmtpReply? OnRcpt(in RcptCommand rcpt);

    /// <summary>Before 354.</summary>
    SmtpReply? OnData();

    /// <summary>Content after dot-unstuffing, in order, in pieces of any size; CRLFs as received. Not called any more once the message is doomed (too large, bare LF).</summary>
    void OnContent(ReadOnlySpan<byte> octets);

    /// <summary>The whole content has come and may be accepted. Null: the answer follows by <see cref="SmtpServerMachine.Resume"/> or <see cref="SmtpServerMachine.ResumeAccepted"/>, and input waits until then.</summary>
    SmtpReply? OnEndOfData();

    /// <summary>The open transaction is void (RSET, EHLO, QUIT, doomed content, refusal after DATA); not called after a transaction that ended with a reply of the owner.</summary>
    void OnReset();
    void OnQuit();
}
