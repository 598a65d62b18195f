using MailBench.Mta.Routing;
using MailBench.Unit.Peers.Dns;
using Xunit;

namespace MailBench.Unit.Mta.Routing;

/// <summary>What the router does while DNS is gone or failing, for names that it has known (RFC 8767). Real sockets; the clock of TTLs is ours.</summary>
public sealed class StaleAnswerTests : IAsyncDisposable
{
    private static readonly TimeSpan Ttl = TimeSpan.FromHours(1);

    private DnsGate _gate = null!;
    private RouterHarness _router = null!;

    private async Task StartAsync(Func<RouterOptions, RouterOptions> change, string spec = "domains=3,mx=2,per-domain=2,ttl=1h")
    {
        var server = await DnsServer.GenerateAsync(spec);
        _gate = new DnsGate(server.EndPoint);
        _router = new RouterHarness(server, options => change(options with { Dns = _gate.EndPoint, Retries = 0 }));
    }

    public async ValueTask DisposeAsync()
    {
        await _router.DisposeAsync();
        await _gate.DisposeAsync();
    }

    [Theory]
    [InlineData("Servfail", "on")]
    [InlineData("Silent", "on")]
    [InlineData("Servfail", "off")]
    public async Task A_known_domain_keeps_its_hosts_until_dns_is_back(string state, string additional)
    {
        await StartAsync(options => options with { Timeout = TimeSpan.FromSeconds(state == "Silent" ? 3 : 20), StaleAfter = TimeSpan.FromSeconds(20) }, $"domains=3,mx=2,per-domain=2,ttl=1h,additional={additional}");
        var hosts = Hosts(await _router.ResolveAsync("d0.test"));
        _router.Time.Advance(Ttl);
        _gate.State = Enum.Parse<GateState>(state);
        Assert.Equal(hosts, Hosts(await _router.ResolveAsync("d0.test")));
        Assert.Equal((0, 1, 0), _router.Lookups);

        // For a while nothing is asked again.
        var asked = _gate.Asked;
        _router.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(hosts, Hosts(await _router.ResolveAsync("d0.test")));
        Assert.Equal((1, 2, 0), _router.Lookups);
        Assert.Equal(asked, _gate.Asked);

        _gate.State = GateState.Open;
        _router.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(hosts, Hosts(await _router.ResolveAsync("d0.test")));
        Assert.Equal((1, 2, 0), _router.Lookups);
        Assert.True(_gate.Asked > asked);
    }

    [Fact]
    public async Task Askers_do_not_wait_for_the_time_out_of_a_question_whose_old_answer_is_known()
    {
        await StartAsync(options => options with { Timeout = TimeSpan.FromMinutes(5), StaleAfter = TimeSpan.FromMilliseconds(50) });
        await _router.ResolveAsync("d0.test");
        _router.Time.Advance(Ttl);
        _gate.State = GateState.Silent;
        var routes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _router.ResolveAsync("d0.test")));
        Assert.All(routes, route => Assert.Equal(2, route.Hosts.Count));
        Assert.Equal(20, _router.Lookups.Stale);
    }

    [Fact]
    public async Task An_answer_is_used_no_longer_than_the_bound_past_its_ttl_however_often_it_was_needed()
    {
        await StartAsync(options => options with { MaxStale = TimeSpan.FromHours(2) });
        await _router.ResolveAsync("d0.test");
        _gate.State = GateState.Servfail;
        _router.Time.Advance(Ttl);
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromHours(2); passed += TimeSpan.FromMinutes(10))
        {
            Assert.Equal(RouteKind.Hosts, (await _router.ResolveAsync("d0.test")).Kind);
            _router.Time.Advance(TimeSpan.FromMinutes(10));
        }

        var route = await _router.ResolveAsync("d0.test");
        Assert.Equal((RouteKind.Defer, "4.4.3"), (route.Kind, route.EnhancedStatus));
    }

    [Fact]
    public async Task Without_a_bound_nothing_is_used_past_its_ttl()
    {
        await StartAsync(options => options with { MaxStale = TimeSpan.Zero });
        await _router.ResolveAsync("d0.test");
        _router.Time.Advance(Ttl);
        _gate.State = GateState.Servfail;
        Assert.Equal(RouteKind.Defer, (await _router.ResolveAsync("d0.test")).Kind);
    }

    [Fact]
    public async Task That_a_domain_was_not_there_is_no_reason_to_return_its_mail_later()
    {
        await StartAsync(options => options);
        Assert.Equal(RouteKind.NoSuchDomain, (await _router.ResolveAsync("nobody.test")).Kind);
        Assert.Equal(RouteKind.NoSuchDomain, (await _router.ResolveAsync("nobody.test")).Kind);
        Assert.Equal((1, 0, 2), _router.Lookups);
        _router.Time.Advance(TimeSpan.FromDays(1));
        _gate.State = GateState.Servfail;
        Assert.Equal(RouteKind.Defer, (await _router.ResolveAsync("nobody.test")).Kind);
        Assert.Equal((1, 0, 2), _router.Lookups);
    }

    private static string Hosts(Route route) => string.Join(' ', route.Hosts.Select(host => $"{host.Name}={string.Join(',', host.Addresses)}").Order(StringComparer.Ordinal));
}
