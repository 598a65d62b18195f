using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Mta;
using MailBench.Mta.Queue;
using MailBench.Peers.Dns;
using MailBench.Peers.Sink;

namespace MailBench.EndToEnd.Mta;

/// <summary>A message as the sink kept it.</summary>
internal sealed record SavedMessage(string ReversePath, string[] Recipients, byte[] Content)
{
    public string Text => Encoding.Latin1.GetString(Content);
}

/// <summary>
/// The MTA between real neighbours in this process: a DNS node whose domains <c>d0.test</c> … share two MX hosts, a sink on their addresses, and another where <c>source.test</c> takes DSNs.
/// Everything on loopback, every port picked, every folder temporary.
/// </summary>
internal sealed class MtaRig : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string[] MxAddresses = ["127.0.71.1", "127.0.71.2"];
    private const string ReturnAddress = "127.0.71.99";

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-mta-").FullName;
    private DnsNode? _dns;
    private SinkNode? _sink;

    /// <summary>An address of its own, which no client's socket has: where it begins again after a while, its port is free there.</summary>
    private IPEndPoint _dnsEndPoint = new(IPAddress.Parse("127.0.71.53"), 0);
    private int _smtpPort;

    private MtaRig() { }

    /// <summary>The zone's TTL, and the clock of the MTA: before the nodes are started.</summary>
    public TimeSpan Ttl { get; init; } = TimeSpan.FromHours(1);
    public TimeProvider Time { get; init; } = TimeProvider.System;
    public int SmtpPort => _smtpPort;

    public MtaNode Mta { get; private set; } = null!;
    public IPEndPoint EndPoint { get; private set; } = null!;
    public List<string> Complaints { get; } = [];
    public string QueueDirectory => Path.Combine(_folder, "queue");
    public string AttemptLog => File.ReadAllText(Path.Combine(QueueDirectory, "attempts.log"));

    /// <summary>Tests' settings: retries soon.</summary>
    public static MtaSettings Settings { get; } = new() { Retry = new RetrySettings { First = TimeSpan.FromMilliseconds(300), Max = TimeSpan.FromSeconds(1) } };

    public static async Task<MtaRig> StartAsync(MtaSettings? settings = null, IReadOnlyList<RefusalRule>? refuse = null, string relayFrom = "127.0.0.0/8", OpenQueue? openQueue = null, bool mta = true)
    {
        var rig = new MtaRig();
        await rig.StartNeighboursAsync(refuse);
        if (mta) await rig.StartMtaAsync(settings, relayFrom, openQueue);
        return rig;
    }

    /// <summary>As above, with a zone and a clock of the test's own.</summary>
    public static async Task<MtaRig> StartAsync(MtaSettings settings, TimeSpan ttl, TimeProvider? time = null)
    {
        var rig = new MtaRig { Ttl = ttl, Time = time ?? TimeProvider.System };
        await rig.StartNeighboursAsync();
        await rig.StartMtaAsync(settings);
        return rig;
    }

    /// <summary>The responder, again where it was before.</summary>
    public async Task StartDnsAsync()
    {
        _dns = new DnsNode(new DnsOptions
        {
            Listen = _dnsEndPoint,
            Generate = new GeneratedZone { Domains = 4, Mx = 2, PerDomain = 2, Addresses = "127.0.71.0/24", Return = ReturnAddress, Ttl = Ttl },
        });
        _dnsEndPoint = (await _dns.StartAsync(CancellationToken.None))[0].EndPoint;
    }

    public async Task StopDnsAsync()
    {
        await _dns!.DisposeAsync();
        _dns = null;
    }

    private async Task StartNeighboursAsync(IReadOnlyList<RefusalRule>? refuse = null)
    {
        await StartDnsAsync();
        await StartSinkAsync(refuse);
    }

    public async Task StartSinkAsync(IReadOnlyList<RefusalRule>? refuse = null)
    {
        _sink = new SinkNode(new SinkOptions
        {
            Listen = [.. MxAddresses.Append(ReturnAddress).Select(address => new IPEndPoint(IPAddress.Parse(address), _smtpPort))],
            Refuse = refuse ?? [],
            SaveDirectory = Path.Combine(_folder, "saved"),
        });
        _smtpPort = (await _sink.StartAsync(CancellationToken.None))[0].EndPoint.Port;
    }

    public async Task StopSinkAsync()
    {
        await _sink!.StopAsync(CancellationToken.None);
        await _sink.DisposeAsync();
        _sink = null;
    }

    public async Task StartMtaAsync(MtaSettings? settings = null, string relayFrom = "127.0.0.0/8", OpenQueue? openQueue = null)
    {
        var options = new MtaOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            QueueDirectories = [.. Enumerable.Range(0, (settings ?? Settings).QueueDirectories).Select(i => Path.Combine(_folder, i == 0 ? "queue" : $"queue{i}"))],
            Dns = _dnsEndPoint,
            SmtpPort = _smtpPort,
            RelayFrom = relayFrom.Length == 0 ? [] : [IPNetwork.Parse(relayFrom)],
            HostName = "mta.test",
            Settings = settings ?? Settings,
        };
        Mta = new MtaNode(options, Time, openQueue) { Complain = Complaints.Add };
        EndPoint = (await Mta.StartAsync(CancellationToken.None))[0].EndPoint;
    }

    public async Task StopMtaAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await Mta.StopAsync(patience.Token);
        await Mta.DisposeAsync();
    }

    public long Count(string name) => Mta.Counts()[name]!.GetValue<long>();

    public Task CountReachesAsync(string name, long value) => EventuallyAsync(() => Count(name) == value, () => $"{name} is {Count(name)}, not {value}: {Mta.Counts()}");

    /// <summary>All messages that the sink has kept, in the order in which they came.</summary>
    public IReadOnlyList<SavedMessage> Saved()
    {
        var folder = Path.Combine(_folder, "saved");
        var saved = new List<SavedMessage>();
        foreach (var path in Directory.EnumerateFiles(folder, "*.eml").OrderBy(path => int.Parse(Path.GetFileNameWithoutExtension(path))))
        {
            using var envelope = JsonDocument.Parse(File.ReadAllText(Path.ChangeExtension(path, ".json")));
            saved.Add(new SavedMessage(
                envelope.RootElement.GetProperty("reversePath").GetString()!,
                [.. envelope.RootElement.GetProperty("recipients").EnumerateArray().Select(recipient => recipient.GetString()!)],
                File.ReadAllBytes(path)));
        }

        return saved;
    }

    /// <summary>Waits, within bounds, until a condition holds.</summary>
    public static async Task EventuallyAsync(Func<bool> condition, Func<string> otherwise)
    {
        var start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Patience) Xunit.Assert.Fail(otherwise());
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Mta is not null) await Mta.DisposeAsync();
        if (_sink is not null) await _sink.DisposeAsync();
        if (_dns is not null) await _dns.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
