using System.Net;

namespace MailBench.Mta.Routing;

/// <summary>A host that takes mail for a domain. Addresses are never empty, in the order of the answer; Name is in lower case, without the final dot.</summary>
public sealed record MxHost(string Name, int Preference, IReadOnlyList<IPAddress> Addresses);

/// <summary>What is known about the way to a domain.</summary>
public enum RouteKind
{
    /// <summary>Try the hosts in order.</summary>
    Hosts,

    /// <summary>Permanent: the domain says that it takes no mail (RFC 7505).</summary>
    NullMx,

    /// <summary>Permanent: there is no such domain, or it has neither MX nor address.</summary>
    NoSuchDomain,

    /// <summary>Permanent: MX records are there, yet none can be used (no host has an address, or mail would loop back to us).</summary>
    Unroutable,

    /// <summary>For now nobody knows: DNS did not answer, or answered with a failure. Try again later.</summary>
    Defer,
}

/// <summary>
/// The way to a domain as of now: hosts in the order in which to try them (by preference, random among equals, drawn anew for every resolve), or why
/// there is none.
/// </summary>
/// <param name="Hosts">Empty unless Kind is <see cref="RouteKind.Hosts"/>.</param>
/// <param name="Reason">One sentence for the attempt log and the DSN; null when there are hosts.</param>
/// <param name="EnhancedStatus">RFC 3463, for example <c>5.1.2</c> or <c>4.4.3</c>; null when there are hosts.</param>
public sealed record Route(RouteKind Kind, IReadOnlyList<MxHost> Hosts, string? Reason, string? EnhancedStatus)
{
    /// <summary>Retrying will not help: bounce.</summary>
    public bool IsPermanentFailure => Kind is RouteKind.NullMx or RouteKind.NoSuchDomain or RouteKind.Unroutable;

    /// <summary>
    /// Equal for domains whose MX sets are equal (host names and preferences), whatever the drawn order: the site of per-mx-set delivery. The same
    /// string instance while the answer is cached. Empty when there are no hosts.
    /// </summary>
    public string MxSet { get; init; } = "";
}
