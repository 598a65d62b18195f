using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>Writes numbers, strings and dates in the forms of RFC 3501 §9.</summary>
public static class ImapText
{
    /// <summary>A quoted string may be longer, but some clients read no more into a line.</summary>
    private const int MaxQuoted = 1000;

    private static readonly SearchValues<byte> Plain = SearchValues.Create([.. Enumerable.Range(0x20, 0x5F).Select(static octet => (byte)octet).Where(static octet => octet is not (byte)'"' and not (byte)'\\')]);
    private static readonly SearchValues<byte> AtomOctets = SearchValues.Create([.. Enumerable.Range(0x21, 0x5E).Select(static octet => (byte)octet).Where(static octet => !"(){%*\"\\]"u8.Contains(octet))]);

    /// <summary>Octets of an atom: no controls, spaces, wildcards or signs of the grammar.</summary>
    internal static SearchValues<byte> Atoms => AtomOctets;

    public static void WriteNumber(long number, IBufferWriter<byte> output)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(20), out var digits);
        output.Advance(digits);
    }

    /// <summary>A string, quoted where that can be, else as a literal; <c>NIL</c> for null.</summary>
    public static void WriteNString(string? text, IBufferWriter<byte> output)
    {
        if (text is null) output.Write("NIL"u8);
        else WriteString(Encoding.UTF8.GetBytes(text), output);
    }

    public static void WriteString(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        if (text.Length <= MaxQuoted && text.IndexOfAnyExcept(Plain) < 0) WriteQuoted(text, output);
        else if (text.Length <= MaxQuoted && text.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0) WriteEscaped(text, output);
        else WriteLiteral(text, output);
    }

    /// <summary>An atom where that can be, else a string: the form of mailbox names (astring).</summary>
    public static void WriteAString(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        if (!text.IsEmpty && text.IndexOfAnyExcept(AtomOctets) < 0 && !Ascii.EqualsIgnoreCase(text, "NIL"u8)) output.Write(text);
        else WriteString(text, output);
    }

    public static void WriteLiteral(ReadOnlySpan<byte> octets, IBufferWriter<byte> output)
    {
        WriteLiteralHead(octets.Length, output);
        output.Write(octets);
    }

    /// <summary><c>{N}</c> CRLF: so many octets follow.</summary>
    public static void WriteLiteralHead(long octets, IBufferWriter<byte> output)
    {
        output.Write("{"u8);
        WriteNumber(octets, output);
        output.Write("}\r\n"u8);
    }

    /// <summary>date-time, quoted: <c>"17-Jul-1996 02:44:25 -0700"</c>.</summary>
    public static void WriteDateTime(DateTimeOffset time, IBufferWriter<byte> output)
    {
        var text = time.ToString("\\\"dd-MMM-yyyy HH:mm:ss zzz", CultureInfo.InvariantCulture);
        output.Write(Encoding.ASCII.GetBytes($"{text[..^3]}{text[^2..]}\""));
    }

    private static void WriteQuoted(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        var span = output.GetSpan(text.Length + 2);
        span[0] = (byte)'"';
        text.CopyTo(span[1..]);
        span[text.Length + 1] = (byte)'"';
        output.Advance(text.Length + 2);
    }

    private static void WriteEscaped(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        var span = output.GetSpan(2 * text.Length + 2);
        var at = 0;
        span[at++] = (byte)'"';
        foreach (var octet in text)
        {
            if (octet is (byte)'"' or (byte)'\\') span[at++] = (byte)'\\';
            span[at++] = octet;
        }

        span[at++] = (byte)'"';
        output.Advance(at);
    }
}
