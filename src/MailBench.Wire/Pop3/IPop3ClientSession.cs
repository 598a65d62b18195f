namespace MailBench.Wire.Pop3;

/// <summary>What a POP3 client machine tells its owner, in the order of the commands that were sent. Spans hold only during the call.</summary>
public interface IPop3ClientSession
{
    /// <summary>
    /// The first line of a reply (<see cref="Pop3Verb.Greeting"/>: the server's greeting). The owner may send the next command from here, unless more of this reply follows
    /// (<see cref="Pop3ClientMachine.HasBody"/>).
    /// </summary>
    /// <param name="argument">The number that the command was given, 0: none.</param>
    /// <param name="text">What stands behind <c>+OK</c> or <c>-ERR</c>.</param>
    void OnReply(Pop3Verb verb, int argument, bool ok, ReadOnlySpan<byte> text);

    /// <summary>A line of a listing (CAPA, LIST, UIDL), without CRLF, dot unstuffed.</summary>
    void OnLine(Pop3Verb verb, ReadOnlySpan<byte> line);

    /// <summary>Content of RETR or TOP, dots unstuffed, CRLFs as received, in pieces of any size.</summary>
    void OnContent(int argument, ReadOnlySpan<byte> octets);

    /// <summary>The reply of several lines is whole.</summary>
    void OnEnd(Pop3Verb verb, int argument);
}
