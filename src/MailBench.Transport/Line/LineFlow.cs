namespace MailBench.Transport.Line;

/// <summary>
/// One direction of one connection: octets that wait for the line, then those under way on it (serialised, not yet delivered because of the delay), in one ring.
/// </summary>
internal sealed class LineFlow(LineDirection direction, Connection source, WireCost cost)
{
    public OctetQueue Octets { get; } = new();

    public LineDirection Direction { get; } = direction;

    /// <summary>Where the octets come from; paused while the queue is full.</summary>
    public Connection Source { get; } = source;

    public WireCost Cost { get; } = cost;

    /// <summary>Where they go; null while that side is not connected.</summary>
    public Connection? Target { get; set; }

    /// <summary>The handshake's round trip is over in this direction.</summary>
    public bool IsOpen { get; set; }

    /// <summary>Octets that wait for the line.</summary>
    public int Queued { get; set; }

    /// <summary>Deficit round robin's allowance, in wire octets.</summary>
    public long Deficit { get; set; }

    public bool InRound { get; set; }

    public bool IsPaused { get; set; }

    /// <summary>The first octets after a pause: they have waited in the kernel.</summary>
    public bool WasPaused { get; set; }

    /// <summary>Octets that <see cref="Target"/> could not get rid of when it was found to be slow; 0: it is not.</summary>
    public int Blocked { get; set; }

    public bool FinAsked { get; set; }

    public bool FinUnderWay { get; set; }

    /// <summary>One side was reset: what is left goes nowhere.</summary>
    public bool IsDead { get; set; }

    /// <summary>Payload that has been given to the line (serialised), and what was charged for this flow, estimates and corrections together.</summary>
    public long Serialised { get; set; }

    public long Delivered { get; set; }

    public long UnderWayCost { get; set; }

    public long Charged { get; set; }

    public bool IsReady => Queued > 0 && IsOpen && Target is not null && Blocked == 0 && !IsDead;
}
