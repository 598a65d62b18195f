using System.Net;
using MailBench.Transport.Line;
using Xunit;

namespace MailBench.Unit.Transport.Line;

public sealed class WireCostTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 67)]
    [InlineData(1448, 1514)]
    [InlineData(1449, 1449 + 132)]
    [InlineData(4096, 4096 + 3 * 66)]
    public void Charges_full_segments_with_their_headers(long payload, long octets) => Assert.Equal(octets, WireCost.Ip4.Of(payload));

    [Fact]
    public void Ipv6_has_20_octets_more_and_shorter_segments()
    {
        Assert.Equal(1514, WireCost.Ip6.Of(1428));
        Assert.Equal((1460, 1440), (WireCost.Ip4.MaxSegment, WireCost.Ip6.MaxSegment));
        Assert.Equal(WireCost.Ip6, WireCost.For(new IPEndPoint(IPAddress.IPv6Loopback, 25)));
        Assert.Equal(WireCost.Ip4, WireCost.For(new IPEndPoint(IPAddress.Loopback.MapToIPv6(), 25)));
    }
}
