using System.Net;
using System.Net.Sockets;
using ARSoft.Tools.Net;
using ARSoft.Tools.Net.Dns;

namespace MailBench.Benchmarks.Rows;

/// <summary>ARSoft's DNS server, the yardstick, with the same zone as the responder gets: prepared records, looked up by name.</summary>
internal static class ArsoftServer
{
    /// <summary>Serves until its standard input ends or it is killed.</summary>
    public static void Serve(RowOptions options)
    {
        var zone = Enumerable.Range(0, DnsRow.Domains).ToDictionary(domain => DomainName.Parse($"d{domain}.test"), Records);
        var at = new IPEndPoint(IPAddress.Loopback, FreePort());
        using var server = new DnsServer(new UdpServerTransport(at));
        server.QueryReceived += (_, received) =>
        {
            if (received.Query is not DnsMessage query) return Task.CompletedTask;
            var response = query.CreateResponseInstance();
            received.Response = response;
            if (query.Questions.Count == 1 && zone.TryGetValue(query.Questions[0].Name, out var found))
            {
                response.ReturnCode = ReturnCode.NoError;
                response.IsAuthoritiveAnswer = true;
                response.AnswerRecords.AddRange(found.Mx);
                response.AdditionalRecords.AddRange(found.Addresses);
            }
            else
            {
                response.ReturnCode = ReturnCode.NxDomain;
            }

            return Task.CompletedTask;
        };
        server.Start();
        Console.WriteLine($"ready arsoft {at}");
        Console.In.ReadToEnd();
    }

    private static (List<DnsRecordBase> Mx, List<DnsRecordBase> Addresses) Records(int domain)
    {
        var hosts = Enumerable.Range(domain, 2).Select(host => host % 5).ToArray();
        return (
            [.. hosts.Select(host => new MxRecord(DomainName.Parse($"d{domain}.test"), 3600, 10, DomainName.Parse($"mx{host}.test")))],
            [.. hosts.Select(host => new ARecord(DomainName.Parse($"mx{host}.test"), 3600, IPAddress.Parse($"127.0.1.{host + 1}")))]);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
