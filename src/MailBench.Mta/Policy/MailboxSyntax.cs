using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailBench.Mta.Policy;

internal enum MailboxForm { Mailbox, LocalPartOnly, NotAscii, Malformed }

/// <summary>The grammar of a mailbox, <c>Local-part "@" ( Domain / address-literal )</c> (RFC 5321 §4.1.2, limits of §4.5.3.1). Allocation-free but for address literals.</summary>
internal static class MailboxSyntax
{
    /// <summary>Octets of a path, angle brackets not counted.</summary>
    private const int MaxPathBytes = 254;
    private const int MaxLocalPartBytes = 64;
    private const int MaxDomainBytes = 253;
    private const int MaxLabelBytes = 63;

    private static readonly SearchValues<byte> Atext =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~"u8);

    // The underscore is no host name's, but it is seen in mail domains, and DNS carries it.
    private static readonly SearchValues<byte> LabelOctets = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"u8);

    public static MailboxForm Of(ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty || path.Length > MaxPathBytes) return MailboxForm.Malformed;
        if (!Ascii.IsValid(path)) return MailboxForm.NotAscii;
        var local = LocalPartLength(path);
        if (local is <= 0 or > MaxLocalPartBytes) return MailboxForm.Malformed;
        if (local == path.Length) return MailboxForm.LocalPartOnly;
        return path[local] == (byte)'@' && (IsDomain(path[(local + 1)..]) || IsLiteral(path[(local + 1)..])) ? MailboxForm.Mailbox : MailboxForm.Malformed;
    }

    /// <summary>Octets of a dot-string or quoted-string at the start; -1 when there is none.</summary>
    private static int LocalPartLength(ReadOnlySpan<byte> path)
    {
        if (path[0] == (byte)'"')
        {
            for (var i = 1; i < path.Length; i++)
            {
                if (path[i] == (byte)'"') return i + 1;
                if (path[i] == (byte)'\\') i++;
                if (i >= path.Length || path[i] is < 32 or 127) return -1;
            }

            return -1;
        }

        var at = 0;
        while (true)
        {
            var rest = path[at..];
            var atom = rest.IndexOfAnyExcept(Atext);
            if (atom < 0) atom = rest.Length;
            if (atom == 0) return -1;
            at += atom;
            if (at == path.Length || path[at] != (byte)'.') return at;
            at++;
        }
    }

    private static bool IsDomain(ReadOnlySpan<byte> domain)
    {
        // A trailing dot means the root, which is where the name hangs anyway.
        if (domain.EndsWith("."u8)) domain = domain[..^1];
        if (domain.IsEmpty || domain.Length > MaxDomainBytes) return false;
        foreach (var range in domain.Split((byte)'.'))
        {
            var label = domain[range];
            if (label.Length is 0 or > MaxLabelBytes || label.ContainsAnyExcept(LabelOctets) || label[0] == (byte)'-' || label[^1] == (byte)'-') return false;
        }

        return true;
    }

    private static bool IsLiteral(ReadOnlySpan<byte> domain)
    {
        if (domain.Length < 3 || domain[0] != (byte)'[' || domain[^1] != (byte)']') return false;
        var inner = domain[1..^1];
        var tag = "IPv6:"u8;
        if (inner.Length > tag.Length && Ascii.EqualsIgnoreCase(inner[..tag.Length], tag))
            return inner.Contains((byte)':') && IPAddress.TryParse(Encoding.ASCII.GetString(inner[tag.Length..]), out var six) && six.AddressFamily == AddressFamily.InterNetworkV6;
        return inner.Count((byte)'.') == 3 && IPAddress.TryParse(Encoding.ASCII.GetString(inner), out var four) && four.AddressFamily == AddressFamily.InterNetwork;
    }
}
