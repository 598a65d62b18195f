using System.Text;

namespace MailBench.Mta.Delivery;

/// <summary>
/// Domains of addresses as strings, one instance each, so that a recipient costs no string. Bounded: a full table starts anew, which costs time, never correctness.
/// </summary>
internal sealed class DomainTable
{
    private const int Limit = 65_536;
    private readonly Dictionary<string, string> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _bySpan;

    public DomainTable() => _bySpan = _known.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>What follows the last at-sign, in lower case and without a final dot; empty when there is none.</summary>
    public string DomainOf(ReadOnlySpan<byte> mailbox)
    {
        var octets = mailbox[(mailbox.LastIndexOf((byte)'@') + 1)..];
        if (octets.Length == mailbox.Length || octets.Length > 255) return "";
        Span<char> text = stackalloc char[octets.Length];
        Span<char> lower = stackalloc char[octets.Length];
        text = text[..Encoding.UTF8.GetChars(octets, text)];
        if (text.EndsWith('.')) text = text[..^1];
        lower = lower[..((ReadOnlySpan<char>)text).ToLowerInvariant(lower)];
        if (_bySpan.TryGetValue(lower, out var domain)) return domain;
        if (_known.Count >= Limit) _known.Clear();
        domain = lower.ToString();
        _known.Add(domain, domain);
        return domain;
    }
}
