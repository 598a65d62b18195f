namespace MailBench.Wire.Smtp;

/// <summary>The phases whose end a client machine reports. A pipelined envelope is one phase.</summary>
public enum ClientPhase { Greeting, Ehlo, Mail, Rcpt, Data, Envelope, EndOfData, Reset, Quit }

/// <summary>
/// What a client machine tells its owner, in the order of the dialogue. Replies and ends are those of the oldest transaction that has not ended; where the next envelope was
/// sent ahead (<see cref="SmtpClientMachine.CanBegin"/>), that transaction becomes the oldest with <see cref="OnTransactionEnded"/>.
/// </summary>
public interface ISmtpClientSession
{
    /// <summary>All replies of the phase have been read (one round trip); a pipelined envelope, MAIL … DATA, is one.</summary>
    void OnPhase(ClientPhase phase, SmtpReply last);

    /// <summary>Greeting and EHLO (or HELO) are done: a transaction may begin.</summary>
    void OnReady(SmtpCapabilities capabilities);
    void OnMailReply(SmtpReply reply);
    void OnRecipientReply(int index, SmtpReply reply);

    /// <summary>
    /// A recipient is accepted and content may go. Write it with a <see cref="ContentStuffer"/> to the connection and finish it; or, where <see cref="SmtpClientMachine.IsChunked"/>,
    /// call <see cref="SmtpClientMachine.BeginChunk"/> and write exactly so many octets as they are. Then call <see cref="SmtpClientMachine.ContentSent"/>.
    /// </summary>
    void OnContentWanted();

    /// <summary>
    /// The transaction has ended and the session is ready for another (unless <see cref="SmtpClientMachine.ShouldClose"/>, or the next is under way). <paramref name="reply"/>: the final reply after end
    /// of data; or, when it never came to content, the reply that ended it (MAIL refused, no recipient accepted, DATA refused), then <paramref name="contentSent"/> is false.
    /// </summary>
    void OnTransactionEnded(SmtpReply reply, bool contentSent);

    /// <summary>The session is over for a reason the server gave: greeting or EHLO refused, 421, or replies that are no SMTP. Open recipients have no fate yet.</summary>
    void OnSessionRefused(SmtpReply reply);
}
