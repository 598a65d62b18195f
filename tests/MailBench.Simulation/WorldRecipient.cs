using MailBench.Mta.Queue;
using MailBench.Mta.Routing;

namespace MailBench.Simulation;

internal enum Whereabouts { Waiting, Queued, Flying, Delivered, Failed }

/// <summary>What the world knows of a recipient, beside what the machines know: the books are held against each other.</summary>
internal sealed class WorldRecipient(QueueEntry entry, int index, string domain, Route route, bool isNotification, long acceptedNs)
{
    private readonly List<MxHost> _tried = [];

    public QueueEntry Entry { get; } = entry;
    public int Index { get; } = index;
    public string Domain { get; } = domain;
    public Route Route { get; } = route;
    public bool IsNotification { get; } = isNotification;
    public long AcceptedNs { get; } = acceptedNs;
    public Whereabouts Where { get; private set; } = Whereabouts.Waiting;
    public int Attempts { get; set; }
    public long DueNs { get; set; } = acceptedNs;
    public long QueuedNs { get; private set; }

    /// <summary>When the first transaction with it began.</summary>
    public long? BegunNs { get; set; }
    public long EndedNs { get; private set; }

    /// <summary>Its lifetime was over.</summary>
    public bool HasExpired { get; set; }

    /// <summary>Hosts tried since it was last due, in order.</summary>
    public IReadOnlyList<MxHost> Tried => _tried;

    public void Go(Whereabouts from, Whereabouts to, long nowNs)
    {
        if (Where != from) throw new BrokenInvariantException($"recipient {Index} of {Entry.Id.Value} becomes {to} and should be {from}, but is {Where}");
        Where = to;
        if (to == Whereabouts.Queued && from == Whereabouts.Waiting)
        {
            QueuedNs = nowNs;
            _tried.Clear();
        }

        if (to >= Whereabouts.Delivered) EndedNs = nowNs;
    }

    /// <summary>
    /// It is in a transaction at this host now. No sound host that is preferred may be passed over, preference never falls within an attempt, and where
    /// <paramref name="once"/> holds (per-mx-host) a host that it has left is not come back to.
    /// </summary>
    public void Try(MxHost host, bool once, Func<string, bool> isSound)
    {
        // The session has its host from the newest route of its site; another domain may prefer it otherwise.
        host = Route.Hosts.First(own => own.Name == host.Name);
        foreach (var other in Route.Hosts)
            if (other.Preference < host.Preference && isSound(other.Name))
                throw new BrokenInvariantException($"recipient {Index} of {Entry.Id.Value} is sent to {host.Name} ({host.Preference}) although {other.Name} ({other.Preference}) is sound");
        if (_tried.Count > 0 && _tried[^1].Name == host.Name) return;
        if (once && _tried.Any(t => t.Name == host.Name || t.Preference > host.Preference))
            throw new BrokenInvariantException($"recipient {Index} of {Entry.Id.Value} goes back to {host.Name} after {string.Join(", ", _tried.Select(t => $"{t.Name} ({t.Preference})"))}");
        _tried.Add(host);
    }
}
