using System.Net;
using MailBench.Mta.Routing;
using MailBench.Transport;
using MailBench.Unit.Peers.Dns;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace MailBench.Unit.Mta.Routing;

/// <summary>A router on its own loop, whose resolves can be awaited.</summary>
internal sealed class RouterHarness : IAsyncDisposable
{
    private readonly EventLoop _loop = EventLoop.Start(new EventLoopOptions("router-test"));
    private readonly Router _router;

    public RouterHarness(DnsServer server, Func<RouterOptions, RouterOptions>? change = null)
    {
        Server = server;
        var options = new RouterOptions { Dns = server.EndPoint, HostName = "Relay.test", Timeout = TimeSpan.FromSeconds(20) };
        _router = new Router(_loop, change?.Invoke(options) ?? options, new Random(1), Time);
    }

    public DnsServer Server { get; }
    public FakeTimeProvider Time { get; } = new();
    public long Queries => _router.Queries;
    public long WaitNs => _router.WaitNs;

    /// <summary>Look-ups from memory, on stale records, of domains that are not.</summary>
    public (long Cached, long Stale, long Negative) Lookups => (_router.Cached, _router.Stale, _router.Negative);

    public Task<Route> ResolveAsync(string domain)
    {
        var done = new TaskCompletionSource<Route>(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(_ => _router.Resolve(domain, route =>
        {
            Assert.True(_loop.IsCurrent);
            done.SetResult(route);
        }), null);
        return done.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.RunAsync(_router.Dispose);
        await Task.Run(_loop.Dispose);
        await Server.DisposeAsync();
    }
}
