using System.Net;
using System.Text;

namespace MailBench.Model.Nodes;

/// <summary>
/// What a mailbox server tells an MTA for POP-before-SMTP: a datagram on the MTA's Unix socket that holds the address of a client that has just logged in, as text. Who may write to that socket is believed.
/// </summary>
public static class LoginNotice
{
    /// <summary>Longer than any address.</summary>
    public const int MaxOctets = 64;

    public static byte[] Format(IPAddress client) => Encoding.ASCII.GetBytes(ClientAddress.Plain(client).ToString());

    /// <summary>Null for what is no address.</summary>
    public static IPAddress? Parse(ReadOnlySpan<byte> datagram)
    {
        Span<char> text = stackalloc char[MaxOctets];
        return datagram.Length <= MaxOctets && IPAddress.TryParse(text[..Encoding.ASCII.GetChars(datagram, text)], out var client) ? ClientAddress.Plain(client) : null;
    }
}
