using MailBench.Model.Options;
using MailBench.Wire.Dns;

namespace MailBench.Peers.Dns;

/// <summary>What to do with a query: send so many octets (0: nothing), after a delay.</summary>
internal readonly record struct DnsOutcome(int Length, long DelayNs);

/// <summary>
/// Query octets in, response octets out (RFC 1034 §4.3.2): authoritative answers from zones, faults where rules want them. Immutable, so that several
/// threads share one; nothing is allocated per query.
/// </summary>
internal sealed class DnsResponder(ZoneSet zones, FaultTable faults)
{
    /// <summary>Most UDP octets that we send, whatever the client takes.</summary>
    private const int MaxUdpBytes = 4096;
    private const int MaxAliases = 8;

    private static readonly DnsRdata UpwardReferral = DnsRdata.Host(DnsType.NS, DnsName.Parse("a.root-servers.net"));

    /// <param name="output">At least 4096 octets for UDP, 65,535 for TCP.</param>
    public DnsOutcome Answer(ReadOnlySpan<byte> message, Span<byte> output, bool tcp, DnsTally tally)
    {
        Span<byte> nameSpace = stackalloc byte[DnsWire.MaxNameBytes];
        var parse = DnsQuery.Parse(message, nameSpace, out var query);
        if (parse != DnsParse.Query)
        {
            var code = parse switch { DnsParse.FormatError => DnsRcode.FormErr, DnsParse.NotImplemented => DnsRcode.NotImp, _ => (DnsRcode?)null };
            var sent = code is { } error ? DnsResponseWriter.WriteError(query, error, output) : 0;
            tally.Book(DnsType.None, code, message.Length, sent);
            return new DnsOutcome(sent, 0);
        }

        ReadOnlySpan<byte> name = nameSpace[..query.NameLength];
        var fault = faults.Judge(name);
        if (fault.Kind == DnsFaultKind.Drop)
        {
            tally.Book(query.Type, null, message.Length, 0);
            return default;
        }

        Span<ushort> scratch = stackalloc ushort[DnsResponseWriter.ScratchWords];
        var limit = tcp ? DnsWire.MaxMessageBytes : Math.Min(query.UdpSize, MaxUdpBytes);
        var writer = new DnsResponseWriter(message, query, output, limit, scratch);
        if (!TryWriteFault(ref writer, fault.Kind, tcp)) WriteAnswer(ref writer, query, name, !fault.NoAdditional);
        var rcode = writer.Rcode;
        var length = writer.Finish();
        tally.Book(query.Type, rcode, message.Length, length);
        return new DnsOutcome(length, fault.DelayNs);
    }

    private static bool TryWriteFault(ref DnsResponseWriter writer, DnsFaultKind? kind, bool tcp)
    {
        switch (kind)
        {
            case DnsFaultKind.Servfail:
                writer.Rcode = DnsRcode.ServFail;
                return true;
            case DnsFaultKind.Refused:
                writer.Rcode = DnsRcode.Refused;
                return true;
            case DnsFaultKind.Nxdomain:
                writer.Authoritative = true;
                writer.Rcode = DnsRcode.NxDomain;
                return true;
            case DnsFaultKind.Truncate when !tcp:
                writer.Authoritative = true;
                writer.Truncated = true;
                return true;
            case DnsFaultKind.Lame:
                // What a server answers that was delegated a zone it never heard of.
                writer.TryWrite(DnsSection.Authority, DnsName.Root.Wire, 518_400, UpwardReferral);
                return true;
            default:
                return false;
        }
    }

    private void WriteAnswer(ref DnsResponseWriter writer, in DnsQuery query, ReadOnlySpan<byte> name, bool additional)
    {
        if (query is { HasEdns: true, EdnsVersion: > 0 })
        {
            writer.Rcode = DnsRcode.BadVers;
            return;
        }

        if (query.Class is not (DnsWire.ClassIn or DnsWire.ClassAny) || query.Type is DnsType.AXFR or DnsType.IXFR or DnsType.OPT or DnsType.None || zones.Find(name) is not { } zone)
        {
            writer.Rcode = DnsRcode.Refused;
            return;
        }

        var empty = writer.Mark();
        if (TryWriteZone(ref writer, zone, name, query.Type, additional)) return;
        // RFC 2181 §9: what is required does not fit. Nothing of it is of use without the rest.
        writer.Return(empty);
        writer.Truncated = true;
    }

    /// <summary><c>false</c> when answer or authority did not fit.</summary>
    private bool TryWriteZone(ref DnsResponseWriter writer, Zone zone, ReadOnlySpan<byte> name, DnsType type, bool additional)
    {
        writer.Authoritative = true;
        for (var aliases = 0; ; aliases++)
        {
            if (zone.FindCut(name, out var cut) is { } delegation) return TryWriteReferral(ref writer, zone, delegation, cut, isFirst: aliases == 0);
            var exists = zone.TryGet(name, out var node);
            if (!exists) node = zone.FindWildcard(name);
            if (node is null)
            {
                writer.Rcode = DnsRcode.NxDomain;
                return TryWriteSoa(ref writer, zone);
            }

            if (type is not (DnsType.CNAME or DnsType.ANY) && node.Find(DnsType.CNAME) is { } alias)
            {
                if (!TryWriteSet(ref writer, DnsSection.Answer, name, alias)) return false;
                name = alias.Records[0].First!.Wire;
                if (aliases == MaxAliases || zones.Find(name) is not { } next) return true;
                zone = next;
                continue;
            }

            return TryWriteNode(ref writer, zone, node, name, type, additional);
        }
    }

    private bool TryWriteNode(ref DnsResponseWriter writer, Zone zone, ZoneNode node, ReadOnlySpan<byte> name, DnsType type, bool additional)
    {
        var found = false;
        foreach (var set in node.Sets)
        {
            if (set.Type != type && type != DnsType.ANY) continue;
            if (!TryWriteSet(ref writer, DnsSection.Answer, name, set)) return false;
            found = true;
        }

        if (!found) return TryWriteSoa(ref writer, zone);
        if (additional && zone.Additional && type is DnsType.MX or DnsType.NS) WriteAdditional(ref writer, node.Find(type)!, within: null);
        return true;
    }

    /// <summary>The addresses of the hosts that a set names, whole sets only, as far as there is room: their lack is no truncation (RFC 2181 §9).</summary>
    /// <param name="within">Glue: addresses of hosts in this zone even though its authority has ended there; null: authoritative addresses from any zone.</param>
    private void WriteAdditional(ref DnsResponseWriter writer, RecordSet set, Zone? within)
    {
        foreach (var record in set.Records)
        {
            var host = record.First!.Wire;
            var zone = within ?? zones.Find(host);
            if (zone is null || (within is null && zone.FindCut(host, out _) is not null) || !zone.TryGet(host, out var node)) continue;
            if (node.Find(DnsType.A) is { } a && !TryWriteSet(ref writer, DnsSection.Additional, host, a)) return;
            if (node.Find(DnsType.AAAA) is { } aaaa && !TryWriteSet(ref writer, DnsSection.Additional, host, aaaa)) return;
        }
    }

    private bool TryWriteReferral(ref DnsResponseWriter writer, Zone zone, RecordSet delegation, ReadOnlySpan<byte> cut, bool isFirst)
    {
        // After a CNAME of ours the header still speaks of that first name (RFC 1034 §6.2.7).
        writer.Authoritative = !isFirst;
        if (!TryWriteSet(ref writer, DnsSection.Authority, cut, delegation)) return false;
        WriteAdditional(ref writer, delegation, within: zone);
        return true;
    }

    private static bool TryWriteSoa(ref DnsResponseWriter writer, Zone zone) =>
        writer.TryWrite(DnsSection.Authority, zone.Origin.Wire, zone.NegativeTtl, zone.Soa.Records[0]);

    private static bool TryWriteSet(ref DnsResponseWriter writer, DnsSection section, ReadOnlySpan<byte> owner, RecordSet set)
    {
        var mark = writer.Mark();
        foreach (var record in set.Records)
        {
            if (writer.TryWrite(section, owner, set.Ttl, record)) continue;
            writer.Return(mark);
            return false;
        }

        return true;
    }
}
