using System.Net;
using System.Text;
using MailBench.Mta.Policy;
using Xunit;

namespace MailBench.Unit.Mta;

public class RecipientPolicyTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.0/8", null)]
    [InlineData("::ffff:127.0.0.1", "127.0.0.0/8", null)]
    [InlineData("2001:db8::7", "2001:db8::/32", null)]
    [InlineData("192.0.2.1", "127.0.0.0/8", "550 5.7.1 Relaying denied")]
    [InlineData("::1", "127.0.0.0/8", "550 5.7.1 Relaying denied")]
    [InlineData("127.0.0.1", null, "550 5.7.1 Relaying denied")]
    public void Relays_for_the_named_networks_only(string client, string? network, string? expected) =>
        Assert.Equal(expected, Ask("u1@d0.test", client, network));

    [Fact]
    public void Null_reverse_path_is_no_pass_for_strangers() =>
        Assert.Equal("550 5.7.1 Relaying denied", Ask("u1@d0.test", "192.0.2.1", "127.0.0.0/8", reversePath: ""));

    [Theory]
    [InlineData("user@[127.0.0.1]", null)]
    [InlineData("user@[IPv6:::1]", null)]
    [InlineData("a..b.@docomo.test", null)]
    [InlineData("\"a b@c\"@d.test", null)]
    [InlineData("user@[127.1]", "501 5.1.3")]
    [InlineData("user@[IPv6:127.0.0.1]", "501 5.1.3")]
    [InlineData("user@[d.test]", "501 5.1.3")]
    [InlineData("user", "501 5.1.3")]
    [InlineData("\"us@er\"", "501 5.1.3")]
    [InlineData("Postmaster", "550 5.1.1")]
    [InlineData("postmaster@d.test", null)]
    public void Recipient_needs_a_domain_or_an_address(string recipient, string? expected)
    {
        var reply = Ask(recipient, "127.0.0.1", "127.0.0.0/8");
        if (expected is null) Assert.Null(reply);
        else Assert.StartsWith(expected, reply, StringComparison.Ordinal);
    }

    [Fact]
    public void First_check_that_objects_decides() =>
        Assert.StartsWith("550 5.1.1", Ask("postmaster", "192.0.2.1", "127.0.0.0/8"), StringComparison.Ordinal);

    private static string? Ask(string recipient, string client, string? network, string reversePath = "a@source.test")
    {
        var policy = RecipientPolicy.Of(network is null ? [] : [IPNetwork.Parse(network)]);
        return policy.Refuses(new RecipientQuery
        {
            Client = IPAddress.Parse(client),
            ReversePath = Encoding.ASCII.GetBytes(reversePath),
            Recipient = Encoding.ASCII.GetBytes(recipient),
        })?.ToString();
    }
}
