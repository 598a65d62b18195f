using System.Net;
using DnsClient;
using DnsClient.Protocol;

namespace MailBench.Mta.Routing;

internal enum AnswerStatus
{
    Found,

    /// <summary>The name is there, without such records.</summary>
    NoData,
    NoSuchName,

    /// <summary>A CNAME leads to <see cref="Answer.Name"/>, of which the answer says nothing more.</summary>
    Alias,

    /// <summary>No answer, or one that is a failure.</summary>
    Failed,
}

/// <summary>One record of an MX set; the host in lower case without the final dot, empty for the root (null MX).</summary>
internal readonly record struct Exchange(string Host, int Preference);

/// <summary>Addresses of one name, with the least TTL among them.</summary>
internal sealed record HostAddresses(string Host, IReadOnlyList<IPAddress> Addresses, TimeSpan Ttl)
{
    /// <summary>As if it had been asked for.</summary>
    public Answer ToAnswer() => new(AnswerStatus.Found, Host, Ttl) { Addresses = Addresses };
}

/// <summary>What one response says about a name, read once and detached from DnsClient's types.</summary>
internal sealed record Answer(AnswerStatus Status, string Name, TimeSpan Ttl)
{
    /// <summary>CNAMEs in a row that are followed (BIND's and Postfix's order of magnitude); a longer chain is a failure.</summary>
    public const int MaxAliases = 8;

    public IReadOnlyList<Exchange> Exchanges { get; init; } = [];
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>Addresses of MX hosts that came with the answer: no question is needed for them.</summary>
    public IReadOnlyList<HostAddresses> Additional { get; init; } = [];
    public int Aliases { get; init; }

    /// <summary>From an earlier answer whose TTL is over, since no new one came (RFC 8767).</summary>
    public bool Stale { get; init; }
    public string? Reason { get; init; }

    public static Answer Failure(string name, string reason) => new(AnswerStatus.Failed, name, TimeSpan.Zero) { Reason = reason };

    /// <summary>Reads the response to the question for <paramref name="type"/> (MX, A or AAAA) of <paramref name="name"/>.</summary>
    /// <param name="ipv6">Whether IPv6 addresses in the additional section are of use.</param>
    public static Answer Read(IDnsQueryResponse response, string name, QueryType type, bool ipv6)
    {
        var header = response.Header;
        if (header.ResponseCode is not (DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain))
            return Failure(name, $"{NameOf(header.ResponseCode)} for {type} of {name}");

        var ttl = TimeSpan.MaxValue;
        var aliases = 0;
        while (AliasOf(response, name) is { } alias)
        {
            if (++aliases > MaxAliases) return Failure(name, $"more than {MaxAliases} CNAMEs in a row at {name}");
            ttl = Least(ttl, alias.InitialTimeToLive);
            name = Normal(alias.CanonicalName.Original);
        }

        var exchanges = new List<Exchange>();
        var addresses = new List<IPAddress>();
        foreach (var record in response.Answers)
        {
            if ((int)record.RecordType != (int)type || !IsAt(record, name)) continue;
            if (record is MxRecord mx) exchanges.Add(new Exchange(Normal(mx.Exchange.Original), mx.Preference));
            else if (record is AddressRecord address) addresses.Add(address.Address);
            ttl = Least(ttl, record.InitialTimeToLive);
        }

        if (exchanges.Count + addresses.Count > 0)
            return new Answer(AnswerStatus.Found, name, ttl) { Exchanges = exchanges, Addresses = addresses, Additional = ReadAdditional(response, exchanges, ipv6), Aliases = aliases };

        // RFC 2308 §5: a negative answer lives as long as the SOA says; without an SOA it must not be kept.
        var soa = response.Authorities.OfType<SoaRecord>().FirstOrDefault();
        var negative = soa is null ? TimeSpan.Zero : Least(Least(ttl, soa.InitialTimeToLive), soa.Minimum);
        if (header.ResponseCode == DnsHeaderResponseCode.NotExistentDomain) return new Answer(AnswerStatus.NoSuchName, name, negative) { Aliases = aliases };
        if (soa is null && aliases > 0) return new Answer(AnswerStatus.Alias, name, ttl) { Aliases = aliases };
        if (soa is null && !header.HasAuthorityAnswer && !header.RecursionAvailable)
            return Failure(name, $"lame answer for {type} of {name}: neither authoritative nor recursive");
        return new Answer(AnswerStatus.NoData, name, negative) { Aliases = aliases };
    }

    /// <summary>Lower case, no final dot.</summary>
    public static string Normal(string name) => name.TrimEnd('.').ToLowerInvariant();

    private static List<HostAddresses> ReadAdditional(IDnsQueryResponse response, List<Exchange> exchanges, bool ipv6)
    {
        var hosts = new List<HostAddresses>();
        foreach (var host in exchanges.Select(exchange => exchange.Host).Distinct())
        {
            var records = response.Additionals.OfType<AddressRecord>().Where(record => IsAt(record, host) && (ipv6 || record.RecordType == ResourceRecordType.A)).ToList();
            if (records.Count == 0) continue;
            // IPv4 first, as a query for addresses would have found them.
            var addresses = records.OrderBy(record => record.RecordType == ResourceRecordType.A ? 0 : 1).Select(record => record.Address).ToList();
            hosts.Add(new HostAddresses(host, addresses, TimeSpan.FromSeconds(records.Min(record => record.InitialTimeToLive))));
        }

        return hosts;
    }

    private static CNameRecord? AliasOf(IDnsQueryResponse response, string name) =>
        response.Answers.OfType<CNameRecord>().FirstOrDefault(record => IsAt(record, name));

    /// <summary>Original is what was on the wire; Value has A-labels decoded.</summary>
    private static bool IsAt(DnsResourceRecord record, string name) =>
        record.DomainName.Original.AsSpan().TrimEnd('.').Equals(name, StringComparison.OrdinalIgnoreCase);

    private static TimeSpan Least(TimeSpan ttl, long seconds) => TimeSpan.FromSeconds(seconds) is var other && other < ttl ? other : ttl;

    private static string NameOf(DnsHeaderResponseCode code) => code switch
    {
        DnsHeaderResponseCode.ServerFailure => "SERVFAIL",
        DnsHeaderResponseCode.Refused => "REFUSED",
        DnsHeaderResponseCode.FormatError => "FORMERR",
        DnsHeaderResponseCode.NotImplemented => "NOTIMP",
        _ => $"RCODE {(int)code}",
    };
}
