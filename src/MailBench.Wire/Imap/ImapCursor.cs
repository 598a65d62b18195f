using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>
/// Reads the pieces of RFC 3501 §9's grammar from a command whose literals stand where they were sent, <c>{N}</c> CRLF octets. A method that says false may have read on: the command is
/// bad then.
/// </summary>
internal ref struct ImapCursor(ReadOnlySpan<byte> text)
{
    private const int MaxRanges = 20_000;

    private readonly ReadOnlySpan<byte> _text = text;

    public int At { get; private set; }

    public readonly bool IsAtEnd => At == _text.Length;

    private readonly ReadOnlySpan<byte> Rest => _text[At..];

    public bool Take(byte octet)
    {
        if (IsAtEnd || _text[At] != octet) return false;
        At++;
        return true;
    }

    public bool TakeSpace() => Take((byte)' ');

    /// <summary>Whether the next octet is this one; nothing is read.</summary>
    public readonly bool IsNext(byte octet) => !IsAtEnd && _text[At] == octet;

    /// <summary>Takes a word in any case.</summary>
    public bool TakeWord(ReadOnlySpan<byte> word)
    {
        if (Rest.Length < word.Length || !Ascii.EqualsIgnoreCase(Rest[..word.Length], word)) return false;
        At += word.Length;
        return true;
    }

    public bool TryAtom(out ReadOnlySpan<byte> atom)
    {
        var length = Rest.IndexOfAnyExcept(ImapText.Atoms);
        atom = length < 0 ? Rest : Rest[..length];
        At += atom.Length;
        return !atom.IsEmpty;
    }

    /// <summary>Letters, digits and dots: the name of a fetch item or a verb.</summary>
    public ReadOnlySpan<byte> Word()
    {
        var length = 0;
        while (length < Rest.Length && (char.IsAsciiLetterOrDigit((char)Rest[length]) || Rest[length] == (byte)'.')) length++;
        var word = Rest[..length];
        At += length;
        return word;
    }

    /// <summary>astring; <paramref name="wildcards"/>: a LIST pattern, in which % and * are ordinary.</summary>
    public bool TryAString(out ReadOnlySpan<byte> value, bool wildcards = false)
    {
        if (IsNext((byte)'"') || IsNext((byte)'{')) return TryString(out value);
        var length = 0;
        while (length < Rest.Length && (ImapText.Atoms.Contains(Rest[length]) || Rest[length] == (byte)']' || (wildcards && Rest[length] is (byte)'%' or (byte)'*'))) length++;
        value = Rest[..length];
        At += length;
        return length > 0;
    }

    /// <summary>A name: its octets one for one as characters.</summary>
    public bool TryName(out string name, bool wildcards = false)
    {
        var read = TryAString(out var value, wildcards);
        name = read ? Encoding.Latin1.GetString(value) : "";
        return read;
    }

    /// <summary>Quoted or literal, without NUL.</summary>
    public bool TryString(out ReadOnlySpan<byte> value)
    {
        var read = IsNext((byte)'{') ? TryLiteral(out value) : TryQuoted(out value);
        return read && !value.Contains((byte)0);
    }

    public bool TryNumber(out uint number)
    {
        var read = Utf8Parser.TryParse(Rest, out number, out var digits) && digits <= 10 && Rest[0] is >= (byte)'0' and <= (byte)'9';
        if (read) At += digits;
        return read;
    }

    /// <summary>A mod-sequence: 63 bits (RFC 7162 §7).</summary>
    public bool TryModSeq(out long modSeq)
    {
        var read = Utf8Parser.TryParse(Rest, out modSeq, out var digits) && Rest[0] is >= (byte)'0' and <= (byte)'9';
        if (read) At += digits;
        return read;
    }

    public bool TrySet(out ImapSet set)
    {
        set = new ImapSet([]);
        var ranges = new List<(uint, uint)>();
        do
        {
            if (ranges.Count == MaxRanges || !TrySetNumber(out var from)) return false;
            var to = from;
            if (Take((byte)':') && !TrySetNumber(out to)) return false;
            ranges.Add((from, to));
        }
        while (Take((byte)','));
        set = new ImapSet(ranges);
        return true;
    }

    /// <summary>Flags in parentheses, or (<paramref name="bare"/>) without; keywords are read and passed over.</summary>
    public bool TryFlags(out ImapFlags flags, bool bare)
    {
        flags = ImapFlags.None;
        var open = Take((byte)'(');
        if (!open && !bare) return false;
        if (open && Take((byte)')')) return true;
        do
        {
            var begin = At;
            Take((byte)'\\');
            if (!TryAtom(out _)) return false;
            flags |= ImapFlagsText.Read(_text[begin..At]);
        }
        while (TakeSpace());
        return !open || Take((byte)')');
    }

    /// <summary>date-time in quotes, the day with a space in front where it has one digit.</summary>
    public bool TryDateTime(out DateTimeOffset time)
    {
        time = default;
        if (!TryQuoted(out var value) || value.Length != 26) return false;
        var text = Encoding.ASCII.GetString(value);
        return DateTimeOffset.TryParseExact($"{text[..24].TrimStart()}:{text[24..]}", "d-MMM-yyyy HH:mm:ss zzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out time) && time.Year >= 1970;
    }

    /// <summary>date, with or without quotes.</summary>
    public bool TryDate(out DateOnly date)
    {
        date = default;
        var quoted = Take((byte)'"');
        if (!TryAtom(out var atom) || atom.Length > 11 || (quoted && !Take((byte)'"'))) return false;
        return DateOnly.TryParseExact(Encoding.ASCII.GetString(atom), "d-MMM-yyyy", CultureInfo.InvariantCulture, DateTimeStyles.None, out date);
    }

    private bool TrySetNumber(out uint number)
    {
        number = ImapSet.Star;
        return Take((byte)'*') || (TryNumber(out number) && number > 0);
    }

    private bool TryQuoted(out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!Take((byte)'"')) return false;
        var length = Rest.IndexOfAny((byte)'"', (byte)'\\');
        if (length < 0) return false;
        if (Rest[length] == (byte)'"')
        {
            value = Rest[..length];
            At += length + 1;
            return value.IndexOfAny((byte)'\r', (byte)'\n') < 0;
        }

        return TryEscaped(out value);
    }

    private bool TryEscaped(out ReadOnlySpan<byte> value)
    {
        var unescaped = new byte[Rest.Length];
        var length = 0;
        value = default;
        while (!IsAtEnd)
        {
            var octet = _text[At++];
            if (octet == (byte)'"')
            {
                value = unescaped.AsSpan(0, length);
                return true;
            }

            if (octet is (byte)'\r' or (byte)'\n') return false;
            if (octet == (byte)'\\')
            {
                if (IsAtEnd || _text[At] is not ((byte)'"' or (byte)'\\')) return false;
                octet = _text[At++];
            }

            unescaped[length++] = octet;
        }

        return false;
    }

    private bool TryLiteral(out ReadOnlySpan<byte> value)
    {
        value = default;
        At++;
        if (!TryNumber(out var octets)) return false;
        Take((byte)'+');
        if (!TakeWord("}\r\n"u8) || octets > (uint)Rest.Length) return false;
        value = Rest[..(int)octets];
        At += value.Length;
        return true;
    }
}
