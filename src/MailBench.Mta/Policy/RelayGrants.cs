using System.Net;
using MailBench.Model.Nodes;

namespace MailBench.Mta.Policy;

/// <summary>
/// POP-before-SMTP: who has logged in at the mailbox server may relay from the same address for a while. Addresses are exact, kept in memory only, at most <see cref="MaxAddresses"/>; the one that logged in
/// longest ago makes room. Of the loop. A weak proof: whoever else shares the address (behind a translator, after it was given away) may relay too.
/// </summary>
internal sealed class RelayGrants(TimeSpan duration, Func<long> nowNs)
{
    public const int MaxAddresses = 100_000;

    private readonly long _durationNs = duration.Ticks * 100;
    private readonly Dictionary<IPAddress, LinkedListNode<Grant>> _byAddress = [];

    /// <summary>In the order of their ends, since all last equally long.</summary>
    private readonly LinkedList<Grant> _byEnd = new();

    public int Count => _byAddress.Count;

    public void Open(IPAddress client)
    {
        var now = nowNs();
        var grant = new Grant(ClientAddress.Plain(client), now + _durationNs);
        while (_byEnd.First is { } first && (first.Value.EndNs <= now || _byAddress.Count >= MaxAddresses)) Remove(first);
        if (_byAddress.TryGetValue(grant.Client, out var node))
        {
            node.Value = grant;
            _byEnd.Remove(node);
            _byEnd.AddLast(node);
        }
        else
        {
            _byAddress.Add(grant.Client, _byEnd.AddLast(grant));
        }
    }

    public bool IsOpen(IPAddress client) => _byAddress.TryGetValue(ClientAddress.Plain(client), out var node) && nowNs() < node.Value.EndNs;

    private void Remove(LinkedListNode<Grant> node)
    {
        _byEnd.Remove(node);
        _byAddress.Remove(node.Value.Client);
    }

    private readonly record struct Grant(IPAddress Client, long EndNs);
}
