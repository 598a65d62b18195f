using System.Buffers;

namespace MailBench.Wire.Smtp;

/// <summary>An envelope to send. Paths without angle brackets.</summary>
public interface IClientEnvelope
{
    ReadOnlySpan<byte> ReversePath { get; }
    int RecipientCount { get; }
    ReadOnlySpan<byte> Recipient(int index);

    /// <summary>Declared by SIZE when offered; -1: not declared.</summary>
    long SizeBytes { get; }
    BodyKind Body { get; }
}

public sealed record SmtpClientOptions
{
    public required string HeloName { get; init; }

    /// <summary>Send MAIL, RCPT and DATA as one group when the server offers PIPELINING (RFC 2920).</summary>
    public bool Pipelining { get; init; } = true;
}

/// <summary>What EHLO's reply offered.</summary>
public sealed record SmtpCapabilities
{
    public bool Extended { get; init; }
    public bool Pipelining { get; init; }
    public bool EightBitMime { get; init; }
    public bool EnhancedStatusCodes { get; init; }
    public bool Chunking { get; init; }
    public bool StartTls { get; init; }
    public bool SmtpUtf8 { get; init; }
    public bool Dsn { get; init; }

    /// <summary>SIZE offered: the limit, 0 = no fixed limit, -1 = not offered.</summary>
    public long SizeLimit { get; init; } = -1;

    /// <summary>LIMITS RCPTMAX (RFC 9422), 0 = not stated.</summary>
    public int RcptMax { get; init; }
}

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

/// <summary>The client's side of ESMTP (RFC 5321), pure: octets in, calls to its owner and octets out.</summary>
public sealed class SmtpClientMachine(SmtpClientOptions options)
{
    public SmtpClientOptions Options { get; } = options;
    public SmtpCapabilities Capabilities => throw new NotSupportedException();

    /// <summary>Ready for <see cref="Begin"/>.</summary>
    public bool IsReady => throw new NotSupportedException();

    /// <summary>QUIT was answered or the session refused: close.</summary>
    public bool ShouldClose => throw new NotSupportedException();

    /// <summary>End of data was sent and its reply is outstanding: if the connection breaks now, the transaction is uncertain.</summary>
    public bool AwaitsFinalReply => throw new NotSupportedException();

    /// <summary>Takes octets as they come; returns how many were consumed (whole lines).</summary>
    public int Receive(ReadOnlySpan<byte> input, ISmtpClientSession owner, IBufferWriter<byte> output) => throw new NotSupportedException();

    /// <summary>Begins a transaction; throws <see cref="InvalidOperationException"/> unless <see cref="IsReady"/> and there is a recipient. Paths with control characters, spaces or angle brackets are refused by <see cref="ArgumentException"/>.</summary>
    public void Begin(IClientEnvelope envelope, IBufferWriter<byte> output) => throw new NotSupportedException();

    /// <summary>The owner has written the content and its final dot.</summary>
    public void ContentSent() => throw new NotSupportedException();
    public void Quit(IBufferWriter<byte> output) => throw new NotSupportedException();
}

/// <summary>
/// Content on its way out: stuffs leading dots (RFC 5321 §4.5.2), keeps line state over pieces, ends with CRLF "." CRLF, adding the CRLF only where content lacks it.
/// The content itself must already have CRLF line ends.
/// </summary>
public struct ContentStuffer
{
    public void Write(ReadOnlySpan<byte> content, IBufferWriter<byte> output) => throw new NotSupportedException();

    /// <summary>Writes the end of data; returns the dots stuffed so far.</summary>
    public int Finish(IBufferWriter<byte> output) => throw new NotSupportedException();
}
