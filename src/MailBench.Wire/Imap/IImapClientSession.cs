namespace MailBench.Wire.Imap;

/// <summary>What an IMAP client machine tells its owner. Spans hold only during the call.</summary>
public interface IImapClientSession
{
    /// <summary>The server's greeting; not <paramref name="ok"/>: it turns the client away.</summary>
    void OnGreeting(bool ok, ReadOnlySpan<byte> text);

    /// <summary>
    /// A line of an untagged response, without its <c>* </c>, CRLF and literal's head: the response's beginning, or (<paramref name="goesOn"/>) what follows a literal of it.
    /// </summary>
    void OnUntagged(ReadOnlySpan<byte> text, bool goesOn);

    /// <summary>Octets of a literal in the untagged response whose line came last, in pieces of any size.</summary>
    void OnLiteral(ReadOnlySpan<byte> octets);

    /// <summary>The literal is whole.</summary>
    void OnLiteralEnd();

    /// <summary>The server waits for what the client has to say: in IDLE, or for a literal.</summary>
    void OnContinuation();

    /// <summary>A command's answer, in the order in which the server gave it.</summary>
    void OnTagged(ImapVerb verb, ImapStatus status, ReadOnlySpan<byte> text);
}
