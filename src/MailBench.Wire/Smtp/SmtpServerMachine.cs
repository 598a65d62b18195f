using System.Buffers;

namespace MailBench.Wire.Smtp;

/// <summary>What the BODY parameter said (RFC 6152).</summary>
public enum BodyKind : byte { SevenBit, EightBitMime }

/// <summary>MAIL as parsed. Path: the mailbox without angle brackets and source route, empty for the null reverse-path.</summary>
public readonly ref struct MailCommand
{
    public required ReadOnlySpan<byte> Path { get; init; }

    /// <summary>Declared size in octets (RFC 1870), -1 when not declared.</summary>
    public long SizeBytes { get; init; }
    public BodyKind Body { get; init; }

    /// <summary>The parameters as sent, for what the machine does not interpret.</summary>
    public ReadOnlySpan<byte> Parameters { get; init; }
}

/// <summary>RCPT as parsed.</summary>
public readonly ref struct RcptCommand
{
    public required ReadOnlySpan<byte> Path { get; init; }
    public ReadOnlySpan<byte> Parameters { get; init; }
}

public sealed record SmtpServerOptions
{
    public required string HostName { get; init; }

    /// <summary>After the host name in the greeting.</summary>
    public string Software { get; init; } = "ESMTP MailBench";
    public long MaxMessageBytes { get; init; } = 32L << 20;
    public int MaxRecipients { get; init; } = 1000;

    /// <summary>Octets of a command line, CRLF included (RFC 5321 §4.5.3.1.4 asks for 512, extensions for more).</summary>
    public int MaxCommandLine { get; init; } = 2048;

    /// <summary>Octets of a line of content, CRLF included; a longer one refuses the message (RFC 5321 §4.5.3.1.6 asks for 1,000).</summary>
    public int MaxContentLine { get; init; } = 64 << 10;

    /// <summary>Bad commands in a session before 421.</summary>
    public int MaxErrors { get; init; } = 20;
    public bool Pipelining { get; init; } = true;
    public bool EightBitMime { get; init; } = true;
    public bool EnhancedStatusCodes { get; init; } = true;

    /// <summary>Refuse a message with a bare CR or LF (the smuggling defence). Never recognised as line ends whatever this says.</summary>
    public bool RefuseBareLineEnds { get; init; } = true;
}

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

    /// <summary>The whole content has come and may be accepted. Null: the answer follows by <see cref="SmtpServerMachine.Resume"/>, and input waits until then.</summary>
    SmtpReply? OnEndOfData();

    /// <summary>The open transaction is void (RSET, EHLO, QUIT, doomed content, refusal after DATA); not called after a transaction that ended with a reply of the owner.</summary>
    void OnReset();
    void OnQuit();
}

/// <summary>The server's side of ESMTP (RFC 5321), pure: octets in, calls to its owner and octets out. The same octets under any fragmentation give the same calls.</summary>
public sealed class SmtpServerMachine(SmtpServerOptions options)
{
    public SmtpServerOptions Options { get; } = options;

    /// <summary>QUIT was answered or too many errors were made: close after the output has left.</summary>
    public bool ShouldClose => throw new NotSupportedException();

    /// <summary>An answer to end of data is owed; call <see cref="Resume"/>.</summary>
    public bool IsWaiting => throw new NotSupportedException();

    /// <summary>A transaction is open (MAIL accepted).</summary>
    public bool InTransaction => throw new NotSupportedException();

    /// <summary>Writes the greeting; a <paramref name="refusal"/> (421, 554) is written instead and closes the session.</summary>
    public void Greet(IBufferWriter<byte> output, SmtpReply? refusal = null) => throw new NotSupportedException();

    /// <summary>
    /// Takes octets as they come; returns how many were consumed (what remains is to be presented again, with more behind it, or after
    /// <see cref="Resume"/>). Replies of a pipelined group are written together.
    /// </summary>
    public int Receive(ReadOnlySpan<byte> input, ISmtpServerSession owner, IBufferWriter<byte> output) => throw new NotSupportedException();

    /// <summary>The answer to the end of data that was left open. Present the unconsumed input again afterwards.</summary>
    public void Resume(SmtpReply reply, IBufferWriter<byte> output) => throw new NotSupportedException();
}
