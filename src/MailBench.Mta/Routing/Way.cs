namespace MailBench.Mta.Routing;

/// <summary>What is cached of a domain: its hosts by preference, from which each resolve draws an order; or a fixed route without hosts.</summary>
internal sealed class Way
{
    private readonly Route _route;
    private readonly MxHost[] _hosts;
    private readonly bool _hasEquals;

    private Way(Route route, MxHost[] hosts)
    {
        _route = route;
        _hosts = hosts;
        for (var i = 1; i < hosts.Length; i++) _hasEquals |= hosts[i].Preference == hosts[i - 1].Preference;
    }

    /// <summary>Hosts in any order; at least one.</summary>
    public static Way To(IEnumerable<MxHost> hosts, string mxSet, bool stale)
    {
        var sorted = hosts.OrderBy(host => host.Preference).ToArray();
        return new Way(new Route(RouteKind.Hosts, sorted, null, null) { MxSet = mxSet }, sorted) { Stale = stale };
    }

    /// <summary>It rests on answers whose TTL is over, since DNS gives no new ones.</summary>
    public bool Stale { get; init; }

    /// <summary>DNS says that there is nothing to be reached.</summary>
    public bool IsNegative => _route.Kind == RouteKind.NoSuchDomain;

    public static Way Fail(RouteKind kind, string status, string reason) => new(new Route(kind, [], reason, status), []);

    /// <summary>The route with hosts of equal preference shuffled (RFC 5321 §5.1: "the sender-SMTP MUST randomize them to spread the load").</summary>
    public Route Draw(Random random)
    {
        if (!_hasEquals) return _route;
        var drawn = (MxHost[])_hosts.Clone();
        for (var from = 0; from < drawn.Length;)
        {
            var to = from + 1;
            while (to < drawn.Length && drawn[to].Preference == drawn[from].Preference) to++;
            random.Shuffle(drawn.AsSpan(from, to - from));
            from = to;
        }

        return _route with { Hosts = drawn };
    }
}
