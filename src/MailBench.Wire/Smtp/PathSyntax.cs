using System.Buffers;
using System.Text;

namespace MailBench.Wire.Smtp;

/// <summary>
/// Reverse-path and forward-path (RFC 5321 §4.1.2). Stricter than needed nowhere: dots may stand anywhere in an unquoted local part, since addresses
/// such as <c>a..b.@docomo.example</c> exist and get mail.
/// </summary>
internal static class PathSyntax
{
    private static readonly SearchValues<byte> AtomOrDot =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~."u8);

    private static readonly SearchValues<byte> HostOctets = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."u8);

    private const int MaxDomain = 255;
    private const int MaxLabel = 63;

    /// <summary>Reads <c>&lt;…&gt;</c> at the start of <paramref name="text"/>. A source route is read and dropped (RFC 5321 §3.6.1, appendix C). The null path is given as empty.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> mailbox, out ReadOnlySpan<byte> rest)
    {
        mailbox = rest = default;
        if (text.Length < 2 || text[0] != (byte)'<') return false;
        var at = 1;
        if (text[at] == (byte)'>')
        {
            rest = text[2..];
            return true;
        }

        if (text[at] == (byte)'@' && !TrySkipRoute(text, ref at)) return false;
        var start = at;
        if (!TrySkipLocalPart(text, ref at)) return false;
        if (at < text.Length && text[at] == (byte)'@')
        {
            at++;
            if (!TrySkipDomain(text, ref at)) return false;
        }

        if (at >= text.Length || text[at] != (byte)'>') return false;
        mailbox = text[start..at];
        rest = text[(at + 1)..];
        return true;
    }

    /// <summary>The mailbox has a domain. (A quoted local part may hold an at-sign itself, so the last one counts.)</summary>
    public static bool HasDomain(ReadOnlySpan<byte> mailbox)
    {
        var at = mailbox.LastIndexOf((byte)'@');
        return at > 0 && mailbox[^1] != (byte)'"';
    }

    /// <summary>The only mailbox that every server must know without a domain (RFC 5321 §4.5.1).</summary>
    public static bool IsPostmaster(ReadOnlySpan<byte> mailbox) => Ascii.EqualsIgnoreCase(mailbox, "postmaster"u8);

    /// <summary>May be put between angle brackets on a command line: no control characters, and spaces and angle brackets in a quoted local part only.</summary>
    public static bool IsSafe(ReadOnlySpan<byte> mailbox)
    {
        if (CommandLine.HasControl(mailbox)) return false;
        if (mailbox.IndexOfAny((byte)' ', (byte)'<', (byte)'>') < 0) return true;
        var at = 0;
        return mailbox[0] == (byte)'"' && TrySkipLocalPart(mailbox, ref at) && mailbox[at..].IndexOfAny((byte)' ', (byte)'<', (byte)'>') < 0;
    }

    private static bool TrySkipRoute(ReadOnlySpan<byte> text, ref int at)
    {
        while (at < text.Length && text[at] == (byte)'@')
        {
            at++;
            if (!TrySkipDomain(text, ref at) || at >= text.Length) return false;
            if (text[at] == (byte)':')
            {
                at++;
                return true;
            }

            if (text[at] != (byte)',') return false;
            at++;
        }

        return false;
    }

    private static bool TrySkipLocalPart(ReadOnlySpan<byte> text, ref int at)
    {
        if (at >= text.Length) return false;
        if (text[at] != (byte)'"')
        {
            var length = text[at..].IndexOfAnyExcept(AtomOrDot);
            if (length <= 0) return false;
            at += length;
            return true;
        }

        for (at++; at < text.Length; at++)
        {
            if (text[at] is < 32 or > 126) return false;
            if (text[at] == (byte)'\\')
            {
                at++;
                if (at >= text.Length || text[at] is < 32 or > 126) return false;
            }
            else if (text[at] == (byte)'"')
            {
                at++;
                return true;
            }
        }

        return false;
    }

    private static bool TrySkipDomain(ReadOnlySpan<byte> text, ref int at)
    {
        var rest = text[at..];
        if (!rest.IsEmpty && rest[0] == (byte)'[') return TrySkipLiteral(rest, ref at);
        var length = rest.IndexOfAnyExcept(HostOctets);
        if (length < 0) length = rest.Length;
        if (length is 0 or > MaxDomain) return false;
        var label = 0;
        foreach (var octet in rest[..length])
        {
            if (octet != (byte)'.') label++;
            else if (label == 0) return false;
            else label = 0;
            if (label > MaxLabel) return false;
        }

        at += length;
        return label > 0;
    }

    private static bool TrySkipLiteral(ReadOnlySpan<byte> rest, ref int at)
    {
        var close = rest.IndexOf((byte)']');
        if (close is < 2 or > MaxDomain) return false;
        foreach (var octet in rest[1..close])
            if (octet is < 33 or > 126 or (byte)'[' or (byte)'\\') return false;
        at += close + 1;
        return true;
    }
}
