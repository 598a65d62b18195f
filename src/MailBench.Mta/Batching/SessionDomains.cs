using System.Text;
using MailBench.Mta.Queue;

namespace MailBench.Mta.Batching;

/// <summary>The recipient domains that a session has had, for hosts that limit them (RFC 9422 §4.3). Holds no more than the limit; few, so they are simply compared.</summary>
internal sealed class SessionDomains(int limit)
{
    private readonly List<byte[]> _domains = [];

    /// <summary>The recipient may go on this session: its domain has been on it, or there is room for one more, which this then is.</summary>
    public bool TryAdd(QueueEntry entry, int recipient)
    {
        var address = entry.Recipients[recipient].Address.AsSpan();
        var domain = address[(address.LastIndexOf((byte)'@') + 1)..];
        foreach (var known in _domains)
            if (Ascii.EqualsIgnoreCase(known, domain)) return true;
        if (_domains.Count >= limit) return false;
        _domains.Add(domain.ToArray());
        return true;
    }
}
