using System.Buffers.Text;
using System.Text;

namespace MailBench.Wire.Imap;

/// <summary>Mailbox names in modified UTF-7 (RFC 3501 §5.1.3): printable ASCII stands for itself, <c>&amp;-</c> for the ampersand, <c>&amp;BASE64-</c> for anything else in UTF-16.</summary>
public static class ModifiedUtf7
{
    /// <summary>The text of a name, or false where it is not the one form that its text has: two names for one mailbox would be two keys to one door.</summary>
    public static bool TryDecode(string name, out string text)
    {
        text = "";
        var decoded = new StringBuilder(name.Length);
        for (var at = 0; at < name.Length; at++)
        {
            if (name[at] is < ' ' or > '~') return false;
            if (name[at] != '&')
            {
                decoded.Append(name[at]);
                continue;
            }

            var end = name.IndexOf('-', at);
            if (end < 0) return false;
            if (end == at + 1) decoded.Append('&');
            else if (!TryDecodeRun(name.AsSpan(at + 1, end - at - 1), decoded)) return false;
            at = end;
        }

        text = decoded.ToString();
        return Encode(text) == name;
    }

    public static string Encode(string text)
    {
        var name = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length;)
        {
            if (text[at] is >= ' ' and <= '~')
            {
                name.Append(text[at] == '&' ? "&-" : text[at].ToString());
                at++;
                continue;
            }

            var end = at;
            while (end < text.Length && text[end] is < ' ' or > '~') end++;
            name.Append('&').Append(Convert.ToBase64String(Encoding.BigEndianUnicode.GetBytes(text[at..end])).TrimEnd('=').Replace('/', ',')).Append('-');
            at = end;
        }

        return name.ToString();
    }

    private static bool TryDecodeRun(ReadOnlySpan<char> run, StringBuilder into)
    {
        if (run.IndexOfAny('/', '=', ' ') >= 0) return false;
        var padded = run.ToString().Replace(',', '/');
        padded = padded.PadRight((padded.Length + 3) / 4 * 4, '=');
        if (!Base64.IsValid(padded)) return false;
        var octets = Convert.FromBase64String(padded);
        if (octets.Length % 2 != 0) return false;
        for (var at = 0; at < octets.Length; at += 2)
        {
            var unit = (char)(octets[at] << 8 | octets[at + 1]);
            var last = at + 2 >= octets.Length;
            if (char.IsHighSurrogate(unit) && (last || !char.IsLowSurrogate((char)(octets[at + 2] << 8 | octets[at + 3])))) return false;
            if (char.IsLowSurrogate(unit) && (into.Length == 0 || !char.IsHighSurrogate(into[^1]))) return false;
            into.Append(unit);
        }

        return true;
    }
}
