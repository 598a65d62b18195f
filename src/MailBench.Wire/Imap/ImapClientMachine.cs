using System.Buffers;
using System.Buffers.Text;

namespace MailBench.Wire.Imap;

/// <summary>
/// The client's side of IMAP as far as those need it who poll, pure: commands go out in any number, responses come back, literals in pieces. The same octets under any fragmentation give the same calls, but
/// for the pieces of literals. A response that is none ends the session: <see cref="Fault"/> says why.
/// </summary>
public sealed class ImapClientMachine
{
    /// <summary>Octets of a response's line; literals not counted.</summary>
    private const int MaxLine = 64 << 10;

    private readonly List<(int Tag, ImapVerb Verb)> _pending = new(4);
    private bool _greeted;
    private bool _goesOn;
    private long _literalLeft;
    private int _searched;
    private int _lastTag;

    /// <summary>Commands that have no answer yet.</summary>
    public int Outstanding => _pending.Count;

    /// <summary>The session cannot go on: LOGOUT was answered, or what came was no IMAP.</summary>
    public bool ShouldClose { get; private set; }

    /// <summary>STARTTLS was granted: every octet behind the answer is TLS's, and no command may go until it stands; then call <see cref="Secured"/>.</summary>
    public bool AwaitsTls { get; private set; }

    /// <summary>TLS stands.</summary>
    public void Secured() => AwaitsTls = false;

    /// <summary>What was wrong with the server's octets, a sentence; null: nothing.</summary>
    public string? Fault { get; private set; }

    /// <summary>
    /// Sends a command; <paramref name="arguments"/>: all behind the verb (UID in front of it is <paramref name="uid"/>). Throws <see cref="ArgumentException"/> for arguments that would be another
    /// command.
    /// </summary>
    public void Send(ImapVerb verb, ReadOnlySpan<byte> arguments, IBufferWriter<byte> output, bool uid = false)
    {
        if (arguments.IndexOfAny((byte)'\r', (byte)'\n', (byte)0) >= 0) throw new ArgumentException("CR, LF or NUL in a command's arguments.", nameof(arguments));
        _pending.Add((++_lastTag, verb));
        var word = ImapVerbs.WordOf(verb);
        var line = output.GetSpan(word.Length + arguments.Length + 24);
        line[0] = (byte)'a';
        Utf8Formatter.TryFormat(_lastTag, line[1..], out var at);
        line[++at] = (byte)' ';
        at++;
        if (uid)
        {
            "UID "u8.CopyTo(line[at..]);
            at += 4;
        }

        word.CopyTo(line[at..]);
        at += word.Length;
        if (!arguments.IsEmpty)
        {
            line[at++] = (byte)' ';
            arguments.CopyTo(line[at..]);
            at += arguments.Length;
        }

        "\r\n"u8.CopyTo(line[at..]);
        output.Advance(at + 2);
    }

    /// <summary>Ends IDLE (RFC 2177), whose answer then comes. Only behind the server's continuation request: before it the server reads commands.</summary>
    public void EndIdle(IBufferWriter<byte> output)
    {
        if (_pending.Count == 0 || _pending[^1].Verb != ImapVerb.Idle) throw new InvalidOperationException("No IDLE is under way.");
        output.Write("DONE\r\n"u8);
    }

    /// <summary>Takes octets as they come; returns how many were consumed (the rest is to be presented again with more behind it).</summary>
    public int Receive(ReadOnlySpan<byte> input, IImapClientSession owner)
    {
        var consumed = 0;
        while (consumed < input.Length && !ShouldClose && !AwaitsTls)
        {
            var rest = input[consumed..];
            var taken = _literalLeft > 0 ? ReceiveLiteral(rest, owner) : ReceiveLine(rest, owner);
            if (taken == 0) return consumed;
            consumed += taken;
        }

        return AwaitsTls ? consumed : input.Length;
    }

    private int ReceiveLiteral(ReadOnlySpan<byte> input, IImapClientSession owner)
    {
        var piece = input.Length > _literalLeft ? input[..(int)_literalLeft] : input;
        _literalLeft -= piece.Length;
        owner.OnLiteral(piece);
        if (_literalLeft == 0) owner.OnLiteralEnd();
        return piece.Length;
    }

    private int ReceiveLine(ReadOnlySpan<byte> input, IImapClientSession owner)
    {
        var end = input[_searched..].IndexOf("\r\n"u8);
        if (end < 0)
        {
            if (input.Length >= MaxLine) Break($"a line of a response has more than {MaxLine} octets");
            _searched = Math.Max(0, input.Length - 1);
            return 0;
        }

        end += _searched;
        _searched = 0;
        Line(input[..end], owner);
        return end + 2;
    }

    private void Line(ReadOnlySpan<byte> line, IImapClientSession owner)
    {
        if (_goesOn || line.StartsWith("* "u8)) Untagged(line, owner);
        else if (line.StartsWith("+"u8)) owner.OnContinuation();
        else Tagged(line, owner);
    }

    private void Untagged(ReadOnlySpan<byte> line, IImapClientSession owner)
    {
        var text = _goesOn ? line : line[2..];
        if (!_greeted)
        {
            _greeted = true;
            owner.OnGreeting(text.StartsWith("OK"u8) || text.StartsWith("PREAUTH"u8), text);
            return;
        }

        var wasGoingOn = _goesOn;
        _goesOn = ImapServerMachine.TryLiteralHead(text, out var octets, out _);
        if (_goesOn) text = text[..text.LastIndexOf((byte)'{')];
        owner.OnUntagged(text, wasGoingOn);
        _literalLeft = octets;
        if (_goesOn && octets == 0) owner.OnLiteralEnd();
    }

    private void Tagged(ReadOnlySpan<byte> line, IImapClientSession owner)
    {
        if (line.IsEmpty || line[0] != (byte)'a' || !Utf8Parser.TryParse(line[1..], out int tag, out var digits) || _pending.FindIndex(one => one.Tag == tag) is not (>= 0 and var place))
        {
            Break("a line of a response began neither with * or + nor with the tag of a command");
            return;
        }

        var text = line[(1 + digits)..];
        ImapStatus? status = text.StartsWith(" OK"u8) ? ImapStatus.Ok : text.StartsWith(" NO"u8) ? ImapStatus.No : text.StartsWith(" BAD"u8) ? ImapStatus.Bad : null;
        if (status is null)
        {
            Break("a command's answer was neither OK nor NO nor BAD");
            return;
        }

        var verb = _pending[place].Verb;
        _pending.RemoveAt(place);
        ShouldClose |= verb == ImapVerb.Logout;
        AwaitsTls |= verb == ImapVerb.StartTls && status == ImapStatus.Ok;
        owner.OnTagged(verb, status.Value, text[(status == ImapStatus.Bad ? 4 : 3)..].Trim((byte)' '));
    }

    private void Break(string fault)
    {
        Fault = fault;
        ShouldClose = true;
    }
}
