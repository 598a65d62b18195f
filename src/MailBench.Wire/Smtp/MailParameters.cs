using System.Buffers.Text;
using System.Text;

namespace MailBench.Wire.Smtp;

internal enum ParameterFault : byte { None, Syntax, Unknown }

/// <summary>The ESMTP parameters of MAIL that a server interprets: SIZE (RFC 1870) and BODY (RFC 6152). RCPT has none here.</summary>
internal struct MailParameters
{
    public long SizeBytes { get; private set; }
    public BodyKind Body { get; private set; }
    public ParameterFault Fault { get; private set; }

    public static MailParameters Parse(ReadOnlySpan<byte> text, bool eightBitMime)
    {
        var parsed = new MailParameters { SizeBytes = -1 };
        var bodySeen = false;
        while (parsed.Fault == ParameterFault.None && TryNext(ref text, out var keyword, out var value))
        {
            if (Ascii.EqualsIgnoreCase(keyword, "SIZE"u8)) parsed.TakeSize(value);
            else if (eightBitMime && Ascii.EqualsIgnoreCase(keyword, "BODY"u8)) parsed.TakeBody(value, ref bodySeen);
            else parsed.Fault = ParameterFault.Unknown;
        }

        return parsed;
    }

    private void TakeSize(ReadOnlySpan<byte> value)
    {
        // Twenty digits may say more than a long holds; such a message is too large whatever the limit.
        if (SizeBytes >= 0 || value.Length is 0 or > 20 || value.IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0) Fault = ParameterFault.Syntax;
        else SizeBytes = Utf8Parser.TryParse(value, out long size, out var used) && used == value.Length ? size : long.MaxValue;
    }

    private void TakeBody(ReadOnlySpan<byte> value, ref bool seen)
    {
        if (seen) Fault = ParameterFault.Syntax;
        else if (Ascii.EqualsIgnoreCase(value, "8BITMIME"u8)) Body = BodyKind.EightBitMime;
        else if (!Ascii.EqualsIgnoreCase(value, "7BIT"u8)) Fault = ParameterFault.Syntax;
        seen = true;
    }

    private static bool TryNext(ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> keyword, out ReadOnlySpan<byte> value)
    {
        text = text.TrimStart((byte)' ');
        var space = text.IndexOf((byte)' ');
        var word = space < 0 ? text : text[..space];
        text = space < 0 ? default : text[space..];
        var equals = word.IndexOf((byte)'=');
        keyword = equals < 0 ? word : word[..equals];
        value = equals < 0 ? default : word[(equals + 1)..];
        return !word.IsEmpty;
    }
}
