using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Transport;
using MailBench.Wire.Dns;

namespace MailBench.Peers.Dns;

/// <summary>The synthetic DNS responder as a node: UDP on a thread that blocks, TCP and delayed answers on a loop, one address and port for both.</summary>
public sealed class DnsNode : INode
{
    /// <summary>Ports tried when the system's pick for UDP is taken for TCP.</summary>
    private const int PortAttempts = 50;

    private readonly IPEndPoint _listen;
    private readonly DnsResponder _responder;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EventLoop? _loop;
    private DelayLine? _delays;
    private TcpServer? _tcp;
    private UdpServer? _udp;

    /// <summary>
    /// Reads the zones. Throws <see cref="ZoneException"/> (file, line and what is wrong), <see cref="FormatException"/> for a generator or fault that cannot
    /// be, and <see cref="IOException"/> for a zone file that cannot be read.
    /// </summary>
    public DnsNode(DnsOptions options) : this(options.Listen, ReadZones(options), options.Faults) { }

    internal DnsNode(IPEndPoint listen, IReadOnlyList<Zone> zones, IEnumerable<DnsFault> faults)
    {
        if (zones.Count == 0) throw new ZoneException("There is no zone to serve; give zone files, or a zone to generate.");
        _listen = listen;
        _responder = new DnsResponder(new ZoneSet(zones), new FaultTable(faults));
    }

    public string Role => "dns";

    public Task Completion => _completion.Task;

    public Action<NodeNotice>? Notify { get; set; }

    public async Task<IReadOnlyList<ReadyListener>> StartAsync(CancellationToken cancellationToken)
    {
        _loop = EventLoop.Start(new EventLoopOptions("dns-tcp"));
        await _loop.RunAsync(() =>
        {
            _delays = new DelayLine(_loop);
            _tcp = new TcpServer(_loop, _responder, _delays);
        });
        try
        {
            Bind();
        }
        catch (SocketException refused)
        {
            await DisposeAsync();
            throw NodeRefusedException.CannotListen($"{_listen} for DNS", refused);
        }

        _udp!.Start();
        return [new ReadyListener(Role, _udp.EndPoint)];
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _udp?.Dispose();
        if (_loop is not null) await _loop.RunAsync(() => _tcp?.Dispose());
    }

    public JsonObject Counts() => _udp is null ? DnsTally.Sum() : DnsTally.Sum(_udp.Tally, _tcp!.Tally);

    public IReadOnlyDictionary<string, double> Counters()
    {
        DnsTally[] tallies = _udp is null ? [] : [_udp.Tally, _tcp!.Tally];
        return new Dictionary<string, double>
        {
            [CounterNames.Queries] = tallies.Sum(tally => tally.Queries),
            [CounterNames.QueriesMx] = tallies.Sum(tally => tally.QueriesOf(DnsType.MX)),
            [CounterNames.QueriesA] = tallies.Sum(tally => tally.QueriesOf(DnsType.A)),
            [CounterNames.QueriesAaaa] = tallies.Sum(tally => tally.QueriesOf(DnsType.AAAA)),
            [CounterNames.DnsOctetsIn] = tallies.Sum(tally => tally.OctetsIn),
            [CounterNames.DnsOctetsOut] = tallies.Sum(tally => tally.OctetsOut),
        };
    }

    public Task<JsonObject?> HandleAsync(NodeCommand command, CancellationToken cancellationToken) => command switch
    {
        // A trial changes nothing here: zones stay, and the runner takes differences of counters.
        BeginTrialCommand or EndTrialCommand => Task.FromResult<JsonObject?>(null),
        _ => throw new NotSupportedException($"The DNS responder knows no {command.GetType().Name}."),
    };

    public async ValueTask DisposeAsync()
    {
        _udp?.Dispose();
        if (_loop is null) return;
        await Task.Run(_loop.Dispose);
        _loop = null;
    }

    private static List<Zone> ReadZones(DnsOptions options)
    {
        var zones = options.ZoneFiles.Select(MasterFile.Read).ToList();
        if (options.Generate is { } spec) zones.Add(ZoneGenerator.Generate(spec));
        return zones;
    }

    /// <summary>UDP first; where the system picked its port, TCP may find that one taken, and both try another.</summary>
    private void Bind()
    {
        for (var attempt = 1; ; attempt++)
        {
            var udp = new UdpServer(_listen, _responder, SendLater, defect => _completion.TrySetException(defect));
            try
            {
                _tcp!.Listen(udp.EndPoint);
                _udp = udp;
                return;
            }
            catch (SocketException) when (_listen.Port == 0 && attempt < PortAttempts)
            {
                udp.Dispose();
            }
            catch
            {
                udp.Dispose();
                throw;
            }
        }
    }

    private void SendLater(byte[] message, SocketAddress to, long delayNs)
    {
        var dueNs = MonotonicClock.NowNs + delayNs;
        _loop!.Post(_ => _delays!.Add(dueNs, () => _udp!.Send(message, to)), null);
    }
}
