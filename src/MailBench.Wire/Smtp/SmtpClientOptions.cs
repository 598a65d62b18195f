namespace MailBench.Wire.Smtp;

public sealed record SmtpClientOptions
{
    /// <summary>The client's name or address literal, said in EHLO.</summary>
    public required string HeloName { get; init; }

    /// <summary>Send MAIL, RCPT and DATA as one group when the server offers PIPELINING (RFC 2920).</summary>
    public bool Pipelining { get; init; } = true;

    /// <summary>
    /// With PIPELINING: the next envelope may be sent right behind the end of a content, before that content's reply (RFC 2920 §3.1 allows content as the first command of a
    /// group). A round trip a message is saved.
    /// </summary>
    public bool Overlap { get; init; }

    /// <summary>
    /// Speak LMTP (RFC 2033): LHLO greets, and nothing is tried in its place. The end of data has a reply for each recipient, so a transaction has one recipient here: then both protocols say the same.
    /// </summary>
    public bool Lmtp { get; init; }

    /// <summary>Send content by BDAT when the server offers CHUNKING (RFC 3030): a chunk a message, once the recipients are answered (§2 asks for that stop).</summary>
    public bool Chunking { get; init; }

    /// <summary>
    /// Keep the words of the 250 that ends a transaction. They name the message at the other end, so they are new each time, and cost memory for each message; where nobody logs them they are told as
    /// <c>250 2.0.0</c> and no more.
    /// </summary>
    public bool KeepsAcceptance { get; init; } = true;
}
