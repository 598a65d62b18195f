using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using DnsClient;
using DnsClient.Protocol;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Peers.Dns;
using MailBench.Testing.Processes;
using MailBench.Unit.Wire.Dns;
using MailBench.Wire.Dns;
using Xunit;

namespace MailBench.Unit.Peers.Dns;

/// <summary>The node over real sockets, and what independent clients make of it.</summary>
public sealed class DnsNodeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static byte[] Query(string name, DnsType type, ushort id = 1)
    {
        var query = new byte[512];
        return query[..DnsQuery.Write(query, id, DnsName.Parse(name), type)];
    }

    [Fact]
    public async Task Udp_and_tcp_share_one_port_and_every_query_is_counted_by_type_and_rcode()
    {
        await using var server = await DnsServer.GenerateAsync("domains=3,mx=2");
        Assert.Equal("10 mx0.test", DnsMessage.Read(await server.ExchangeAsync(Query("d0.test", DnsType.MX))).Answers[0].Data);
        Assert.Equal(DnsRcode.NxDomain, DnsMessage.Read(await server.ExchangeAsync(Query("nobody.test", DnsType.A))).Rcode);
        Assert.Equal(DnsRcode.FormErr, DnsMessage.Read(await server.ExchangeAsync([0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])).Rcode);
        using var tcp = await ConnectAsync(server);
        await SendAsync(tcp, Query("mx1.test", DnsType.A, 7));
        Assert.Equal("127.0.1.2", (await ReceiveAsync(tcp)).Answers[0].Data);
        Assert.Equal("""{"queries":4,"byType":{"none":1,"A":2,"MX":1},"byRcode":{"NOERROR":2,"FORMERR":1,"NXDOMAIN":1}}""", server.Node.Counts().ToJsonString());
        var counters = server.Node.Counters();
        Assert.Equal(4, counters[CounterNames.Queries]);
        Assert.Equal(Query("d0.test", DnsType.MX).Length + Query("nobody.test", DnsType.A).Length + 12 + Query("mx1.test", DnsType.A).Length, counters[CounterNames.DnsOctetsIn]);
        Assert.True(counters[CounterNames.DnsOctetsOut] > counters[CounterNames.DnsOctetsIn]);
    }

    [Fact]
    public async Task Bursts_of_several_clients_are_answered_each_to_its_own_and_a_delayed_one_among_them_is_not_forgotten()
    {
        const int Burst = 60;
        await using var server = await DnsServer.GenerateAsync("domains=60,mx=5", "d7.test:delay:50ms", "d9.test:drop");
        UdpClient[] clients = [new(AddressFamily.InterNetwork), new(AddressFamily.InterNetwork), new(AddressFamily.InterNetwork)];
        try
        {
            foreach (var client in clients) client.Connect(server.EndPoint);
            for (var i = 0; i < Burst; i++)
                for (var c = 0; c < clients.Length; c++) await clients[c].SendAsync(Query($"d{i}.test", DnsType.MX, (ushort)(1000 * c + i)));
            for (var c = 0; c < clients.Length; c++)
            {
                using var patience = new CancellationTokenSource(Patience);
                var expected = Enumerable.Range(0, Burst).Where(i => i != 9).Select(i => ((ushort)(1000 * c + i), $"d{i}.test")).ToHashSet();
                while (expected.Count > 0)
                {
                    var answer = DnsMessage.Read((await clients[c].ReceiveAsync(patience.Token)).Buffer);
                    Assert.True(expected.Remove((answer.Id, answer.Question)), $"client {c} got {answer.Id} {answer.Question}");
                    Assert.Single(answer.Answers);
                }
            }

            Assert.Equal(Burst * clients.Length, server.Queries);
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
        }
    }

    [Fact]
    public async Task Tcp_answers_pipelined_queries_in_order_however_they_are_cut()
    {
        await using var server = await DnsServer.GenerateAsync("domains=50,mx=5");
        using var client = await ConnectAsync(server);
        var burst = Enumerable.Range(0, 50).SelectMany(i => Framed(Query($"d{i}.test", DnsType.MX, (ushort)i))).ToArray();
        foreach (var piece in burst.Chunk(17)) await client.SendAsync(piece);
        for (var i = 0; i < 50; i++)
        {
            var answer = await ReceiveAsync(client);
            Assert.Equal(((ushort)i, $"d{i}.test"), (answer.Id, answer.Question));
        }
    }

    [Fact]
    public async Task Delayed_answers_come_late_and_hold_up_nobody()
    {
        await using var server = await DnsServer.GenerateAsync("domains=3,mx=2", "d0.test:delay:300ms");
        using var udp = new UdpClient(AddressFamily.InterNetwork);
        udp.Connect(server.EndPoint);
        using var tcp = await ConnectAsync(server);
        var clock = Stopwatch.StartNew();
        await udp.SendAsync(Query("d0.test", DnsType.MX, 1));
        await udp.SendAsync(Query("d1.test", DnsType.MX, 2));
        await SendAsync(tcp, Query("d0.test", DnsType.MX, 3));
        await SendAsync(tcp, Query("d1.test", DnsType.MX, 4));
        using var patience = new CancellationTokenSource(Patience);
        Assert.Equal(2, DnsMessage.Read((await udp.ReceiveAsync(patience.Token)).Buffer).Id);
        Assert.Equal(4, (await ReceiveAsync(tcp)).Id);
        Assert.Equal(1, DnsMessage.Read((await udp.ReceiveAsync(patience.Token)).Buffer).Id);
        Assert.Equal(3, (await ReceiveAsync(tcp)).Id);
        Assert.True(clock.Elapsed >= TimeSpan.FromMilliseconds(295), $"came after {clock.Elapsed}");
    }

    [Fact]
    public async Task Dropped_queries_are_not_answered_and_later_ones_are()
    {
        await using var server = await DnsServer.GenerateAsync("domains=3,mx=2", "d0.test:drop");
        using var udp = new UdpClient(AddressFamily.InterNetwork);
        udp.Connect(server.EndPoint);
        await udp.SendAsync(Query("d0.test", DnsType.MX, 1));
        await udp.SendAsync(Query("d1.test", DnsType.MX, 2));
        using var patience = new CancellationTokenSource(Patience);
        Assert.Equal(2, DnsMessage.Read((await udp.ReceiveAsync(patience.Token)).Buffer).Id);
        Assert.Equal(1, (long)server.Node.Counts()["byRcode"]!["unanswered"]!);
    }

    [Fact]
    public async Task A_port_in_use_is_refused_with_a_sentence()
    {
        await using var server = await DnsServer.GenerateAsync("domains=1,mx=1");
        var second = new DnsNode(new DnsOptions { Listen = server.EndPoint, Generate = new GeneratedZone() });
        var refused = await Assert.ThrowsAsync<NodeRefusedException>(() => second.StartAsync(CancellationToken.None));
        Assert.Contains(server.EndPoint.ToString(), refused.Message, StringComparison.Ordinal);
        await second.DisposeAsync();
    }

    [Fact]
    public async Task DnsClient_agrees_over_udp_tcp_and_truncation()
    {
        await using var server = await DnsServer.ServeAsync(BigZone());
        var client = new LookupClient(new LookupClientOptions(server.EndPoint) { UseCache = false, Timeout = Patience, Retries = 0, ExtendedDnsBufferSize = 512 });
        var mx = await client.QueryAsync("mail.test", QueryType.MX);
        Assert.Equal([("mx1.test.", 10), ("mx2.test.", 20)], mx.Answers.MxRecords().Select(record => (record.Exchange.Value, (int)record.Preference)));
        Assert.Equal(["127.0.0.1", "127.0.0.2"], mx.Additionals.OfType<ARecord>().Select(record => record.Address.ToString()));
        var txt = await client.QueryAsync("text.test", QueryType.TXT);
        Assert.Equal(["one", "two"], Assert.Single(txt.Answers.TxtRecords()).Text);
        var soa = await client.QueryAsync("nobody.test", QueryType.A);
        Assert.Equal((DnsHeaderResponseCode.NotExistentDomain, 60u), (soa.Header.ResponseCode, Assert.Single(soa.Authorities.OfType<SoaRecord>()).Minimum));

        var before = server.Queries;
        Assert.Equal(60, (await client.QueryAsync("big.test", QueryType.A)).Answers.ARecords().Count());
        Assert.Equal(2, server.Queries - before);
    }

    [Fact]
    public async Task Dig_agrees_over_udp_tcp_and_truncation()
    {
        await using var server = await DnsServer.ServeAsync(BigZone());
        Assert.Equal("10 mx1.test.\n20 mx2.test.\n", await DigAsync(server, "+short", "mail.test", "MX"));
        Assert.Equal("10 mx1.test.\n20 mx2.test.\n", await DigAsync(server, "+short", "+tcp", "mail.test", "MX"));
        var whole = await DigAsync(server, "mail.test", "MX", "+noedns");
        Assert.Contains("status: NOERROR", whole, StringComparison.Ordinal);
        Assert.Matches(@"flags: qr aa rd; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 2", whole);
        Assert.Contains("status: NXDOMAIN", await DigAsync(server, "nobody.test", "A"), StringComparison.Ordinal);
        Assert.Matches(@"flags: qr aa tc rd", await DigAsync(server, "+ignore", "+noedns", "big.test", "A"));
        Assert.Equal(60, (await DigAsync(server, "+short", "+noedns", "big.test", "A")).Count(c => c == '\n'));
        Assert.Contains("status: BADVERS", await DigAsync(server, "+edns=1", "+noednsnegotiation", "mail.test", "MX"), StringComparison.Ordinal);
        Assert.DoesNotContain("WARNING: Message", whole, StringComparison.Ordinal);
    }

    private static string BigZone() => """
        @ NS ns
        ns A 127.0.0.53
        mail MX 10 mx1
             MX 20 mx2
        mx1 A 127.0.0.1
        mx2 A 127.0.0.2
        text TXT one two

        """ + string.Join('\n', Enumerable.Range(0, 60).Select(i => $"big A 127.0.2.{i}"));

    private static async Task<string> DigAsync(DnsServer server, params string[] arguments)
    {
        var dig = ForeignProgram.Find("dig");
        Assert.SkipWhen(dig is null, "dig is not installed; get it with: apt-get install bind9-dnsutils");
        var (_, output, _) = await dig.RunAsync(Patience, ["@127.0.0.1", "-p", server.EndPoint.Port.ToString(CultureInfo.InvariantCulture), "+time=10", "+tries=2", .. arguments]);
        return output;
    }

    private static async Task<Socket> ConnectAsync(DnsServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.EndPoint);
        return socket;
    }

    private static byte[] Framed(byte[] message) => [(byte)(message.Length >> 8), (byte)message.Length, .. message];

    private static async Task SendAsync(Socket socket, byte[] message) => await socket.SendAsync(Framed(message));

    private static async Task<DnsMessage> ReceiveAsync(Socket socket)
    {
        var length = await ReadAsync(socket, 2);
        return DnsMessage.Read(await ReadAsync(socket, BinaryPrimitives.ReadUInt16BigEndian(length)));
    }

    private static async Task<byte[]> ReadAsync(Socket socket, int count)
    {
        using var patience = new CancellationTokenSource(Patience);
        var octets = new byte[count];
        for (var at = 0; at < count;)
        {
            var read = await socket.ReceiveAsync(octets.AsMemory(at), patience.Token);
            Assert.NotEqual(0, read);
            at += read;
        }

        return octets;
    }
}
