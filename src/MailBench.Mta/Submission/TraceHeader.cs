using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MailBench.Model.Nodes;
using MailBench.Mta.Queue;

namespace MailBench.Mta.Submission;

/// <summary>
/// The <c>Received</c> field that a relay puts in front of the content (RFC 5321 §4.4), folded, CRLF at its end. No <c>Return-Path</c>: that is the final delivery's, and no
/// <c>for</c>, which would show blind recipients to one another. What a session's messages share is composed once, the date once a second.
/// </summary>
internal sealed class TraceHeader(TimeProvider time)
{
    private const int MaxNameBytes = 255;

    private byte[] _end = [];
    private long _endSecond = long.MinValue;
    private byte[] _field = [];

    /// <summary>The field up to the id: the same for all messages that a client sends after one EHLO.</summary>
    public static byte[] Begin(ReadOnlySpan<byte> heloName, bool extended, IPAddress client, string hostName) =>
        Encoding.ASCII.GetBytes($"Received: from {Name(heloName)} ({Literal(client)})\r\n\tby {hostName} with {(extended ? "ESMTP" : "SMTP")} id ");

    /// <summary>The whole field of a message that is received now; valid until the next call.</summary>
    public ReadOnlySpan<byte> Complete(ReadOnlySpan<byte> begin, QueueId id)
    {
        var now = time.GetUtcNow();
        if (now.ToUnixTimeSeconds() is var second && second != _endSecond) (_endSecond, _end) = (second, Encoding.ASCII.GetBytes($";\r\n\t{Date(now)}\r\n"));
        var room = begin.Length + QueueId.MaxLength + _end.Length;
        if (_field.Length < room) _field = new byte[room];
        begin.CopyTo(_field);
        var used = begin.Length + id.Format(_field.AsSpan(begin.Length));
        _end.CopyTo(_field.AsSpan(used));
        return _field.AsSpan(0, used + _end.Length);
    }

    /// <summary>RFC 5322 §3.3, always in UTC.</summary>
    public static string Date(DateTimeOffset at) => at.ToUniversalTime().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture);

    /// <summary><c>[192.0.2.1]</c> or <c>[IPv6:2001:db8::1]</c> (RFC 5321 §4.1.3).</summary>
    public static string Literal(IPAddress address)
    {
        address = ClientAddress.Plain(address);
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
