using System.Text;

namespace MailBench.Wire.Smtp;

/// <summary>
/// Reads replies (RFC 5321 §4.2) line by line from octets. Bounded: <see cref="MaxLines"/> lines of <see cref="MaxLine"/> octets, of whose text <see cref="MaxText"/> octets
/// are kept. One-line replies that came before are given again as the same object, since a server says the same few things over and over.
/// </summary>
internal struct ReplyReader
{
    public const int MaxLine = 4096;
    public const int MaxLines = 100;

    /// <summary>Replies are kept with every recipient that they defer: a talkative server must not fill our memory.</summary>
    public const int MaxText = 8192;

    private const int InternedLine = 128;

    private static readonly SmtpReply Done = SmtpReply.Of(250, "2.0.0", "done");

    // Shared by all machines: entries are immutable and a lost race costs one more parse.
    private static readonly SmtpReply?[] Interned = new SmtpReply?[256];

    private List<string>? _lines;
    private int _code;
    private int _kept;
    private string? _enhanced;

    /// <summary>
    /// Takes at most one line; returns its octets, 0 when it is not whole yet. <paramref name="reply"/>: set behind a reply's last line. <paramref name="fault"/>: set where
    /// what came is no reply; nothing may be read after that. <paramref name="wordless"/>: of a 250 in one line nothing else is wanted.
    /// </summary>
    public int Read(ReadOnlySpan<byte> input, bool wordless, out SmtpReply? reply, out string? fault)
    {
        reply = null;
        fault = null;
        var end = (input.Length > MaxLine ? input[..MaxLine] : input).IndexOf((byte)'\n');
        if (end < 0)
        {
            if (input.Length >= MaxLine) fault = $"a reply line of more than {MaxLine} octets";
            return 0;
        }

        var octets = input[..(end + 1)];
        if (wordless && _lines is null && octets.StartsWith("250 "u8) && octets.EndsWith("\r\n"u8)) reply = Done;
        if (reply is not null || (_lines is null && TryRecall(octets, out reply))) return octets.Length;
        fault = ReadLine(octets, out reply);
        return octets.Length;
    }

    private string? ReadLine(ReadOnlySpan<byte> octets, out SmtpReply? reply)
    {
        reply = null;
        if (octets.Length < 2 || octets[^2] != (byte)'\r') return $"a reply line that ends in a bare LF: {Show(octets)}";
        var line = octets[..^2];
        if (!TryReadCode(line, out var code) || !(line.Length == 3 || line[3] is (byte)' ' or (byte)'-')) return $"no SMTP reply: {Show(line)}";
        if (_lines is not null && code != _code) return $"a reply whose lines have different codes: {Show(line)}";
        if (_lines?.Count >= MaxLines) return $"a reply of more than {MaxLines} lines";

        var text = line.Length > 4 ? line[4..] : default;
        var enhancedOctets = EnhancedOctets(code, text);
        var last = line.Length == 3 || line[3] == (byte)' ';
        if (last && _lines is null && text.Length > (enhancedOctets == 0 ? 0 : enhancedOctets + 1) && text.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0)
        {
            reply = Remember(octets, SmtpReply.OfLine(code, enhancedOctets, octets));
            return null;
        }

        var enhanced = enhancedOctets == 0 ? null : Encoding.ASCII.GetString(text[..enhancedOctets]);
        if (_lines is null)
        {
            _code = code;
            _enhanced = enhanced;
            _kept = 0;
        }

        if (enhanced is not null && enhanced == _enhanced) text = text.Length > enhanced.Length ? text[(enhanced.Length + 1)..] : default;
        if (last && _lines is null)
        {
            reply = Remember(octets, SmtpReply.Of(code, enhanced, Decode(text)));
            return null;
        }

        if (text.Length > MaxText - _kept) text = text[..(MaxText - _kept)];
        _kept += text.Length;
        (_lines ??= []).Add(Decode(text));
        if (!last) return null;
        reply = SmtpReply.Of(_code, _enhanced, string.Join('\n', _lines));
        _lines = null;
        return null;
    }

    private static bool TryReadCode(ReadOnlySpan<byte> line, out int code)
    {
        code = 0;
        if (line.Length < 3 || line[0] is < (byte)'2' or > (byte)'5' || !IsDigit(line[1]) || !IsDigit(line[2])) return false;
        code = ((line[0] - '0') * 100) + ((line[1] - '0') * 10) + (line[2] - '0');
        return true;
    }

    /// <summary>RFC 2034 §4: class, subject, detail; its class is the code's first digit, else it is just text. Its length, or 0.</summary>
    private static int EnhancedOctets(int code, ReadOnlySpan<byte> text)
    {
        var space = text.IndexOf((byte)' ');
        var word = space < 0 ? text : text[..space];
        if (word.Length is < 5 or > 9 || word[0] - '0' != code / 100 || word[0] == (byte)'3' || word[1] != (byte)'.') return 0;
        var dot = word[2..].IndexOf((byte)'.') + 2;
        return dot is >= 3 and <= 5 && AreDigits(word[2..dot]) && AreDigits(word[(dot + 1)..]) ? word.Length : 0;
    }

    private static bool AreDigits(ReadOnlySpan<byte> text) => text.Length is >= 1 and <= 3 && text.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;

    private static bool IsDigit(byte octet) => octet is >= (byte)'0' and <= (byte)'9';

    // LF cannot occur here; a bare CR and other controls become spaces in SmtpReply.
    private static string Decode(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text);

    /// <summary>The beginning of what came, for a sentence that a person reads.</summary>
    private static string Show(ReadOnlySpan<byte> octets)
    {
        var shown = new StringBuilder("'");
        foreach (var octet in octets.Length > 80 ? octets[..80] : octets)
        {
            if (octet is >= 32 and <= 126) shown.Append((char)octet);
            else shown.Append($"\\x{octet:x2}");
        }

        return shown.Append(octets.Length > 80 ? "…'" : "'").ToString();
    }

    private static bool TryRecall(ReadOnlySpan<byte> octets, out SmtpReply? reply)
    {
        reply = octets.Length <= InternedLine ? Volatile.Read(ref Interned[Slot(octets)]) : null;
        if (reply is not null && octets.SequenceEqual(reply.Encoded)) return true;
        reply = null;
        return false;
    }

    private static SmtpReply Remember(ReadOnlySpan<byte> octets, SmtpReply reply)
    {
        if (octets.Length <= InternedLine) Volatile.Write(ref Interned[Slot(octets)], reply);
        return reply;
    }

    private static int Slot(ReadOnlySpan<byte> octets)
    {
        var hash = 17u;
        foreach (var octet in octets) hash = (hash * 31) + octet;
        return (int)((hash ^ (hash >> 8)) & 255);
    }
}
