namespace MailBench.Mta;

/// <summary>
/// What the flow has done since start. Written on the loop only; read from any thread (aligned 64-bit loads do not tear, and a count that is a turn old is still true).
/// Recipients, where the name does not say otherwise. Own DSNs are in no count but <see cref="Dsns"/>, <see cref="Queued"/>, <see cref="DsnsQueued"/> and <see cref="Deferred"/>.
/// </summary>
internal sealed class FlowCounters
{
    private long _accepted, _recovered, _delivered, _failed, _queued, _deferred, _dsns, _dsnsQueued, _sessionsIn, _octetsIn, _octetsOut, _contentOctets, _messages, _discarded;

    /// <summary>Committed and answered by 250.</summary>
    public long Accepted { get => Volatile.Read(ref _accepted); set => Volatile.Write(ref _accepted, value); }

    /// <summary>Messages accepted.</summary>
    public long Messages { get => Volatile.Read(ref _messages); set => Volatile.Write(ref _messages, value); }

    /// <summary>Content octets of accepted messages as received.</summary>
    public long ContentOctets { get => Volatile.Read(ref _contentOctets); set => Volatile.Write(ref _contentOctets, value); }

    /// <summary>Found waiting at start.</summary>
    public long Recovered { get => Volatile.Read(ref _recovered); set => Volatile.Write(ref _recovered, value); }
    public long Delivered { get => Volatile.Read(ref _delivered); set => Volatile.Write(ref _delivered, value); }
    public long Failed { get => Volatile.Read(ref _failed); set => Volatile.Write(ref _failed, value); }

    /// <summary>Removed from the queue by an operator's order.</summary>
    public long Discarded { get => Volatile.Read(ref _discarded); set => Volatile.Write(ref _discarded, value); }

    /// <summary>Waiting now, own DSNs included.</summary>
    public long Queued { get => Volatile.Read(ref _queued); set => Volatile.Write(ref _queued, value); }

    /// <summary>Waiting now for a retry.</summary>
    public long Deferred { get => Volatile.Read(ref _deferred); set => Volatile.Write(ref _deferred, value); }

    /// <summary>DSN messages queued since start.</summary>
    public long Dsns { get => Volatile.Read(ref _dsns); set => Volatile.Write(ref _dsns, value); }

    /// <summary>DSN messages waiting now.</summary>
    public long DsnsQueued { get => Volatile.Read(ref _dsnsQueued); set => Volatile.Write(ref _dsnsQueued, value); }
    public long SessionsIn { get => Volatile.Read(ref _sessionsIn); set => Volatile.Write(ref _sessionsIn, value); }

    /// <summary>Octets of inbound sessions that have ended.</summary>
    public long OctetsIn { get => Volatile.Read(ref _octetsIn); set => Volatile.Write(ref _octetsIn, value); }
    public long OctetsOut { get => Volatile.Read(ref _octetsOut); set => Volatile.Write(ref _octetsOut, value); }
}
