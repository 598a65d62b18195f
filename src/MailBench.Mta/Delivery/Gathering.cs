using MailBench.Mta.Queue;
using MailBench.Mta.Routing;

namespace MailBench.Mta.Delivery;

/// <summary>The recipients of one message on their way from Add to the batcher, while routes are looked up: one look-up per domain.</summary>
internal sealed class Gathering
{
    private readonly List<(int Recipient, int Lookup)> _recipients = [];
    private readonly List<RouteLookup> _lookups = [];
    private int _used;

    public QueueEntry Entry { get; private set; } = null!;
    public long QueuedNs { get; private set; }

    /// <summary>Look-ups without an answer.</summary>
    public int Pending { get; private set; }

    /// <summary>Its patience is over: recipients whose answers come now go on by themselves.</summary>
    public bool Released { get; set; }
    public IReadOnlyList<(int Recipient, int Lookup)> Recipients => _recipients;

    public void Start(QueueEntry entry, long nowNs)
    {
        Entry = entry;
        QueuedNs = nowNs;
    }

    /// <summary>The route of a look-up; null while it is open or when its recipients have gone on.</summary>
    public Route? RouteOf(int lookup) => _lookups[lookup].Route;

    public string DomainOf(int lookup) => _lookups[lookup].Domain;

    public void Add(int recipient, int lookup) => _recipients.Add((recipient, lookup));

    /// <summary>A look-up to be asked for; the caller passes its <see cref="RouteLookup.Done"/> to the resolver.</summary>
    public RouteLookup NewLookup(string domain, Action<RouteLookup> answered)
    {
        if (_used == _lookups.Count) _lookups.Add(new RouteLookup(this, _used, answered));
        var lookup = _lookups[_used++];
        lookup.Domain = domain;
        Pending++;
        return lookup;
    }

    public void Answered() => Pending--;

    /// <summary>Forgets the routes that have been used.</summary>
    public void ForgetRoutes()
    {
        for (var i = 0; i < _used; i++) _lookups[i].Route = null;
    }

    /// <summary>Ready for another message; only when nothing is pending.</summary>
    public void Clear()
    {
        ForgetRoutes();
        _recipients.Clear();
        _used = 0;
        Entry = null!;
        Released = false;
    }
}

/// <summary>One question for a route. Lives as long as its gathering and is asked again and again, so that its callback is allocated once.</summary>
internal sealed class RouteLookup
{
    private readonly Action<RouteLookup> _answered;

    public RouteLookup(Gathering gathering, int index, Action<RouteLookup> answered)
    {
        Gathering = gathering;
        Index = index;
        _answered = answered;
        Done = Take;
    }

    public Gathering Gathering { get; }
    public int Index { get; }
    public string Domain { get; set; } = "";
    public Route? Route { get; set; }
    public Action<Route> Done { get; }

    private void Take(Route route)
    {
        Route = route;
        Gathering.Answered();
        _answered(this);
    }
}
