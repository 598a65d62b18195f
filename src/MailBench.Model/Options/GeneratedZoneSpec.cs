using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MailBench.Model.Units;

namespace MailBench.Model.Options;

/// <summary>The written form of a <see cref="GeneratedZone"/>: <c>domains=100,mx=5,suffix=test,addresses=127.0.1.0/24,per-domain=2,additional=on</c>.</summary>
public static class GeneratedZoneSpec
{
    /// <summary>A zone is held in memory, some 150 octets a domain.</summary>
    public const int MaxDomains = 2_000_000;
    public const int MaxMx = 65_534;

    private const string Keys = "domains, mx, suffix, addresses, per-domain, additional, return, mail, ttl";

    /// <summary>Reads the written form; what it does not name keeps its default. Throws <see cref="FormatException"/> that names the key and a right form.</summary>
    public static GeneratedZone Parse(string text)
    {
        var zone = new GeneratedZone();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = item.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0) throw new FormatException($"'{item}' is not KEY=VALUE; keys are {Keys}.");
            var (key, value) = (item[..equals].Trim(), item[(equals + 1)..].Trim());
            if (!seen.Add(key)) throw new FormatException($"'{key}' is given twice.");
            zone = key switch
            {
                "domains" => zone with { Domains = Number(key, value, MaxDomains) },
                "mx" => zone with { Mx = Number(key, value, MaxMx) },
                "suffix" => zone with { Suffix = value.Trim('.').ToLowerInvariant() },
                "addresses" => zone with { Addresses = value },
                "per-domain" => zone with { PerDomain = Number(key, value, MaxMx) },
                "additional" => zone with { Additional = Switch(key, value) },
                "return" => zone with { Return = value },
                "mail" => zone with { Mail = value },
                "ttl" => zone with { Ttl = Duration.Parse(value) },
                _ => throw new FormatException($"'{key}' is no key of a generated zone; keys are {Keys}."),
            };
        }

        Validate(zone);
        return zone;
    }

    /// <summary>The form that <see cref="Parse"/> reads back, every key named.</summary>
    public static string Format(GeneratedZone zone) => string.Create(CultureInfo.InvariantCulture,
        $"domains={zone.Domains},mx={zone.Mx},suffix={zone.Suffix},addresses={zone.Addresses},per-domain={zone.PerDomain},additional={(zone.Additional ? "on" : "off")},ttl={Duration.Format(zone.Ttl)}")
        + (zone.Return is null ? "" : $",return={zone.Return}") + (zone.Mail is null ? "" : $",mail={zone.Mail}");

    /// <summary>Throws <see cref="FormatException"/> when the zone cannot be made as it stands.</summary>
    public static void Validate(GeneratedZone zone)
    {
        if (zone.PerDomain < 1 || zone.PerDomain > zone.Mx)
            throw new FormatException($"per-domain={zone.PerDomain}: a domain has from 1 to mx={zone.Mx} hosts.");
        var labels = zone.Suffix.Split('.');
        if (zone.Suffix.Length > 200 || labels.Any(label => label.Length is 0 or > 63 || label.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))))
            throw new FormatException($"suffix={zone.Suffix} is not a domain name; write for example suffix=test.");
        if (zone.Return is not null && !IPAddress.TryParse(zone.Return, out _))
            throw new FormatException($"return={zone.Return} is not an address; write for example return=127.0.0.3.");
        if (zone.Mail is not null && !IPAddress.TryParse(zone.Mail, out _))
            throw new FormatException($"mail={zone.Mail} is not an address; write for example mail=127.0.0.4.");
        if (zone.Ttl > TimeSpan.FromSeconds(int.MaxValue)) throw new FormatException($"ttl={Duration.Format(zone.Ttl)} is longer than DNS allows (2^31 - 1 s).");
        HostAddresses(zone);
    }

    /// <summary>
    /// The address of each MX host, <c>mx0</c> first: counting up from the given address, the network's own and the IPv4 broadcast address left out
    /// (<c>127.0.1.0/24</c>: 127.0.1.1 … 127.0.1.254). Throws <see cref="FormatException"/> when the network is too small or none.
    /// </summary>
    public static IReadOnlyList<IPAddress> HostAddresses(GeneratedZone zone)
    {
        var slash = zone.Addresses.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? zone.Addresses : zone.Addresses.AsSpan(0, slash), out var first))
            throw new FormatException($"addresses={zone.Addresses} is not ADDRESS/PREFIX; write for example addresses=127.0.1.0/24.");
        var bits = first.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        var prefix = bits;
        if (slash >= 0 && (!int.TryParse(zone.Addresses.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix) || prefix > bits))
            throw new FormatException($"addresses={zone.Addresses}: the prefix is a number up to {bits}.");

        var start = ToNumber(first);
        var size = UInt128.One << Math.Min(bits - prefix, 127);
        var offset = start & (size - 1);
        var network = start - offset;
        var last = network + (size - 1);
        if (bits == 32 && size > 2) last--;
        if (offset == 0 && size > 1) start++;
        if (last - start < (UInt128)(zone.Mx - 1) || last < start)
            throw new FormatException($"addresses={zone.Addresses} has no room for mx={zone.Mx} hosts; take a shorter prefix or fewer hosts.");
        return [.. Enumerable.Range(0, zone.Mx).Select(i => ToAddress(start + (UInt128)i, bits))];
    }

    /// <summary>The MX hosts of <c>dJ</c>, as numbers: (J + k) mod mx for k below per-domain.</summary>
    public static IEnumerable<int> HostsOf(GeneratedZone zone, int domain) => Enumerable.Range(0, zone.PerDomain).Select(k => (domain + k) % zone.Mx);

    private static int Number(string key, string value, int max) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= max
            ? number
            : throw new FormatException($"{key}={value} is not a whole number from 1 to {max}.");

    private static bool Switch(string key, string value) => value switch
    {
        "on" => true,
        "off" => false,
        _ => throw new FormatException($"{key}={value} is neither on nor off."),
    };

    private static UInt128 ToNumber(IPAddress address) => address.GetAddressBytes().Aggregate(UInt128.Zero, (number, octet) => (number << 8) | octet);

    private static IPAddress ToAddress(UInt128 number, int bits)
    {
        var octets = new byte[bits / 8];
        for (var i = octets.Length - 1; i >= 0; i--, number >>= 8) octets[i] = (byte)number;
        return new IPAddress(octets);
    }
}
