using System.Buffers;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>
/// The server's side of IMAP4rev1 (RFC 3501), pure: octets in, calls to its owner and octets out. The same octets under any fragmentation give the same calls. This part gathers commands
/// with their literals and keeps the states; what it answers itself is in <c>.Commands.cs</c>, logins in <c>.Login.cs</c>, APPEND in <c>.Append.cs</c>.
/// </summary>
public sealed partial class ImapServerMachine(ImapServerOptions options)
{
    private enum Mode : byte { BeforeGreeting, Command, SaslResponse, Idle, AppendContent, AppendTail, AwaitsTls, AwaitsLogin, AwaitsAnswer }

    /// <summary>Octets of a literal's head at the end of a line, at most: <c>{4294967295+}</c>.</summary>
    private const int MaxTag = 100;

    private Mode _mode;

    /// <summary>Octets of the command at the front of the input whose extent is known: whole lines and, beyond what has come perhaps, their literals.</summary>
    private int _framed;

    /// <summary>Octets that were looked through for a line's end.</summary>
    private int _searched;
    private LineFramer _lines;
    private string _tag = "";
    private ImapVerb _verb;
    private int _errors;
    private int _written;

    public ImapServerOptions Options { get; } = options;

    public ImapState State { get; private set; } = ImapState.NotAuthenticated;

    /// <summary>The session has ended: close after the output has left. What still comes in is dropped.</summary>
    public bool ShouldClose { get; private set; }

    /// <summary>An answer of the owner is owed.</summary>
    public bool IsWaiting => _mode >= Mode.AwaitsLogin;

    /// <summary>STARTTLS was answered: every octet behind it is TLS's. Call <see cref="Secured"/> when that stands.</summary>
    public bool AwaitsTls => _mode == Mode.AwaitsTls;

    /// <summary>What comes is within TLS.</summary>
    public bool IsSecure { get; private set; }

    public bool IsIdling => _mode == Mode.Idle;

    /// <summary>The client has asked for mod-sequences: all that is told of flags tells them too (RFC 7162 §3.1.2).</summary>
    public bool TellsModSeqs { get; private set; }

    /// <summary>Content of APPEND is coming.</summary>
    public bool IsAppending => _mode is Mode.AppendContent or Mode.AppendTail;

    /// <summary>The last call stopped although there was input, since it had written enough; present the rest again when the output has room.</summary>
    public bool HasYielded => _written >= Options.OutputYield;

    /// <summary>Writes the greeting. A <paramref name="refusal"/> (a sentence) is written instead and closes the session.</summary>
    public void Greet(IBufferWriter<byte> output, string? refusal = null)
    {
        if (_mode != Mode.BeforeGreeting) throw new InvalidOperationException("The greeting was sent already.");
        _mode = Mode.Command;
        ShouldClose = refusal is not null;
        if (refusal is not null)
        {
            output.Write(Encoding.ASCII.GetBytes($"* BYE {refusal}\r\n"));
            return;
        }

        output.Write("* OK [CAPABILITY "u8);
        WriteCapabilities(output);
        output.Write(Encoding.ASCII.GetBytes($"] {Options.HostName} MailBench ready\r\n"));
    }

    /// <summary>TLS stands, after STARTTLS or before the greeting. Nothing that was said in the clear counts any more but its errors.</summary>
    public void Secured()
    {
        if (_mode is not (Mode.AwaitsTls or Mode.BeforeGreeting)) throw new InvalidOperationException($"The machine is in {_mode}.");
        IsSecure = true;
        if (_mode == Mode.AwaitsTls) _mode = Mode.Command;
    }

    /// <summary>
    /// Takes octets as they come; returns how many were consumed (what remains is to be presented again, with more behind it, after the owner's answer, or after
    /// <see cref="HasYielded"/>). Replies of a pipelined group are written together.
    /// </summary>
    public int Receive(ReadOnlySpan<byte> input, IImapServerSession owner, IBufferWriter<byte> output)
    {
        _written = 0;
        var consumed = 0;
        while (consumed < input.Length && !ShouldClose && !HasYielded)
        {
            var rest = input[consumed..];
            var taken = _mode switch
            {
                Mode.Command => ReceiveCommand(rest, owner, output),
                Mode.SaslResponse or Mode.Idle or Mode.AppendTail => ReceiveLine(rest, owner, output),
                Mode.AppendContent => ReceiveContent(rest, owner),
                _ => 0,
            };
            if (taken == 0) return consumed;
            consumed += taken;
        }

        return ShouldClose ? input.Length : consumed;
    }

    /// <summary>Answers a command: writes its tagged response. <paramref name="text"/>: a sentence, with or without response code in front.</summary>
    public void Complete(ImapStatus status, ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        Require(Mode.AwaitsAnswer);
        _mode = Mode.Command;
        Tagged(status, text, output);
    }

    /// <summary>A mailbox is selected, or (false) none is any more.</summary>
    public void SetSelected(bool selected) => State = selected ? ImapState.Selected : ImapState.Authenticated;

    /// <summary>Takes one whole command from the front of the input, or asks for the literal that it waits for.</summary>
    private int ReceiveCommand(ReadOnlySpan<byte> input, IImapServerSession owner, IBufferWriter<byte> output)
    {
        var limit = State == ImapState.NotAuthenticated ? Options.MaxCommandBeforeLogin : Options.MaxCommand;
        while (input.Length > _framed)
        {
            var from = Math.Max(_framed, _searched);
            var seen = input[..Math.Min(input.Length, limit)];
            var end = from < seen.Length ? seen[from..].IndexOf("\r\n"u8) : -1;
            if (end < 0)
            {
                if (seen.Length == limit) return TooLong(input, output);

                // A CR at the end may be half a line's end.
                _searched = Math.Max(_framed, seen.Length - 1);
                return 0;
            }

            end += from;
            var line = input[_framed..end];
            if (!TryLiteralHead(line, out var octets, out var waits))
            {
                ForgetFrame();
                Perform(input[..end], owner, output);
                return end + 2;
            }

            if (BeginsAppend(input[..end], line, octets, waits, owner, output)) return end + 2;
            if (octets > Options.MaxLiteral || end + 2 + octets >= limit) return RefuseLiteral(input[..end], waits, output);
            if (waits) Say("+ go on\r\n"u8, output);
            _framed = _searched = end + 2 + (int)octets;
        }

        return 0;
    }

    /// <summary>A line of its own, behind a continuation request or in IDLE.</summary>
    private int ReceiveLine(ReadOnlySpan<byte> input, IImapServerSession owner, IBufferWriter<byte> output)
    {
        if (_lines.Next(input, Options.MaxCommandBeforeLogin, out var taken, out var line) != LineStep.Line) return _lines.IsPassing || taken > 0 ? TooLong(input, output) : 0;
        switch (_mode)
        {
            case Mode.SaslResponse: SaslResponse(line, owner, output); break;
            case Mode.Idle: EndIdle(line, owner, output); break;
            default: EndAppend(line, owner, output); break;
        }

        return taken;
    }

    /// <summary>Where the command ends nobody can tell, and what follows must not be taken for one: the session ends.</summary>
    private int TooLong(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        Bye("* BYE the command is too long\r\n"u8, output);
        return input.Length;
    }

    /// <summary>A client that waits can be told no; one that does not has the octets under way, and so the session ends (RFC 7888 §4).</summary>
    private int RefuseLiteral(ReadOnlySpan<byte> command, bool waits, IBufferWriter<byte> output)
    {
        ForgetFrame();
        if (!waits || !TryTag(command, out _tag, out _)) Bye("* BYE the literal is too long\r\n"u8, output);
        else Blame("[TOOBIG] the literal is too long"u8, output);
        return command.Length + 2;
    }

    /// <summary><c>{N}</c> or <c>{N+}</c> (RFC 7888) at the end of a line.</summary>
    internal static bool TryLiteralHead(ReadOnlySpan<byte> line, out long octets, out bool waits)
    {
        (octets, waits) = (0, true);
        if (line.IsEmpty || line[^1] != (byte)'}') return false;
        var open = line.LastIndexOf((byte)'{');
        if (open < 0) return false;
        var digits = line[(open + 1)..^1];
        waits = digits.IsEmpty || digits[^1] != (byte)'+';
        if (!waits) digits = digits[..^1];
        return digits.Length is > 0 and <= 18 && digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0 && System.Buffers.Text.Utf8Parser.TryParse(digits, out octets, out _);
    }

    private void Perform(ReadOnlySpan<byte> text, IImapServerSession owner, IBufferWriter<byte> output)
    {
        if (!TryTag(text, out _tag, out var at))
        {
            _tag = "*";
            Blame("a command begins with a tag"u8, output);
            return;
        }

        var cursor = new ImapCursor(text[at..]);
        var isUid = false;
        _verb = ImapVerbs.Read(cursor.Word());
        if (_verb == ImapVerb.Uid)
        {
            isUid = cursor.TakeSpace();
            _verb = ImapVerbs.Read(cursor.Word());
            if (_verb is not (ImapVerb.Fetch or ImapVerb.Store or ImapVerb.Search or ImapVerb.Copy or ImapVerb.Move or ImapVerb.Expunge)) isUid = false;
            if (!isUid) _verb = ImapVerb.Unknown;
        }

        var needed = ImapVerbs.NeededBy(_verb);
        if (_verb == ImapVerb.Unknown) Blame("unknown command"u8, output);
        else if (needed == ImapState.NotAuthenticated && State != needed) Blame("you are logged in"u8, output);
        else if (needed > State) Blame(State == ImapState.NotAuthenticated ? "log in first"u8 : "select a mailbox first"u8, output);
        else Perform(isUid, ref cursor, owner, output);
    }

    /// <summary>The tag, and where behind its space the command begins. It is echoed, so nothing but printable signs is one.</summary>
    private static bool TryTag(ReadOnlySpan<byte> text, out string tag, out int at)
    {
        at = 0;
        while (at < text.Length && at <= MaxTag && text[at] != (byte)'+' && (ImapText.Atoms.Contains(text[at]) || text[at] == (byte)']')) at++;
        tag = "";
        if (at is 0 or > MaxTag || at == text.Length || text[at] != (byte)' ') return false;
        tag = Encoding.ASCII.GetString(text[..at]);
        at++;
        return true;
    }

    private void ForgetFrame() => _framed = _searched = 0;

    private void Say(ReadOnlySpan<byte> octets, IBufferWriter<byte> output)
    {
        output.Write(octets);
        _written += octets.Length;
    }

    private void Tagged(ImapStatus status, ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        var line = output.GetSpan(_tag.Length + text.Length + 8);
        var at = Encoding.ASCII.GetBytes(_tag, line);
        var word = status switch { ImapStatus.Ok => " OK "u8, ImapStatus.No => " NO "u8, _ => " BAD "u8 };
        word.CopyTo(line[at..]);
        text.CopyTo(line[(at + word.Length)..]);
        at += word.Length + text.Length;
        "\r\n"u8.CopyTo(line[at..]);
        output.Advance(at + 2);
        _written += at + 2;
    }

    private void Bye(ReadOnlySpan<byte> line, IBufferWriter<byte> output)
    {
        Say(line, output);
        ShouldClose = true;
    }

    /// <summary>Answers a bad command, or ends the session when it was one too many.</summary>
    private void Blame(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        _mode = Mode.Command;
        Tagged(ImapStatus.Bad, text, output);
        if (++_errors > Options.MaxErrors) Bye("* BYE too many errors\r\n"u8, output);
    }

    private void Require(Mode mode)
    {
        if (_mode != mode) throw new InvalidOperationException($"The machine is in {_mode}, not in {mode}.");
    }
}
