using System.Buffers;
using System.Text;

namespace MailBench.Wire.Pop3;

/// <summary>
/// The server's side of POP3 (RFC 1939, with CAPA and PIPELINING of RFC 2449, STLS of RFC 2595, AUTH PLAIN of RFC 5034), pure: octets in, calls to its owner and octets out. The same octets under any
/// fragmentation give the same calls. This part reads lines and keeps the states; commands are in <c>.Login.cs</c> and <c>.Transaction.cs</c>, content in <c>.Content.cs</c>.
/// </summary>
public sealed partial class Pop3ServerMachine(Pop3ServerOptions options)
{
    private enum Mode : byte { BeforeGreeting, Command, SaslResponse, AwaitsTls, AwaitsLogin, AwaitsContent, Content, AwaitsUpdate }

    private Mode _mode;
    private LineFramer _lines;
    private int _errors;
    private int _written;

    public Pop3ServerOptions Options { get; } = options;

    /// <summary>The session has ended: close after the output has left. What still comes in is dropped.</summary>
    public bool ShouldClose { get; private set; }

    /// <summary>An answer of the owner is owed.</summary>
    public bool IsWaiting => _mode >= Mode.AwaitsLogin;

    /// <summary>STLS was answered: every octet behind it is TLS's. Call <see cref="Secured"/> when that stands.</summary>
    public bool AwaitsTls => _mode == Mode.AwaitsTls;

    /// <summary>What comes is within TLS.</summary>
    public bool IsSecure { get; private set; }

    /// <summary>The last call stopped although there was input, since it had written enough; present the rest again when the output has room.</summary>
    public bool HasYielded => _written >= Options.OutputYield;

    /// <summary>Writes the greeting. A <paramref name="refusal"/> (a sentence, with or without response code) is written instead and closes the session.</summary>
    public void Greet(IBufferWriter<byte> output, string? refusal = null)
    {
        if (_mode != Mode.BeforeGreeting) throw new InvalidOperationException("The greeting was sent already.");
        _mode = Mode.Command;
        ShouldClose = refusal is not null;
        output.Write(Encoding.ASCII.GetBytes(refusal is null ? $"+OK {Options.HostName} POP3 MailBench ready\r\n" : $"-ERR {refusal}\r\n"));
    }

    /// <summary>TLS stands, after STLS or before the greeting. Nothing that was said in the clear is remembered (RFC 2595 §4).</summary>
    public void Secured()
    {
        if (_mode is not (Mode.AwaitsTls or Mode.BeforeGreeting)) throw new InvalidOperationException($"The machine is in {_mode}.");
        IsSecure = true;
        _userLength = -1;
        if (_mode == Mode.AwaitsTls) _mode = Mode.Command;
    }

    /// <summary>
    /// Takes octets as they come; returns how many were consumed (what remains is to be presented again, with more behind it, after the owner's answer, or after
    /// <see cref="HasYielded"/>). Replies of a pipelined group are written together.
    /// </summary>
    public int Receive(ReadOnlySpan<byte> input, IPop3ServerSession owner, IBufferWriter<byte> output)
    {
        _written = 0;
        var consumed = 0;
        while (consumed < input.Length && !ShouldClose && !HasYielded)
        {
            var taken = _mode switch
            {
                Mode.Command or Mode.SaslResponse => ReceiveLine(input[consumed..], owner, output),
                _ => 0,
            };
            if (taken == 0) return consumed;
            consumed += taken;
        }

        return ShouldClose ? input.Length : consumed;
    }

    private int ReceiveLine(ReadOnlySpan<byte> input, IPop3ServerSession owner, IBufferWriter<byte> output)
    {
        switch (_lines.Next(input, Options.MaxCommandLine, out var taken, out var line))
        {
            case LineStep.Line when _mode == Mode.SaslResponse: SaslResponse(line, owner, output); break;
            case LineStep.Line: Perform(line, owner, output); break;
            case LineStep.TooLong:
                _mode = Mode.Command;
                Blame("-ERR line too long\r\n"u8, output);
                break;
        }

        return taken;
    }

    private void Perform(ReadOnlySpan<byte> line, IPop3ServerSession owner, IBufferWriter<byte> output)
    {
        if (line.IndexOfAnyInRange((byte)0, (byte)31) >= 0 || line.Contains((byte)127))
        {
            Blame("-ERR control characters in a command\r\n"u8, output);
            return;
        }

        var command = Pop3Line.Parse(line);
        switch (command.Verb)
        {
            case Pop3Verb.Capa: Capa(output); break;
            case Pop3Verb.Quit: Quit(owner, output); break;
            case Pop3Verb.Noop when _maildrop is not null: Say("+OK\r\n"u8, output); break;
            case Pop3Verb.Stls when Options.StartTls && _maildrop is null && !IsSecure && command.Argument.IsEmpty:
                _mode = Mode.AwaitsTls;
                Say("+OK begin TLS\r\n"u8, output);
                break;
            case Pop3Verb.Stls: Blame("-ERR no TLS here or not now\r\n"u8, output); break;
            case Pop3Verb.User or Pop3Verb.Pass or Pop3Verb.Auth when _maildrop is null && MustSecure: Blame("-ERR [AUTH] STLS first: no passwords in the clear\r\n"u8, output); break;
            case Pop3Verb.User or Pop3Verb.Pass or Pop3Verb.Auth when _maildrop is null: Authorize(command, owner, output); break;
            case not Pop3Verb.Unknown when _maildrop is not null: Transact(command, owner, output); break;
            case Pop3Verb.Unknown: Blame("-ERR unknown command\r\n"u8, output); break;
            default: Blame("-ERR log in first\r\n"u8, output); break;
        }
    }

    /// <summary>RFC 2449 §5. The same before and after login, but for what only logs in.</summary>
    private void Capa(IBufferWriter<byte> output)
    {
        Say("+OK capability list follows\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\n"u8, output);
        if (_maildrop is null && !MustSecure) Say("USER\r\nSASL PLAIN\r\n"u8, output);
        if (_maildrop is null && Options.StartTls && !IsSecure) Say("STLS\r\n"u8, output);
        Say("IMPLEMENTATION MailBench\r\n.\r\n"u8, output);
    }

    private bool MustSecure => Options.RequireTls && !IsSecure;

    private void Quit(IPop3ServerSession owner, IBufferWriter<byte> output)
    {
        if (_maildrop is null)
        {
            End("+OK bye\r\n"u8, output);
            return;
        }

        _mode = Mode.AwaitsUpdate;
        owner.OnUpdate();
    }

    private void Say(ReadOnlySpan<byte> reply, IBufferWriter<byte> output)
    {
        output.Write(reply);
        _written += reply.Length;
    }

    private void End(ReadOnlySpan<byte> reply, IBufferWriter<byte> output)
    {
        Say(reply, output);
        ShouldClose = true;
    }

    /// <summary>Answers a bad command, or ends the session when it was one too many.</summary>
    private void Blame(ReadOnlySpan<byte> reply, IBufferWriter<byte> output)
    {
        if (++_errors > Options.MaxErrors) End("-ERR too many errors, closing\r\n"u8, output);
        else Say(reply, output);
    }

    private void Require(Mode mode)
    {
        if (_mode != mode) throw new InvalidOperationException($"The machine is in {_mode}, not in {mode}.");
    }
}
