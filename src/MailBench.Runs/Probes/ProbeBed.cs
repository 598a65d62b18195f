using System.Net;
using MailBench.Model.Nodes;
using MailBench.Model.Records;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;
using MailBench.Runs.Testbed.Systems;

namespace MailBench.Runs.Probes;

/// <summary>
/// What surrounds a probed system: mail hosts that record (in this process) and a DNS responder (a node), on addresses that no other testbed uses. No line: probes ask what is done, not how fast.
/// </summary>
internal sealed class ProbeBed : IAsyncDisposable
{
    private static readonly IPAddress Return = new([127, 0, 4, 9]), Responder = new([127, 0, 4, 53]);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly NodeProcess _dns;
    private readonly TimeProvider _time;

    private ProbeBed(NodeProcess dns, RecordingPeer peer, int smtpPort, string suffix, TimeProvider time) => (_dns, Peer, SmtpPort, Suffix, _time) = (dns, peer, smtpPort, suffix, time);

    public RecordingPeer Peer { get; }

    public int SmtpPort { get; }

    public string Suffix { get; }

    public IPEndPoint Dns => _dns.Listeners[0].EndPoint;

    public static string HostAddress(int host) => $"127.0.4.{host}";

    /// <summary>A host at which nobody listens.</summary>
    public static string ClosedAddress => HostAddress(5);

    /// <summary>The return path, where DSNs come to.</summary>
    public static string ReturnAddress => Return.ToString();

    public string Sender => $"probe@source.{Suffix}";

    public static async Task<ProbeBed> StartAsync(NodeProgram program, RunFolder folder, TestbedPorts ports, string suffix, TimeProvider time, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = [.. Enumerable.Range(1, 4).Select(host => IPAddress.Parse(HostAddress(host))), Return];
        var port = ports.Smtp != 0 ? ports.Smtp : PortPick.FreeOnAll(addresses);
        var zone = Path.Combine(folder.Work, "probes.zone");
        await File.WriteAllTextAsync(zone, Zone(suffix), cancellationToken);
        string[] arguments = ["--listen", $"{Responder}:{ports.Dns}", "--zone", zone];
        var dns = await NodeProcess.StartAsync(program, "dns", arguments, 1, new RoleLog(Path.Combine(folder.Logs, "dns.log"), "dns of the probes"), null, time, cancellationToken);
        try
        {
            return new ProbeBed(dns, RecordingPeer.Start(addresses, port, IPAddress.Parse(HostAddress(3)), time), port, suffix, time);
        }
        catch (System.Net.Sockets.SocketException refused)
        {
            await dns.DisposeAsync();
            throw new RoleFailedException($"the probes' mail hosts cannot listen at port {port}: {refused.Message}");
        }
    }

    /// <summary>Starts the system; <paramref name="tracer"/>: a command that runs it under observation.</summary>
    public Task<ISystemUnderTest> StartSystemAsync(PointPlan point, NodeProgram program, RunFolder folder, string queueRoot, string token, IReadOnlyList<string> tracer, CancellationToken cancellationToken)
    {
        var place = new SutPlace(Path.Combine(queueRoot, $"queue-{token}"), Dns, SmtpPort, Path.Combine(folder.Work, $"mta-{token}.yaml"), LogOf(folder, token)) { Tracer = tracer };
        var log = new RoleLog(Path.Combine(folder.Logs, "mta.log"), $"{point.System.Name}, probed, {token}");
        return MailSystems.StartAsync(point.System, program, point.Settings, place, log, _time, cancellationToken);
    }

    /// <summary>Where the system's own log is when it has ended.</summary>
    public static string LogOf(RunFolder folder, string token) => Path.Combine(folder.Logs, $"attempts-{token}.log");

    /// <summary>Waits until something has been seen; false when it was not within the time.</summary>
    public async Task<bool> UntilAsync(Func<bool> seen, TimeSpan patience, CancellationToken cancellationToken)
    {
        var begin = _time.GetTimestamp();
        while (!seen())
        {
            if (_time.GetElapsedTime(begin) > patience) return false;
            await Task.Delay(Look, _time, cancellationToken);
        }

        return true;
    }

    /// <summary>Queries that the responder has answered so far, by type.</summary>
    public async Task<(double Mx, double A, double Aaaa)> QueriesAsync(CancellationToken cancellationToken)
    {
        var counters = await Snapshots.OfAsync(_dns, cancellationToken);
        return (counters.GetValueOrDefault(CounterNames.QueriesMx), counters.GetValueOrDefault(CounterNames.QueriesA), counters.GetValueOrDefault(CounterNames.QueriesAaaa));
    }

    public async ValueTask DisposeAsync()
    {
        await Peer.DisposeAsync();
        await _dns.DisposeAsync();
    }

    /// <summary>
    /// <c>a</c> and <c>b</c> have one MX set; <c>c</c> shares only its best host with them; <c>d</c> is a host of its own, <c>e</c> one without 8BITMIME, <c>f</c> one that nothing else names, and at <c>g</c>'s nobody listens.
    /// </summary>
    private static string Zone(string suffix) => $"""
        $ORIGIN {suffix}.
        $TTL 3600
        @ IN SOA ns hostmaster 1 3600 600 86400 60
        @ IN NS ns
        ns IN A {Responder}
        source IN A {Return}
        sut IN A 127.0.0.1
        h1 IN A {HostAddress(1)}
        h2 IN A {HostAddress(2)}
        h3 IN A {HostAddress(3)}
        h4 IN A {HostAddress(4)}
        a IN MX 10 h1
        b IN MX 10 h1
        c IN MX 10 h1
        c IN MX 20 h2
        d IN MX 10 h2
        e IN MX 10 h3
        f IN MX 10 h4
        h5 IN A {ClosedAddress}
        g IN MX 10 h5

        """;
}
