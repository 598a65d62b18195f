using System.Text.Json.Nodes;
using MailBench.Wire.Dns;

namespace MailBench.Peers.Dns;

/// <summary>Counts of one thread that answers. Only that thread writes; others may read and see each number at some recent value.</summary>
internal sealed class DnsTally
{
    private const int Types = 258;
    private const int Rcodes = 24;

    /// <summary>The place of queries that were left without an answer.</summary>
    private const int Unanswered = Rcodes - 1;

    private readonly long[] _byType = new long[Types];
    private readonly long[] _byRcode = new long[Rcodes];
    private long _queries;
    private long _octetsIn;
    private long _octetsOut;

    public long Queries => Volatile.Read(ref _queries);

    /// <summary>Queries of one type.</summary>
    public long QueriesOf(DnsType type) => Volatile.Read(ref _byType[Math.Min((int)type, Types - 1)]);

    public long OctetsIn => Volatile.Read(ref _octetsIn);
    public long OctetsOut => Volatile.Read(ref _octetsOut);

    /// <summary>Books one query; <paramref name="rcode"/> null: it was not answered.</summary>
    public void Book(DnsType type, DnsRcode? rcode, int octetsIn, int octetsOut)
    {
        Volatile.Write(ref _queries, _queries + 1);
        Volatile.Write(ref _octetsIn, _octetsIn + octetsIn);
        Volatile.Write(ref _octetsOut, _octetsOut + octetsOut);
        _byType[Math.Min((int)type, Types - 1)]++;
        _byRcode[rcode is { } code ? (int)code : Unanswered]++;
    }

    /// <summary>The object of counts that cli.md names: <c>queries</c>, <c>byType</c>, <c>byRcode</c>; only what occurred.</summary>
    public static JsonObject Sum(params ReadOnlySpan<DnsTally> tallies)
    {
        var queries = 0L;
        var byType = new JsonObject();
        var byRcode = new JsonObject();
        foreach (var tally in tallies) queries += tally.Queries;
        for (var type = 0; type < Types; type++)
        {
            var count = 0L;
            foreach (var tally in tallies) count += Volatile.Read(ref tally._byType[type]);
            if (count > 0) byType[type == Types - 1 ? "other" : TypeName((DnsType)type)] = count;
        }

        for (var code = 0; code < Rcodes; code++)
        {
            var count = 0L;
            foreach (var tally in tallies) count += Volatile.Read(ref tally._byRcode[code]);
            if (count > 0) byRcode[code == Unanswered ? "unanswered" : ((DnsRcode)code).ToString().ToUpperInvariant()] = count;
        }

        return new JsonObject { ["queries"] = queries, ["byType"] = byType, ["byRcode"] = byRcode };
    }

    /// <summary>RFC 3597 §5 for types without a name here; <c>none</c> where the query could not be read.</summary>
    private static string TypeName(DnsType type) => type == DnsType.None ? "none" : Enum.IsDefined(type) ? type.ToString() : $"TYPE{(int)type}";
}
