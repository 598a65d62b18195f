using System.Buffers;
using System.Buffers.Text;
using MailBench.Wire.Smtp;

namespace MailBench.Wire.Pop3;

/// <summary>
/// The client's side of POP3, pure: commands go out in any number (pipelining is the owner's choice), replies come back in order. The same octets under any fragmentation give the
/// same calls. A reply that is none ends the session: <see cref="Fault"/> says why.
/// </summary>
public sealed class Pop3ClientMachine
{
    /// <summary>Octets of a reply line, CRLF included: RFC 2449 §4 allows 512; some servers write more.</summary>
    private const int MaxLine = 2048;

    private readonly Queue<(Pop3Verb Verb, int Argument)> _pending = new(4);
    private ContentScanner _scanner;
    private Pop3Verb _bodyOf = Pop3Verb.Unknown;
    private int _bodyArgument;

    public Pop3ClientMachine() => _pending.Enqueue((Pop3Verb.Greeting, 0));

    /// <summary>Commands (the greeting too) whose replies have not come whole.</summary>
    public int Outstanding => _pending.Count + (HasBody ? 1 : 0);

    /// <summary>The reply being read has lines to come.</summary>
    public bool HasBody => _bodyOf != Pop3Verb.Unknown;

    /// <summary>The session cannot go on: QUIT was answered, or what came was no POP3.</summary>
    public bool ShouldClose { get; private set; }

    /// <summary>STLS was granted: every octet behind the reply is TLS's, and no command may go until it stands; then call <see cref="Secured"/>.</summary>
    public bool AwaitsTls { get; private set; }

    /// <summary>TLS stands.</summary>
    public void Secured() => AwaitsTls = false;

    /// <summary>What was wrong with the server's octets, a sentence; null: nothing.</summary>
    public string? Fault { get; private set; }

    /// <summary>Sends a command without argument, or with one text (USER, PASS, AUTH). Throws <see cref="ArgumentException"/> for text that would be another command.</summary>
    public void Send(Pop3Verb verb, ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        if (text.IndexOfAny((byte)'\r', (byte)'\n', (byte)0) >= 0) throw new ArgumentException("CR, LF or NUL in a command's argument.", nameof(text));
        _pending.Enqueue((verb, 0));
        output.Write(WordOf(verb));
        if (!text.IsEmpty)
        {
            output.Write(" "u8);
            output.Write(text);
        }

        output.Write("\r\n"u8);
    }

    /// <summary>Sends a command about a message (from 1): LIST, UIDL, RETR, DELE, or TOP with so many <paramref name="lines"/>.</summary>
    public void Send(Pop3Verb verb, int message, IBufferWriter<byte> output, int lines = 0)
    {
        _pending.Enqueue((verb, message));
        var word = WordOf(verb);
        var line = output.GetSpan(40);
        word.CopyTo(line);
        line[word.Length] = (byte)' ';
        var at = word.Length + 1;
        Utf8Formatter.TryFormat(message, line[at..], out var digits);
        at += digits;
        if (verb == Pop3Verb.Top)
        {
            line[at++] = (byte)' ';
            Utf8Formatter.TryFormat(lines, line[at..], out digits);
            at += digits;
        }

        "\r\n"u8.CopyTo(line[at..]);
        output.Advance(at + 2);
    }

    /// <summary>Takes octets as they come; returns how many were consumed (the rest is to be presented again with more behind it).</summary>
    public int Receive(ReadOnlySpan<byte> input, IPop3ClientSession owner)
    {
        var consumed = 0;
        while (consumed < input.Length && !ShouldClose && !AwaitsTls)
        {
            var rest = input[consumed..];
            var taken = _bodyOf is Pop3Verb.Retr or Pop3Verb.Top ? ReceiveContent(rest, owner) : ReceiveLine(rest, owner);
            if (taken == 0) return consumed;
            consumed += taken;
        }

        return AwaitsTls ? consumed : input.Length;
    }

    private int ReceiveLine(ReadOnlySpan<byte> input, IPop3ClientSession owner)
    {
        var end = (input.Length > MaxLine ? input[..MaxLine] : input).IndexOf("\r\n"u8);
        if (end < 0)
        {
            if (input.Length >= MaxLine) Break($"a reply line has more than {MaxLine} octets");
            return 0;
        }

        if (HasBody) ListingLine(input[..end], owner);
        else ReplyLine(input[..end], owner);
        return end + 2;
    }

    private void ListingLine(ReadOnlySpan<byte> line, IPop3ClientSession owner)
    {
        if (line.SequenceEqual("."u8)) EndBody(owner);
        else owner.OnLine(_bodyOf, line.StartsWith("."u8) ? line[1..] : line);
    }

    private void ReplyLine(ReadOnlySpan<byte> line, IPop3ClientSession owner)
    {
        if (!_pending.TryDequeue(out var command))
        {
            Break("a reply came that no command had asked for");
            return;
        }

        var ok = line.StartsWith("+OK"u8);
        if (!ok && !line.StartsWith("-ERR"u8))
        {
            Break("a reply began with neither +OK nor -ERR");
            return;
        }

        if (ok && HasLines(command.Verb, command.Argument))
        {
            (_bodyOf, _bodyArgument) = command;
            _scanner = default;
        }

        if (command.Verb == Pop3Verb.Quit) ShouldClose = true;
        if (command.Verb == Pop3Verb.Stls && ok) AwaitsTls = true;
        owner.OnReply(command.Verb, command.Argument, ok, line[(ok ? 3 : 4)..].Trim((byte)' '));
    }

    private int ReceiveContent(ReadOnlySpan<byte> input, IPop3ClientSession owner)
    {
        var run = 0;
        var at = 0;
        while (true)
        {
            at += _scanner.Scan(input[at..], long.MaxValue, refuseBare: false, out var stop);
            if (at > run) owner.OnContent(_bodyArgument, input[run..at]);
            if (stop == ScanStop.End) return at;
            var rest = input[at..];
            if (rest.StartsWith(".\r\n"u8))
            {
                EndBody(owner);
                return at + 3;
            }

            // The dot, with a CR behind it perhaps, waits for the octets that tell what it is.
            if (".\r"u8.StartsWith(rest)) return at;
            _scanner.PassDot();
            run = ++at;
        }
    }

    private void EndBody(IPop3ClientSession owner)
    {
        var (verb, argument) = (_bodyOf, _bodyArgument);
        _bodyOf = Pop3Verb.Unknown;
        owner.OnEnd(verb, argument);
    }

    private void Break(string fault)
    {
        Fault = fault;
        ShouldClose = true;
    }

    private static bool HasLines(Pop3Verb verb, int argument) => verb switch
    {
        Pop3Verb.Retr or Pop3Verb.Top or Pop3Verb.Capa => true,
        Pop3Verb.List or Pop3Verb.Uidl => argument == 0,
        _ => false,
    };

    private static ReadOnlySpan<byte> WordOf(Pop3Verb verb) => verb switch
    {
        Pop3Verb.User => "USER"u8,
        Pop3Verb.Pass => "PASS"u8,
        Pop3Verb.Auth => "AUTH"u8,
        Pop3Verb.Capa => "CAPA"u8,
        Pop3Verb.Stat => "STAT"u8,
        Pop3Verb.List => "LIST"u8,
        Pop3Verb.Uidl => "UIDL"u8,
        Pop3Verb.Retr => "RETR"u8,
        Pop3Verb.Top => "TOP"u8,
        Pop3Verb.Dele => "DELE"u8,
        Pop3Verb.Rset => "RSET"u8,
        Pop3Verb.Noop => "NOOP"u8,
        Pop3Verb.Quit => "QUIT"u8,
        Pop3Verb.Stls => "STLS"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(verb)),
    };
}
