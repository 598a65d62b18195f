using System.Buffers;
using System.Buffers.Text;

namespace MailBench.Wire.Smtp;

/// <summary>
/// The client's side of ESMTP (RFC 5321) or LMTP (RFC 2033), pure: octets in, calls to its owner and octets out. A phase's replies are told one by one, then the phase. The owner
/// may call <see cref="Begin"/>, <see cref="ContentSent"/> and <see cref="Quit"/> from within a call.
/// </summary>
public sealed partial class SmtpClientMachine(SmtpClientOptions options)
{
    private enum State : byte { Greeting, Ehlo, Helo, Ready, Clear, Mail, Rcpt, Data, Group, Content, Final, EmptyFinal, Reset, Quit, Closed }

    private State _state;
    private ReplyReader _reader;

    public SmtpClientOptions Options { get; } = options;

    /// <summary>What EHLO's reply offered; nothing before that and after HELO.</summary>
    public SmtpCapabilities Capabilities { get; private set; } = new();

    /// <summary>Ready for <see cref="Begin"/>, and no transaction is open.</summary>
    public bool IsReady => _state == State.Ready;

    /// <summary><see cref="Begin"/> may be called: the session is ready; or, where envelopes overlap, a content has been sent whole and nothing behind it yet.</summary>
    public bool CanBegin => _state == State.Ready || (_state == State.Final && _next is null && Options.Overlap && IsPipelined);

    /// <summary>An envelope was sent ahead and waits for the end of the transaction before it.</summary>
    public bool HasNext => _next is not null;

    /// <summary>Content goes by BDAT.</summary>
    public bool IsChunked => Options.Chunking && Capabilities.Chunking;

    /// <summary>Envelopes go as groups.</summary>
    public bool IsPipelined => Options.Pipelining && Capabilities.Pipelining;

    /// <summary>QUIT was answered or the session refused: close.</summary>
    public bool ShouldClose => _state == State.Closed;

    /// <summary>
    /// End of data was sent and its reply is outstanding: if the connection breaks now, the transaction is uncertain (one whose envelope was sent ahead is not: it has no content yet). It stays true when what came instead
    /// of the final reply was no SMTP; a 421 in its place is an answer.
    /// </summary>
    public bool AwaitsFinalReply { get; private set; }

    /// <summary>Takes octets as they come; returns how many were consumed (whole lines).</summary>
    public int Receive(ReadOnlySpan<byte> input, ISmtpClientSession owner, IBufferWriter<byte> output)
    {
        var consumed = 0;
        while (consumed < input.Length && _state != State.Closed)
        {
            var taken = _reader.Read(input[consumed..], wordless: _state == State.Final && !Options.KeepsAcceptance, out var reply, out var fault);
            consumed += taken;
            if (fault is not null) Refuse(SmtpReply.Of(500, "5.5.0", $"The server sent {fault}"), owner);
            else if (reply is not null) Take(reply, owner, output);
            else if (taken == 0) return consumed;
        }

        return _state == State.Closed ? input.Length : consumed;
    }

    /// <summary>
    /// Begins a transaction; throws <see cref="InvalidOperationException"/> unless <see cref="CanBegin"/> and there is a recipient. Paths with control characters, and
    /// with spaces or angle brackets outside a quoted local part, are refused by <see cref="ArgumentException"/>; nothing is written then.
    /// </summary>
    public void Begin(IClientEnvelope envelope, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (!CanBegin) throw new InvalidOperationException("A transaction may begin only when the session is ready, or behind a content where envelopes overlap.");
        if (envelope.RecipientCount < 1) throw new InvalidOperationException("A transaction needs a recipient.");
        if (Options.Lmtp && envelope.RecipientCount > 1) throw new InvalidOperationException("An LMTP transaction has one recipient here.");
        Check(envelope);
        if (_state == State.Ready) StartEnvelope(envelope, output);
        else SendAhead(envelope, output);
    }

    /// <summary>Writes the command of the message's only chunk (RFC 3030): exactly so many octets follow it.</summary>
    public void BeginChunk(long octets, IBufferWriter<byte> output)
    {
        if (_state == State.Closed) return;
        if (_state != State.Content || !IsChunked) throw new InvalidOperationException("No chunk is wanted.");
        output.Write("BDAT "u8);
        Utf8Formatter.TryFormat(octets, output.GetSpan(20), out var digits);
        output.Advance(digits);
        output.Write(" LAST\r\n"u8);
    }

    /// <summary>The owner has written the content and its end.</summary>
    public void ContentSent()
    {
        // A refusal may have ended the session while the owner was still writing.
        if (_state == State.Closed) return;
        if (_state != State.Content) throw new InvalidOperationException("No content is wanted.");
        _state = State.Final;
        AwaitsFinalReply = true;
    }

    /// <summary>Says QUIT; the session must be ready. Nothing happens on a session that is over.</summary>
    public void Quit(IBufferWriter<byte> output)
    {
        if (_state is State.Closed or State.Quit) return;
        if (_state != State.Ready) throw new InvalidOperationException("QUIT may be said only between transactions; abort the connection instead.");
        output.Write("QUIT\r\n"u8);
        _state = State.Quit;
    }

    private void Take(SmtpReply reply, ISmtpClientSession owner, IBufferWriter<byte> output)
    {
        if (_state == State.Quit)
        {
            _state = State.Closed;
            owner.OnPhase(ClientPhase.Quit, reply);
            return;
        }

        if (reply.Code == 421)
        {
            AwaitsFinalReply = false;
            Refuse(reply, owner);
            return;
        }

        switch (_state)
        {
            case State.Greeting: TakeGreeting(reply, owner, output); break;
            case State.Ehlo: TakeEhlo(reply, owner, output); break;
            case State.Helo: TakeHelo(reply, owner); break;
            case State.Ready or State.Content: Refuse(reply, owner); break;
            default: TakeTransaction(reply, owner, output); break;
        }
    }

    private void TakeGreeting(SmtpReply reply, ISmtpClientSession owner, IBufferWriter<byte> output)
    {
        owner.OnPhase(ClientPhase.Greeting, reply);
        if (IsDone(reply)) Hello(Options.Lmtp ? "LHLO "u8 : "EHLO "u8, State.Ehlo, output);
        else Refuse(reply, owner);
    }

    private void TakeEhlo(SmtpReply reply, ISmtpClientSession owner, IBufferWriter<byte> output)
    {
        owner.OnPhase(ClientPhase.Ehlo, reply);
        if (IsDone(reply))
        {
            Capabilities = SmtpCapabilities.Parse(reply);
            _state = State.Ready;
            owner.OnReady(Capabilities);
        }
        else if (reply.IsPermanent && reply.Code != 554 && !Options.Lmtp)
        {
            // RFC 5321 §3.2: a server that does not know EHLO may know HELO.
            Hello("HELO "u8, State.Helo, output);
        }
        else
        {
            Refuse(reply, owner);
        }
    }

    private void TakeHelo(SmtpReply reply, ISmtpClientSession owner)
    {
        owner.OnPhase(ClientPhase.Ehlo, reply);
        if (!IsDone(reply))
        {
            Refuse(reply, owner);
            return;
        }

        _state = State.Ready;
        owner.OnReady(Capabilities);
    }

    private void Hello(ReadOnlySpan<byte> verb, State next, IBufferWriter<byte> output)
    {
        output.Write(verb);
        foreach (var letter in Options.HeloName) output.Write([letter is > ' ' and <= '~' ? (byte)letter : (byte)'-']);
        output.Write("\r\n"u8);
        _state = next;
    }

    private static bool IsDone(SmtpReply reply) => reply.Code is >= 200 and < 300;

    /// <summary>Ends the session. A positive reply that ends it stood where it cannot mean anything: client and server are out of step.</summary>
    private void Refuse(SmtpReply reply, ISmtpClientSession owner)
    {
        _state = State.Closed;
        _envelope = _next = null;
        if (reply.IsPositive) reply = SmtpReply.Of(500, "5.5.0", $"The server sent a reply out of place: {reply}");
        owner.OnSessionRefused(reply);
    }
}
