namespace MailBench.Wire.Smtp;

/// <summary>The phases whose end a client machine reports. A pipelined envelope is one phase.</summary>
public enum ClientPhase { Greeting, Ehlo, Mail, Rcpt, Data, Envelope, EndOfData, Reset, Quit }

/// <summary>What a client machine tells its owner, in the order of the dialogue.</summary>
public interface ISmtpClientSession
{
    /// <summary>All replies of the phase have been read (one round trip); a pipelined envelope, MAIL … DATA, is one.</summary>
    void OnPhase(ClientPhase phase, SmtpReply last);

    /// <summary>Greeting and EHLO (or HELO) are done: a transaction may begin.</summary>
    void OnReady(SmtpCapabilities capabilities);
    void OnMailReply(SmtpReply reply);
    void OnRecipientReply(int index, SmtpReply reply);

    /// <summary>354 with at least one accepted recipient: write content with a <see cref="ContentStuffer"/> to the connection, finish it, then call <see cref="SmtpClientMachine.ContentSent"/>.</summary>
    void OnContentWanted();

    /// <summary>
    /// The transaction has ended and the session is ready for another (unless <see cref="SmtpClientMachine.ShouldClose"/>). <paramref name="reply"/>: the final reply after end
    /// of data; or, when it never came to content, the reply that ended it (MAIL refused, no recipient accepted, DATA refused), then <paramref name="contentSent"/> is false.
    /// </summary>
    void OnTransactionEnded(SmtpReply reply, bool contentSent);

    /// <summary>The session is over for a reason the server gave: greeting or EHLO refused, 421, or replies that are no SMTP. Open recipients have no fate yet.</summary>
    void OnSessionRefused(SmtpReply reply);
}
