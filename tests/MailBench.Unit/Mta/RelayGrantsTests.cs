using System.Net;
using System.Text;
using MailBench.Model.Nodes;
using MailBench.Mta.Policy;
using Xunit;

namespace MailBench.Unit.Mta;

public sealed class RelayGrantsTests
{
    private const long Second = 1_000_000_000;

    private readonly RelayGrants _grants;
    private long _nowNs = 5;

    public RelayGrantsTests() => _grants = new RelayGrants(TimeSpan.FromSeconds(10), () => _nowNs);

    [Fact]
    public void Who_logged_in_may_relay_until_the_time_is_over_and_nobody_else()
    {
        _grants.Open(Address("192.0.2.1"));
        Assert.True(_grants.IsOpen(Address("192.0.2.1")));
        Assert.True(_grants.IsOpen(Address("::ffff:192.0.2.1")));
        Assert.False(_grants.IsOpen(Address("192.0.2.2")));
        Assert.False(_grants.IsOpen(Address("2001:db8::1")));
        _nowNs += (10 * Second) - 1;
        Assert.True(_grants.IsOpen(Address("192.0.2.1")));
        _nowNs++;
        Assert.False(_grants.IsOpen(Address("192.0.2.1")));
    }

    [Fact]
    public void Another_login_lengthens_the_time_from_then_on()
    {
        _grants.Open(Address("192.0.2.1"));
        _nowNs += 9 * Second;
        _grants.Open(Address("::ffff:192.0.2.1"));
        Assert.Equal(1, _grants.Count);
        _nowNs += 9 * Second;
        Assert.True(_grants.IsOpen(Address("192.0.2.1")));
        _nowNs += Second;
        Assert.False(_grants.IsOpen(Address("192.0.2.1")));
    }

    [Fact]
    public void What_is_over_is_let_go_of_with_the_next_login()
    {
        for (var i = 1; i <= 100; i++) _grants.Open(Address($"192.0.2.{i}"));
        _nowNs += 10 * Second;
        _grants.Open(Address("198.51.100.1"));
        Assert.Equal(1, _grants.Count);
    }

    [Fact]
    public void At_the_limit_who_logged_in_longest_ago_makes_room()
    {
        for (var i = 0; i <= RelayGrants.MaxAddresses; i++) _grants.Open(Numbered(i));
        Assert.Equal(RelayGrants.MaxAddresses, _grants.Count);
        Assert.False(_grants.IsOpen(Numbered(0)));
        Assert.True(_grants.IsOpen(Numbered(1)));
        Assert.True(_grants.IsOpen(Numbered(RelayGrants.MaxAddresses)));
    }

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7")]
    [InlineData("2001:db8::7", "2001:db8::7")]
    public void A_notice_is_read_as_it_was_written(string client, string expected) =>
        Assert.Equal(Address(expected), LoginNotice.Parse(LoginNotice.Format(Address(client))));

    [Theory]
    [InlineData("")]
    [InlineData("user0")]
    [InlineData("192.0.2.0/24")]
    [InlineData("192.0.2.7\n192.0.2.8")]
    [InlineData("000000000000000000000000000000000000000000000000000000000000000001")]
    public void A_notice_that_is_no_address_opens_nothing(string datagram) => Assert.Null(LoginNotice.Parse(Encoding.ASCII.GetBytes(datagram)));

    private static IPAddress Address(string text) => IPAddress.Parse(text);

    private static IPAddress Numbered(int i) => new([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]);
}
