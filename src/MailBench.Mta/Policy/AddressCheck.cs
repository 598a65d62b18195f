using System.Net;
using System.Net.Sockets;
using System.Text;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Policy;

/// <summary>
/// A recipient must have a domain that mail can be sent to. The machine has seen to the grammar (RFC 5321 §4.1.2); what is left is <c>postmaster</c>, the one address that may
/// come without a domain (§4.5.1) but would be a local mailbox, of which this MTA has none (see <see cref="Postmaster"/>), and address literals that name no address (§4.1.3).
/// </summary>
internal sealed class AddressCheck : RecipientCheck
{
    private static readonly SmtpReply NoPostmaster =
        SmtpReply.Of(550, "5.1.1", "postmaster has no mailbox here: this MTA only relays and was given no mta.postmaster; write to postmaster at a domain");
    private static readonly SmtpReply NoDomain = SmtpReply.Of(501, "5.1.3", "Recipient address needs a domain");
    private static readonly SmtpReply BadLiteral = SmtpReply.Of(501, "5.1.3", "Recipient's address literal is no IPv4 or IPv6 address");

    public override SmtpReply? Refuses(in RecipientQuery query)
    {
        var at = query.Recipient.LastIndexOf((byte)'@');
        if (at <= 0 || query.Recipient[^1] is (byte)'"' or (byte)'@') return Ascii.EqualsIgnoreCase(query.Recipient, "postmaster"u8) ? NoPostmaster : NoDomain;
        var domain = query.Recipient[(at + 1)..];
        return domain[0] == (byte)'[' && !IsAddressLiteral(domain) ? BadLiteral : null;
    }

    private static bool IsAddressLiteral(ReadOnlySpan<byte> domain)
    {
        if (domain.Length < 3 || domain[^1] != (byte)']') return false;
        var inner = domain[1..^1];
        var tag = "IPv6:"u8;
        if (inner.Length > tag.Length && Ascii.EqualsIgnoreCase(inner[..tag.Length], tag))
            return IPAddress.TryParse(Encoding.ASCII.GetString(inner[tag.Length..]), out var six) && six.AddressFamily == AddressFamily.InterNetworkV6;

        // Four parts: .NET would take 127.1 too.
        return inner.Count((byte)'.') == 3 && IPAddress.TryParse(Encoding.ASCII.GetString(inner), out var four) && four.AddressFamily == AddressFamily.InterNetwork;
    }
}
