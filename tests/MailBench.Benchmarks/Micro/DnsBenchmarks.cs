using BenchmarkDotNet.Attributes;
using MailBench.Model.Options;
using MailBench.Peers.Dns;
using MailBench.Wire.Dns;

namespace MailBench.Benchmarks.Micro;

/// <summary>DNS from octets to octets: the answer to MX with two hosts and their addresses, and one that says that there is no such name.</summary>
[Config(typeof(ShortConfig))]
public class DnsBenchmarks
{
    private readonly DnsResponder _responder = new(
        new ZoneSet([ZoneGenerator.Generate(GeneratedZoneSpec.Parse("domains=100,mx=5,per-domain=2,additional=on"))]), new FaultTable([]));
    private readonly DnsTally _tally = new();
    private readonly byte[] _output = new byte[4096];
    private readonly byte[] _mx = Query("d7.test");
    private readonly byte[] _missing = Query("missing.test");

    [Benchmark, AllocationBudget(0)]
    public void AnswerMx() => Answer(_mx);

    [Benchmark, AllocationBudget(0)]
    public void AnswerNoSuchName() => Answer(_missing);

    private void Answer(byte[] query)
    {
        if (_responder.Answer(query, _output, tcp: false, _tally).Length == 0) throw new InvalidOperationException("There should be an answer.");
    }

    private static byte[] Query(string name)
    {
        var query = new byte[512];
        return query[..DnsQuery.Write(query, 1, DnsName.Parse(name), DnsType.MX, 1232)];
    }
}
