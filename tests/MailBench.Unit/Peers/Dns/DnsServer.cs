using System.Net;
using System.Net.Sockets;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Peers.Dns;
using MailBench.Unit.Wire.Dns;
using MailBench.Wire.Dns;
using Xunit;

namespace MailBench.Unit.Peers.Dns;

/// <summary>The real responder on loopback, with a zone from text or a generated one.</summary>
internal sealed class DnsServer : IAsyncDisposable
{
    private readonly DnsNode _node;

    private DnsServer(DnsNode node) => _node = node;

    public IPEndPoint EndPoint { get; private set; } = null!;

    public long Queries => (long)_node.Counters()[CounterNames.Queries];

    public DnsNode Node => _node;

    public static Task<DnsServer> GenerateAsync(string spec, params string[] faults) => StartAsync([ZoneGenerator.Generate(GeneratedZoneSpec.Parse(spec))], faults);

    /// <summary>A zone <c>test</c> with this text after its SOA.</summary>
    public static Task<DnsServer> ServeAsync(string records, params string[] faults) => StartAsync([ZoneOf(records)], faults);

    public static Zone ZoneOf(string records, string origin = "test") =>
        MasterFile.Parse("$TTL 3600\n@ IN SOA ns hostmaster 1 3600 600 86400 60\n" + records, "text", DnsName.Parse(origin));

    public static async Task<DnsServer> StartAsync(IReadOnlyList<Zone> zones, params string[] faults)
    {
        var server = new DnsServer(new DnsNode(new IPEndPoint(IPAddress.Loopback, 0), zones, faults.Select(DnsFaultRule.Parse)));
        var ready = Assert.Single(await server._node.StartAsync(CancellationToken.None));
        Assert.Equal("dns", ready.Role);
        server.EndPoint = ready.EndPoint;
        return server;
    }

    /// <summary>Asks the responder's core, no network: as over UDP unless <paramref name="tcp"/>.</summary>
    public static DnsMessage? Ask(IReadOnlyList<Zone> zones, string name, DnsType type, int? edns = null, bool tcp = false, params string[] faults)
    {
        var responder = new DnsResponder(new ZoneSet(zones), new FaultTable(faults.Select(DnsFaultRule.Parse)));
        var query = new byte[512];
        query = query[..DnsQuery.Write(query, 4711, DnsName.Parse(name), type, edns)];
        var output = new byte[DnsWire.MaxMessageBytes];
        var outcome = responder.Answer(query, output, tcp, new DnsTally());
        return outcome.Length == 0 ? null : DnsMessage.Read(output.AsSpan(0, outcome.Length));
    }

    /// <summary>Sends octets by UDP and waits for the answer.</summary>
    public async Task<byte[]> ExchangeAsync(byte[] message)
    {
        using var client = new UdpClient(AddressFamily.InterNetwork);
        client.Connect(EndPoint);
        await client.SendAsync(message);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return (await client.ReceiveAsync(patience.Token)).Buffer;
    }

    public async ValueTask DisposeAsync()
    {
        await _node.StopAsync(CancellationToken.None);
        await _node.DisposeAsync();
    }
}
