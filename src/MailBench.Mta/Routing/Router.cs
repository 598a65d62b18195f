using MailBench.Transport;

namespace MailBench.Mta.Routing;

/// <summary>
/// Recipient domain → <see cref="Route"/> by DNS (RFC 5321 §5.1), with a TTL cache. Belongs to <paramref name="loop"/>: constructed anywhere, called on the
/// loop, and <c>done</c> runs on the loop (at once when the answer is cached).
/// </summary>
public sealed class Router(EventLoop loop, RouterOptions options, Random random, TimeProvider time) : IDisposable
{
    /// <summary>Queries that left, retries and TCP repeats included. Readable from any thread.</summary>
    public long Queries { get; private set; }

    /// <summary>Sum over all resolves of the time from the call to its answer, in ns. Readable from any thread.</summary>
    public long WaitNs { get; private set; }

    /// <summary>
    /// Finds the way to <paramref name="domain"/> (a domain name in any case, or an address literal such as <c>[127.0.0.1]</c>). On the loop only; never
    /// throws for a malformed domain (it is a <see cref="RouteKind.NoSuchDomain"/>). <paramref name="done"/> is called exactly once, unless the router is disposed first.
    /// </summary>
    public void Resolve(string domain, Action<Route> done) => throw new NotSupportedException($"{domain}{loop}{options}{random}{time}{done}");

    /// <summary>Drops open questions; their askers are not called any more.</summary>
    public void Dispose() { }
}
