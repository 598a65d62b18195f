using System.Net;
using System.Text;
using BenchmarkDotNet.Attributes;
using MailBench.Model.Options;
using MailBench.Mta.Batching;
using MailBench.Mta.Queue;
using MailBench.Mta.Routing;

namespace MailBench.Benchmarks.Micro;

/// <summary>A message through the batcher, over a session that stands: of one recipient, and of 50 in 50 domains on one host, which share a transaction.</summary>
[Config(typeof(ShortConfig))]
public class BatcherBenchmarks
{
    private const int Many = 50;

    private readonly Batcher _batcher = new(new BatchingOptions { Strategy = DeliveryStrategy.PerMxHost, TransactionsPerSession = int.MaxValue });
    private readonly Route _route = new(RouteKind.Hosts, [new MxHost("mx.test", 10, [IPAddress.Loopback])], null, null) { MxSet = "10 mx.test" };
    private readonly QueueEntry _one = Entry(1, 1);
    private readonly QueueEntry _many = Entry(2, Many);
    private readonly string[] _domains = [.. Enumerable.Range(0, Many).Select(i => $"d{i}.test")];
    private SiteSession _session = null!;
    private long _nowNs = 1;

    [GlobalSetup]
    public void OpenSession()
    {
        _batcher.Add(_one, 0, _domains[0], _route, _nowNs, _nowNs);
        if (!_batcher.TryTakeWork(_nowNs, out var work) || work.Kind != WorkKind.Open) throw new InvalidOperationException("A session should be opened.");
        _session = work.Session;
        _batcher.Opened(_session, _nowNs);
        while (_batcher.Next(_session, _nowNs) == NextStep.Begin) { }
    }

    [Benchmark, AllocationBudget(0)]
    public void OneRecipient() => Deliver(_one);

    [Benchmark(OperationsPerInvoke = 1), AllocationBudget(0)]
    public void FiftyRecipients() => Deliver(_many);

    private void Deliver(QueueEntry entry)
    {
        _nowNs++;
        for (var i = 0; i < entry.Recipients.Length; i++) _batcher.Add(entry, i, _domains[i], _route, _nowNs, _nowNs);
        while (_batcher.TryTakeWork(_nowNs, out var work))
        {
            if (work.Kind != WorkKind.Begin) throw new InvalidOperationException($"The session stands, and the batcher wants {work.Kind}.");
            while (_batcher.Next(work.Session, _nowNs) == NextStep.Begin) { }
        }
    }

    private static QueueEntry Entry(long id, int recipients) => new()
    {
        Id = new QueueId(id),
        ReversePath = "sender@source.test"u8.ToArray(),
        Recipients = [.. Enumerable.Range(0, recipients).Select(i => new RecipientEntry(Encoding.ASCII.GetBytes($"u@d{i}.test")))],
        ContentBytes = 4096,
        AcceptedUnixMs = 0,
    };
}
