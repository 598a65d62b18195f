using System.Net;

namespace MailBench.Mta.Routing;

/// <summary>What a <see cref="Router"/> asks whom, and how long it waits and remembers.</summary>
public sealed record RouterOptions
{
    /// <summary>The resolver or responder; any port.</summary>
    public required IPEndPoint Dns { get; init; }

    /// <summary>Our own name: an MX list that holds it ends there (RFC 5321 §5.1).</summary>
    public required string HostName { get; init; }

    /// <summary>Wait for one answer; as in resolv.conf, each attempt has it.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Further attempts after a time-out or a broken answer; a SERVFAIL is an answer.</summary>
    public int Retries { get; init; } = 1;

    /// <summary>UDP payload that we take (EDNS); 1232 never fragments (DNS Flag Day 2020).</summary>
    public int EdnsSize { get; init; } = 1232;

    /// <summary>Questions under way at once, since each holds a socket; more wait their turn.</summary>
    public int MaxInFlight { get; init; } = 128;

    /// <summary>Record sets kept, and routes kept; the oldest goes first.</summary>
    public int CacheEntries { get; init; } = 100_000;

    /// <summary>Longest life of a positive answer, whatever its TTL says.</summary>
    public TimeSpan MaxTtl { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Longest life of NXDOMAIN and NODATA; else the SOA minimum (RFC 2308 §5).</summary>
    public TimeSpan MaxNegativeTtl { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How long past its TTL a positive answer is used where no new one comes (RFC 8767, which says one to three days). A stale "no such domain" is not: it would return mail for good on old news.
    /// Zero: never.
    /// </summary>
    public TimeSpan MaxStale { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Askers of a name that has a stale answer wait so long for a new one; the question itself goes on (RFC 8767 §5).</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromSeconds(1.8);

    /// <summary>A stale answer serves so long before DNS is asked again (RFC 8767 §4).</summary>
    public TimeSpan StaleTtl { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether IPv6 addresses are of use here: without, none is asked for or taken.</summary>
    public bool IPv6 { get; init; } = true;

    /// <summary>A failure is remembered so long, that a burst for a dead domain asks once; shorter than any retry.</summary>
    public TimeSpan FailureTtl { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A route of which some hosts' addresses could not be learned is asked again after this: a dead secondary must not hold up mail every second.</summary>
    public TimeSpan PartialTtl { get; init; } = TimeSpan.FromMinutes(1);
}
