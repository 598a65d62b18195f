using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MailBench.Transport;

namespace MailBench.Mta.Routing;

/// <summary>
/// Recipient domain → <see cref="Route"/> by DNS (RFC 5321 §5.1), with a TTL cache. Belongs to its loop: constructed anywhere, called on the loop, and
/// <c>done</c> runs on the loop (at once when the answer is cached). A domain's first route waits for the addresses of all its hosts, asked in parallel.
/// </summary>
public sealed class Router : IDisposable
{
    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = false };

    private readonly RouterOptions _options;
    private readonly Random _random;
    private readonly Resolver _resolver;
    private readonly string _hostName;
    private readonly ExpiringCache<string, Way> _ways;
    private readonly Dictionary<string, List<Asker>> _open = new(StringComparer.Ordinal);
    private long _waitNs, _cached, _stale, _negative;
    private bool _disposed;

    /// <param name="random">Draws the order of hosts of equal preference; seeded, so that a run repeats.</param>
    /// <param name="time">The clock that TTLs run by.</param>
    public Router(EventLoop loop, RouterOptions options, Random random, TimeProvider time)
    {
        _options = options;
        _random = random;
        _resolver = new Resolver(loop, options, time);
        _hostName = Answer.Normal(options.HostName);
        _ways = new ExpiringCache<string, Way>(options.CacheEntries, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Queries that left, retries and TCP repeats included. Readable from any thread.</summary>
    public long Queries => _resolver.Queries;

    /// <summary>Sum over all resolves of the time from the call to its answer, in ns. Readable from any thread.</summary>
    public long WaitNs => Interlocked.Read(ref _waitNs);

    /// <summary>Resolves that were answered from memory, asking nothing. Readable from any thread.</summary>
    public long Cached => Interlocked.Read(ref _cached);

    /// <summary>Resolves whose answer rests on records past their TTL, from memory or not. Readable from any thread.</summary>
    public long Stale => Interlocked.Read(ref _stale);

    /// <summary>Resolves answered "no such domain" by DNS, from memory or not. Readable from any thread.</summary>
    public long Negative => Interlocked.Read(ref _negative);

    /// <summary>
    /// Finds the way to <paramref name="domain"/> (a domain name in any case, or an address literal such as <c>[127.0.0.1]</c>). On the loop only; never
    /// throws for a malformed domain (it is a <see cref="RouteKind.NoSuchDomain"/>). <paramref name="done"/> is called exactly once, unless the router is disposed first.
    /// </summary>
    public void Resolve(string domain, Action<Route> done)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var now = _resolver.Now;
        if (_ways.TryGet(domain, now, out var way))
        {
            _cached++;
            Answered(way, done);
            return;
        }

        if (domain.StartsWith('['))
        {
            done(Literal(domain));
            return;
        }

        if (Canonical(domain) is not { } name)
        {
            done(Way.Fail(RouteKind.NoSuchDomain, "5.1.2", $"'{domain}' is no domain name").Draw(_random));
            return;
        }

        var asker = new Asker(domain, now, done);
        if (_open.TryGetValue(name, out var askers))
        {
            askers.Add(asker);
            return;
        }

        _open.Add(name, [asker]);
        Search(name);
    }

    /// <summary>Drops open questions; their askers are not called any more.</summary>
    public void Dispose()
    {
        _disposed = true;
        _open.Clear();
        _resolver.Dispose();
    }

    /// <summary>Apart from <see cref="Resolve"/>, where its closure would be made for answers from the cache too.</summary>
    private void Search(string name) => new WaySearch(_resolver, _options, _hostName, name, (found, life) => Finish(name, found, life)).Start();

    private void Finish(string name, Way way, TimeSpan life)
    {
        _open.Remove(name, out var askers);
        var now = _resolver.Now;
        _ways.Set(name, way, now, life);
        foreach (var asker in askers!)
        {
            Interlocked.Add(ref _waitNs, (now - asker.Since).Ticks * 100);
            // As it was written too (an internationalised domain, a final dot): the next look-up is then one of a table.
            if (!string.Equals(asker.Domain, name, StringComparison.OrdinalIgnoreCase)) _ways.Set(asker.Domain, way, now, life);
            Answered(way, asker.Done);
        }
    }

    private void Answered(Way way, Action<Route> done)
    {
        if (way.Stale) _stale++;
        if (way.IsNegative) _negative++;
        done(way.Draw(_random));
    }

    /// <summary>RFC 5321 §4.1.3: <c>[127.0.0.1]</c> or <c>[IPv6:::1]</c>.</summary>
    private Route Literal(string domain)
    {
        var inner = domain.EndsWith(']') ? domain.AsSpan(1, domain.Length - 2) : default;
        var tagged = inner.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase);
        var family = tagged ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        return IPAddress.TryParse(tagged ? inner[5..] : inner, out var address) && address.AddressFamily == family
            ? new Route(RouteKind.Hosts, [new MxHost(domain.ToLowerInvariant(), 0, [address])], null, null) { MxSet = domain.ToLowerInvariant() }
            : Way.Fail(RouteKind.NoSuchDomain, "5.1.2", $"'{domain}' is no address literal").Draw(_random);
    }

    /// <summary>Lower-case A-labels without the final dot, or null when it cannot be a name in DNS (RFC 1035 §2.3.4).</summary>
    private static string? Canonical(string domain)
    {
        var name = domain.EndsWith('.') ? domain[..^1] : domain;
        if (!System.Text.Ascii.IsValid(name))
        {
            try
            {
                name = Idn.GetAscii(name);
            }
            catch (ArgumentException)
            {
                // No valid internationalised name: then it is none at all.
                return null;
            }
        }

        if (name.Length is 0 or > 253) return null;
        foreach (var label in name.AsSpan().Split('.'))
        {
            var text = name.AsSpan()[label];
            if (text.Length is 0 or > 63 || text.ContainsAnyExcept(LabelCharacters)) return null;
        }

        return name.ToLowerInvariant();
    }

    private static readonly System.Buffers.SearchValues<char> LabelCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    private readonly record struct Asker(string Domain, TimeSpan Since, Action<Route> Done);
}
