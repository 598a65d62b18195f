using MailBench.EndToEnd.Mta;
using Xunit;

namespace MailBench.EndToEnd.Faults;

/// <summary>The DNS server goes away under the MTA, and comes back.</summary>
public sealed class DnsGoneTests
{
    private const string Content = "Subject: one\r\n\r\nbody\r\n";

    [Fact]
    public async Task Known_domains_are_delivered_to_and_unknown_ones_wait_for_its_return()
    {
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { DnsTimeout = TimeSpan.FromMilliseconds(200) }, ttl: TimeSpan.FromSeconds(1));
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        await client.TransactAsync("a@source.test", Content, "u0@d0.test");
        await rig.CountReachesAsync("delivered", 1);
        await rig.StopDnsAsync();

        // One after the other, until the TTL is over: then what was known serves on.
        var sent = 1;
        while (rig.Count("dnsStale") == 0)
        {
            Assert.True(sent++ < 500, "the answers never grew stale");
            await client.TransactAsync("a@source.test", Content, "u0@d0.test");
            await rig.CountReachesAsync("delivered", sent);
        }

        Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, "u0@d1.test"), StringComparison.Ordinal);
        await rig.CountReachesAsync("deferred", 1);
        await MtaRig.EventuallyAsync(() => rig.AttemptLog.Contains(" deferred to=<u0@d1.test>", StringComparison.Ordinal), () => rig.AttemptLog);
        Assert.Contains("status=4.4.3", rig.AttemptLog, StringComparison.Ordinal);

        await rig.StartDnsAsync();
        await rig.CountReachesAsync("delivered", sent + 1);
        Assert.Equal((sent + 1, 0, 0), (rig.Count("accepted"), rig.Count("queued"), rig.Count("failed")));
        Assert.Empty(rig.Complaints);
    }
}
