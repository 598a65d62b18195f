using System.Globalization;
using System.Net;
using MailBench.Model.Options;
using MailBench.Wire.Dns;

namespace MailBench.Peers.Dns;

/// <summary>
/// Makes the zone of <c>--generate</c> (cli.md): <c>d0 … dN-1</c>, MX hosts <c>mx0 …</c> with addresses in order, and <c>source</c> where DSNs return.
/// Domains with the same hosts share their record sets, so that a million of them is a table of names.
/// </summary>
internal static class ZoneGenerator
{
    private const ushort Preference = 10;

    /// <summary>Throws <see cref="FormatException"/> when the zone cannot be made.</summary>
    public static Zone Generate(GeneratedZone spec)
    {
        GeneratedZoneSpec.Validate(spec);
        var ttl = (uint)spec.Ttl.TotalSeconds;
        var addresses = GeneratedZoneSpec.HostAddresses(spec);
        var origin = DnsName.Parse(spec.Suffix);
        var nodes = new Dictionary<DnsName, ZoneNode>(spec.Domains + spec.Mx + 3, DnsNameComparer.Instance);

        var primary = Name("ns", spec);
        nodes[origin] = new ZoneNode(
        [
            new RecordSet(DnsType.SOA, ttl, [DnsRdata.Soa(primary, Name("hostmaster", spec), serial: 1, refresh: 3600, retry: 600, expire: 86400, minimum: Math.Min(ttl, 300))]),
            new RecordSet(DnsType.NS, ttl, [DnsRdata.Host(DnsType.NS, primary)]),
        ]);

        var hosts = new DnsName[spec.Mx];
        for (var i = 0; i < spec.Mx; i++)
        {
            hosts[i] = Name("mx" + Text(i), spec);
            nodes[hosts[i]] = Address(addresses[i], ttl);
        }

        // dJ's hosts depend on J mod mx only.
        var shared = new ZoneNode?[spec.Mx];
        for (var domain = 0; domain < spec.Domains; domain++)
        {
            var node = shared[domain % spec.Mx] ??= new ZoneNode(
                [new RecordSet(DnsType.MX, ttl, [.. GeneratedZoneSpec.HostsOf(spec, domain).Select(host => DnsRdata.Mx(Preference, hosts[host]))])]);
            nodes[Name("d" + Text(domain), spec)] = node;
        }

        if (spec.Return is not null) nodes[Name("source", spec)] = Address(IPAddress.Parse(spec.Return), ttl);
        if (spec.Mail is not null) nodes[Name("mail", spec)] = Address(IPAddress.Parse(spec.Mail), ttl);
        return new Zone(origin, nodes) { Additional = spec.Additional };
    }

    private static ZoneNode Address(IPAddress address, uint ttl)
    {
        var rdata = DnsRdata.Address(address);
        return new ZoneNode([new RecordSet(rdata.Type, ttl, [rdata])]);
    }

    private static DnsName Name(string label, GeneratedZone spec) => DnsName.Parse($"{label}.{spec.Suffix}");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
