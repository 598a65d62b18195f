using MailBench.Wire.Dns;

namespace MailBench.Peers.Dns;

/// <summary>Gathers records into a <see cref="Zone"/> and refuses what DNS does not allow. Errors are <see cref="ZoneException"/> without a place: the caller knows it.</summary>
internal sealed class ZoneBuilder
{
    private readonly Dictionary<DnsName, Dictionary<DnsType, (uint Ttl, List<DnsRdata> Records)>> _names = new(DnsNameComparer.Instance);

    public DnsName? Origin { get; private set; }

    public void Add(DnsName owner, uint ttl, DnsRdata rdata)
    {
        if (rdata.Type == DnsType.SOA)
        {
            if (Origin is not null) throw new ZoneException($"a second SOA, at {owner}; a file holds one zone");
            Origin = owner;
        }

        if (Origin is not null && !owner.IsWithin(Origin)) throw new ZoneException($"{owner} lies outside the zone {Origin}");
        if (!_names.TryGetValue(owner, out var types)) _names[owner] = types = [];
        if (types.Count > 0 && types.ContainsKey(DnsType.CNAME) != (rdata.Type == DnsType.CNAME))
            throw new ZoneException($"{owner} has a CNAME and other records (RFC 1034 §3.6.2)");
        if (!types.TryGetValue(rdata.Type, out var set))
        {
            types[rdata.Type] = (ttl, [rdata]);
            return;
        }

        if (rdata.Type == DnsType.CNAME) throw new ZoneException($"{owner} has two CNAMEs");
        // RFC 2181 §5: a set has one TTL, and no record twice.
        if (!set.Records.Exists(rdata.IsSameAs)) set.Records.Add(rdata);
        types[rdata.Type] = (Math.Min(set.Ttl, ttl), set.Records);
    }

    public Zone Build()
    {
        if (Origin is not { } origin) throw new ZoneException("no SOA record; a zone begins with one");
        var nodes = new Dictionary<DnsName, ZoneNode>(_names.Count, DnsNameComparer.Instance);
        foreach (var (name, types) in _names)
        {
            if (!name.IsWithin(origin)) throw new ZoneException($"{name} lies outside the zone {origin}");
            nodes[name] = new ZoneNode([.. types.Select(type => new RecordSet(type.Key, type.Value.Ttl, [.. type.Value.Records]))]);
        }

        // Names between a name and the apex exist too (RFC 4592 §2.2.2).
        foreach (var name in _names.Keys)
            for (var parent = name.Parent; parent.IsWithin(origin) && nodes.TryAdd(parent, ZoneNode.Empty); parent = parent.Parent)
                if (parent.IsRoot) break;

        return new Zone(origin, nodes);
    }
}
