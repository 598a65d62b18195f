namespace MailBench.Mta.Queue;

/// <summary>
/// A domain as a number, so that what waits can be told apart by destination without an address in memory. Two domains may share one: good for fairness, not for routing.
/// </summary>
internal static class DomainKey
{
    /// <summary>FNV-1a over what follows the last at-sign, ASCII letters in lower case, without a final dot.</summary>
    public static uint Of(ReadOnlySpan<byte> mailbox)
    {
        var domain = mailbox[(mailbox.LastIndexOf((byte)'@') + 1)..];
        if (domain.EndsWith("."u8)) domain = domain[..^1];
        var key = 2166136261u;
        foreach (var octet in domain) key = (key ^ (octet is >= (byte)'A' and <= (byte)'Z' ? octet | 0x20u : octet)) * 16777619u;
        return key;
    }
}
