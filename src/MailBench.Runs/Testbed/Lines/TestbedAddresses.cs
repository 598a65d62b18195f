using System.Net;

namespace MailBench.Runs.Testbed.Lines;

/// <summary>Where the testbed's nodes are, by the line's backend.</summary>
internal sealed class TestbedAddresses
{
    private readonly Func<byte, IPAddress> _near, _sink, _far;

    private TestbedAddresses(string zoneNetwork, string returnAddress, Func<byte, IPAddress> near, Func<byte, IPAddress> sink, Func<byte, IPAddress> far) =>
        (ZoneNetwork, ReturnAddress, _near, _sink, _far) = (zoneNetwork, returnAddress, near, sink, far);

    /// <summary>The network that the zone takes MX hosts from, in the form of <see cref="Model.Options.GeneratedZone.Addresses"/>.</summary>
    public string ZoneNetwork { get; }

    /// <summary>Where DSNs come back; no line shapes the way there.</summary>
    public string ReturnAddress { get; }

    /// <summary>All on loopback: a proxy listens on 127.0.1.1 …, the sink behind it on 127.0.2.1 ….</summary>
    public static TestbedAddresses UserSpace { get; } = new(
        "127.0.1.0/24", "127.0.3.1", host => new([127, 0, 1, host]), host => new([127, 0, 2, host]), host => new([127, 0, 2, host]));

    /// <summary>
    /// RFC 2544's networks for benchmarks, behind two virtual cables: the shaped one to the sink at 198.18.1.1 …, an unshaped one to 198.19.1.1 … and the return path. Where the line has a delay,
    /// the world goes to 198.18.2.1 …, where the node stands that delays.
    /// </summary>
    public static TestbedAddresses Kernel(bool delayed) => new(
        delayed ? "198.18.2.0/24" : "198.18.1.0/24", "198.19.3.1", host => new([198, 18, (byte)(delayed ? 2 : 1), host]), host => new([198, 18, 1, host]), host => new([198, 19, 1, host]));

    /// <summary>MX host <paramref name="host"/> (from 0) as the world sees it: through the line.</summary>
    public IPAddress Near(int host) => _near((byte)(host + 1));

    /// <summary>Where the sink listens for that host.</summary>
    public IPAddress Sink(int host) => _sink((byte)(host + 1));

    /// <summary>A way to the sink that no line shapes.</summary>
    public IPAddress Far(int host) => _far((byte)(host + 1));
}
