using System.Diagnostics.CodeAnalysis;
using MailBench.Wire.Dns;

namespace MailBench.Peers.Dns;

/// <summary>Records of one name and type, with one TTL in seconds (RFC 2181 §5.2).</summary>
internal sealed record RecordSet(DnsType Type, uint Ttl, DnsRdata[] Records);

/// <summary>One name of a zone. Names of equal content may share a node; an empty one stands for a name that only has names under it (NODATA, not NXDOMAIN).</summary>
internal sealed class ZoneNode(RecordSet[] sets)
{
    public static readonly ZoneNode Empty = new([]);

    public RecordSet[] Sets { get; } = sets;

    public RecordSet? Find(DnsType type)
    {
        foreach (var set in Sets)
            if (set.Type == type) return set;
        return null;
    }
}

/// <summary>An immutable zone: what one SOA governs. Look-ups are by lower-case wire form and allocate nothing.</summary>
internal sealed class Zone
{
    private readonly Dictionary<DnsName, ZoneNode>.AlternateLookup<ReadOnlySpan<byte>> _nodes;
    private readonly bool _hasCuts;

    /// <param name="nodes">With the apex, which has the SOA, and every name between a name and the apex.</param>
    public Zone(DnsName origin, Dictionary<DnsName, ZoneNode> nodes)
    {
        Origin = origin;
        Names = nodes.Count;
        _nodes = nodes.GetAlternateLookup<ReadOnlySpan<byte>>();
        Soa = nodes[origin].Find(DnsType.SOA)!;
        foreach (var (name, node) in nodes) _hasCuts |= node.Find(DnsType.NS) is not null && !name.Equals(origin);
    }

    public DnsName Origin { get; }
    public RecordSet Soa { get; }
    public int Names { get; }

    /// <summary>Life of a negative answer in seconds (RFC 2308 §3).</summary>
    public uint NegativeTtl => Math.Min(Soa.Ttl, Soa.Records[0].SoaMinimum);

    /// <summary>Whether MX answers carry the addresses of their hosts.</summary>
    public bool Additional { get; init; } = true;

    public bool TryGet(ReadOnlySpan<byte> name, [NotNullWhen(true)] out ZoneNode? node) => _nodes.TryGetValue(name, out node);

    /// <summary>The highest delegation at or above <paramref name="name"/> and below the apex: there our authority ends (RFC 1034 §4.3.2, 3b).</summary>
    public RecordSet? FindCut(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> owner)
    {
        owner = default;
        RecordSet? cut = null;
        if (!_hasCuts) return null;
        for (var at = name; at.Length > Origin.Wire.Length; at = at[(at[0] + 1)..])
        {
            if (!_nodes.TryGetValue(at, out var node) || node.Find(DnsType.NS) is not { } set) continue;
            cut = set;
            owner = at;
        }

        return cut;
    }

    /// <summary>The wildcard that covers a name which does not exist: <c>*</c> under its closest encloser (RFC 4592 §3.3.1), or null.</summary>
    public ZoneNode? FindWildcard(ReadOnlySpan<byte> name)
    {
        var encloser = name;
        do encloser = encloser[(encloser[0] + 1)..];
        while (encloser.Length > Origin.Wire.Length && !_nodes.ContainsKey(encloser));

        Span<byte> wildcard = stackalloc byte[DnsWire.MaxNameBytes + 2];
        wildcard[0] = 1;
        wildcard[1] = (byte)'*';
        encloser.CopyTo(wildcard[2..]);
        return _nodes.TryGetValue(wildcard[..(encloser.Length + 2)], out var node) ? node : null;
    }
}

/// <summary>All zones that a responder serves.</summary>
internal sealed class ZoneSet
{
    private readonly Dictionary<DnsName, Zone>.AlternateLookup<ReadOnlySpan<byte>> _zones;

    /// <summary>Throws <see cref="ZoneException"/> when two zones have one origin.</summary>
    public ZoneSet(IEnumerable<Zone> zones)
    {
        var table = new Dictionary<DnsName, Zone>(DnsNameComparer.Instance);
        foreach (var zone in zones)
            if (!table.TryAdd(zone.Origin, zone)) throw new ZoneException($"The zone {zone.Origin} is given twice.");
        _zones = table.GetAlternateLookup<ReadOnlySpan<byte>>();
        Count = table.Count;
    }

    public int Count { get; }

    /// <summary>The closest zone at or above a name, or null.</summary>
    public Zone? Find(ReadOnlySpan<byte> name)
    {
        while (true)
        {
            if (_zones.TryGetValue(name, out var zone)) return zone;
            if (name.Length <= 1) return null;
            name = name[(name[0] + 1)..];
        }
    }
}

/// <summary>A zone that cannot be served as written; the message names file and line where there is one.</summary>
public sealed class ZoneException : Exception
{
    public ZoneException(string message) : base(message) { }

    public ZoneException(string message, Exception inner) : base(message, inner) { }

    public ZoneException() { }
}
