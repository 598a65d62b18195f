using System.Text.Json.Nodes;
using MailBench.Model.Nodes;

namespace MailBench.Peers.Sink;

/// <summary>
/// The sink's cumulative counts: written on its loop, readable from any thread at any time. Sessions, transactions, messages, recipients and octets are those of the
/// measured listeners; the return path counts its DSNs only.
/// </summary>
internal sealed class SinkTally
{
    private long _sessions;
    private long _transactions;
    private long _messages;
    private long _recipients;
    private long _octets;
    private long _refused;
    private long _dsns;
    private long _octetsIn;
    private long _octetsOut;
    private long _underWay;
    private double _octetsSquared;

    public void AddSession() => Volatile.Write(ref _sessions, _sessions + 1);

    public void AddTransaction() => Volatile.Write(ref _transactions, _transactions + 1);

    /// <summary>A message was taken: content octets after unstuffing.</summary>
    public void AddMessage(int recipients, long octets)
    {
        Volatile.Write(ref _messages, _messages + 1);
        Volatile.Write(ref _recipients, _recipients + recipients);
        Volatile.Write(ref _octets, _octets + octets);
        Volatile.Write(ref _octetsSquared, _octetsSquared + ((double)octets * octets));
    }

    public void AddRefusal() => Volatile.Write(ref _refused, _refused + 1);

    public void AddDsn() => Volatile.Write(ref _dsns, _dsns + 1);

    /// <summary>Content octets came in an open transaction, or went with its end (negative).</summary>
    public void AddUnderWay(long octets) => Volatile.Write(ref _underWay, _underWay + octets);

    public void AddTraffic(long octetsIn, long octetsOut)
    {
        Volatile.Write(ref _octetsIn, _octetsIn + octetsIn);
        Volatile.Write(ref _octetsOut, _octetsOut + octetsOut);
    }

    public JsonObject Counts() => new()
    {
        [CounterNames.Sessions] = Volatile.Read(ref _sessions),
        [CounterNames.Transactions] = Volatile.Read(ref _transactions),
        [CounterNames.Messages] = Volatile.Read(ref _messages),
        [CounterNames.Recipients] = Volatile.Read(ref _recipients),
        [CounterNames.Octets] = Volatile.Read(ref _octets),
        [CounterNames.Refused] = Volatile.Read(ref _refused),
        [CounterNames.Dsns] = Volatile.Read(ref _dsns),
    };

    public IReadOnlyDictionary<string, double> Counters() => new Dictionary<string, double>
    {
        [CounterNames.Sessions] = Volatile.Read(ref _sessions),
        [CounterNames.Transactions] = Volatile.Read(ref _transactions),
        [CounterNames.Messages] = Volatile.Read(ref _messages),
        [CounterNames.Recipients] = Volatile.Read(ref _recipients),
        [CounterNames.Octets] = Volatile.Read(ref _octets),
        [CounterNames.Refused] = Volatile.Read(ref _refused),
        [CounterNames.Dsns] = Volatile.Read(ref _dsns),
        [CounterNames.OctetsIn] = Volatile.Read(ref _octetsIn),
        [CounterNames.OctetsOut] = Volatile.Read(ref _octetsOut),
        [CounterNames.ContentUnderWay] = Volatile.Read(ref _underWay),
        [CounterNames.OctetsSquared] = Volatile.Read(ref _octetsSquared),
    };
}
