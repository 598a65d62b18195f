using System.Net;
using System.Net.Sockets;

namespace MailBench.Transport.Line;

/// <summary>
/// What octets cost on an Ethernet of MTU 1500, without FCS, preamble and gap: 14 for Ethernet, 20 for IPv4 or 40 for IPv6, 32 for TCP with timestamps, and
/// the payload (method.md: The line).
/// </summary>
internal readonly record struct WireCost(int HeaderBytes, int SegmentBytes)
{
    /// <summary>What a SYN has in options beyond the timestamps that every segment carries: MSS, SACK permitted, window scale.</summary>
    public const int SynExtraBytes = 8;

    public static readonly WireCost Ip4 = new(66, 1448);
    public static readonly WireCost Ip6 = new(86, 1428);

    /// <summary>TCP_MAXSEG of such a link: the payload and the 12 octets of the timestamps option.</summary>
    public int MaxSegment => SegmentBytes + 12;

    public static WireCost For(IPEndPoint endPoint) =>
        endPoint.AddressFamily == AddressFamily.InterNetworkV6 && !endPoint.Address.IsIPv4MappedToIPv6 ? Ip6 : Ip4;

    /// <summary>Payload in full segments, the last one as it is.</summary>
    public long Of(long payload) => payload <= 0 ? 0 : payload + HeaderBytes * ((payload + SegmentBytes - 1) / SegmentBytes);

    /// <summary>Payload in so many segments, as the kernel counted them.</summary>
    public long Of(long payload, long segments) => payload + HeaderBytes * segments;
}
