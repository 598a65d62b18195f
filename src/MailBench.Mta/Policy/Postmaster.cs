using System.Text;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Policy;

/// <summary>
/// The mailbox that every relay must answer for (RFC 5321 §4.5.1): <c>postmaster</c>, alone or at the MTA's own name, in any case. An MTA without mailboxes sends it on to the address that
/// its operator named, whoever writes: that is no relaying, since the address is not the client's choice.
/// </summary>
/// <param name="address">Where its mail goes; null: nobody reads it here, and it is refused like any other mailbox.</param>
/// <param name="hostName">The MTA's own name.</param>
internal sealed class Postmaster(string? address, string hostName)
{
    private readonly byte[]? _address = address is null ? null : Encoding.ASCII.GetBytes(address);
    private readonly byte[] _atOwnName = Encoding.ASCII.GetBytes($"postmaster@{hostName}");

    /// <summary>Where mail for a recipient (a path without angle brackets) goes instead; null: it is not for the postmaster, or none was named.</summary>
    public byte[]? AddressFor(ReadOnlySpan<byte> recipient) => Ascii.EqualsIgnoreCase(recipient, "postmaster"u8) || Ascii.EqualsIgnoreCase(recipient, _atOwnName) ? _address : null;
}
