using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MailBench.Mta.Queue;

namespace MailBench.Mta.Submission;

/// <summary>
/// The <c>Received</c> field that a relay puts in front of the content (RFC 5321 §4.4), folded, CRLF at its end. No <c>Return-Path</c>: that is the final delivery's, and no
/// <c>for</c>, which would show blind recipients to one another.
/// </summary>
internal static class TraceHeader
{
    private const int MaxNameBytes = 255;

    public static byte[] Compose(ReadOnlySpan<byte> heloName, bool extended, IPAddress client, string hostName, QueueId id, DateTimeOffset at) =>
        Encoding.ASCII.GetBytes($"Received: from {Name(heloName)} ({Literal(client)})\r\n\tby {hostName} with {(extended ? "ESMTP" : "SMTP")} id {id};\r\n\t{Date(at)}\r\n");

    /// <summary>RFC 5322 §3.3, always in UTC.</summary>
    public static string Date(DateTimeOffset at) => at.ToUniversalTime().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture);

    /// <summary><c>[192.0.2.1]</c> or <c>[IPv6:2001:db8::1]</c> (RFC 5321 §4.1.3).</summary>
    public static string Literal(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return $"[{address}]";
        return $"[IPv6:{new IPAddress(address.GetAddressBytes())}]";
    }

    /// <summary>The name as the client gave it, as long as it cannot break the field: letters, digits and <c>.-_:[]</c>.</summary>
    private static string Name(ReadOnlySpan<byte> heloName)
    {
        if (heloName.IsEmpty || heloName.Length > MaxNameBytes) return "unknown";
        foreach (var octet in heloName)
            if (!char.IsAsciiLetterOrDigit((char)octet) && !".-_:[]"u8.Contains(octet)) return "unknown";
        return Encoding.ASCII.GetString(heloName);
    }
}
