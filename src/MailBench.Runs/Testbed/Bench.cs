using System.Net;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;

namespace MailBench.Runs.Testbed;

/// <summary>Ports of the MX hosts and of the DNS responder; 0: a free one is picked.</summary>
internal readonly record struct TestbedPorts(int Smtp, int Dns)
{
    /// <summary>Where the world's are; for a network that is ours alone.</summary>
    public static TestbedPorts WellKnown { get; } = new(25, 53);
}

/// <summary>
/// The nodes around the SUT: DNS responder, sink, line and source, each a process. They live through the run; one is started anew only when a point changes its own options. Addresses:
/// line 127.0.1.1 … (what the zone names), sink 127.0.2.1 …, return path 127.0.3.1, all on one port.
/// </summary>
internal sealed class Bench : IAsyncDisposable
{
    public const string ReturnAddress = "127.0.3.1";
    private const string NearNetwork = "127.0.1.0/24";
    private const int PortAttempts = 5;

    private readonly NodeProgram _program;
    private readonly RunFolder _folder;
    private readonly TimeProvider _time;
    private readonly int _hosts;
    private readonly TestbedPorts _ports;
    private readonly Dictionary<string, (string Options, NodeProcess Process)> _roles = [];
    private CreditPump? _credits;
    private int _popPort;

    private Bench(NodeProgram program, RunFolder folder, int hosts, TestbedPorts ports, TimeProvider time) =>
        (_program, _folder, _hosts, _ports, SmtpPort, _time) = (program, folder, hosts, ports, ports.Smtp, time);

    /// <summary>Where the mailbox server listens; and <see cref="UsersSide"/>, where users reach it: through the line.</summary>
    public IPEndPoint MailboxSide => new(FarAddress(0), _popPort);

    public IPEndPoint UsersSide => new(NearAddress(0), _popPort);

    public NodeProcess Poll => _roles["poll"].Process;

    /// <summary>The one port of all MX addresses.</summary>
    public int SmtpPort { get; private set; }

    public NodeProcess Source => _roles["source"].Process;

    public NodeProcess Sink => _roles["sink"].Process;

    public NodeProcess Line => _roles["line"].Process;

    public IPEndPoint DnsServer => _roles["dns"].Process.Listeners[0].EndPoint;

    /// <summary>The first MX host's sink, reached without line.</summary>
    public IPEndPoint FarSide => new(FarAddress(0), SmtpPort);

    /// <summary>The first MX host as the world sees it: through the line.</summary>
    public IPEndPoint NearSide => new(NearAddress(0), SmtpPort);

    public IEnumerable<NodeProcess> Processes => _roles.Values.Select(role => role.Process);

    /// <summary>Starts all four as a point wants them. <paramref name="hosts"/>: the most MX hosts that any point has.</summary>
    public static async Task<Bench> StartAsync(NodeProgram program, RunFolder folder, SettingValues first, int hosts, TestbedPorts ports, TimeProvider time, CancellationToken cancellationToken)
    {
        var bench = new Bench(program, folder, hosts, ports, time);
        try
        {
            await bench.ApplyMailAsync(first, cancellationToken);
            return bench;
        }
        catch
        {
            await bench.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes the nodes what the point wants: starts anew those whose options differ, and sets the line's capacity.</summary>
    public Task ApplyAsync(SettingValues settings, CancellationToken cancellationToken) =>
        settings.HasUsers() ? ApplyUsersAsync(settings, cancellationToken) : ApplyMailAsync(settings, cancellationToken);

    /// <summary>Users need a line to the mailbox server and the node that polls. Their mail goes from the far side to the near one: forward is that way, here as for deliveries.</summary>
    private async Task ApplyUsersAsync(SettingValues settings, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (_popPort == 0) _popPort = PortPick.FreeOnAll([NearAddress(0), FarAddress(0)]);
            try
            {
                string[] line = ["--listen", $"{UsersSide}={MailboxSide}", "--capacity", "unlimited", "--delay", settings.Text("line.delay"), "--queue", settings.Text("line.queue")];
                await EnsureAsync("line", line, 1, null, cancellationToken);
                break;
            }
            catch (RoleFailedException taken) when (attempt < PortAttempts && taken.Message.Contains("exit code 4", StringComparison.Ordinal))
            {
                // Somebody took the port between the look and the start.
                _popPort = 0;
            }
        }

        await EnsureAsync("poll", [], 0, null, cancellationToken);
        var capacity = settings.Capacity("line.capacity");
        await SetCapacityAsync(new LineCapacity(capacity.Reverse, capacity.Forward), cancellationToken);
    }

    private async Task ApplyMailAsync(SettingValues settings, CancellationToken cancellationToken)
    {
        await ApplySinkAndLineAsync(settings, cancellationToken);
        await EnsureAsync("dns", DnsArguments(settings), 1, null, cancellationToken);
        if (await EnsureAsync("source", [], 0, null, cancellationToken))
        {
            if (_credits is not null) await _credits.DisposeAsync();
            _credits = new CreditPump(Source, _time);
        }

        await SetCapacityAsync(settings.Capacity("line.capacity"), cancellationToken);
    }

    /// <summary>Every address that a testbed of so many MX hosts listens on for mail.</summary>
    public static IEnumerable<IPAddress> Addresses(int hosts) =>
        [.. Enumerable.Range(0, hosts).SelectMany(host => new[] { NearAddress(host), FarAddress(host) }), IPAddress.Parse(ReturnAddress)];

    public async Task SetCapacityAsync(LineCapacity capacity, CancellationToken cancellationToken) =>
        await Line.AskAsync(new CapacityCommand(capacity.Forward.BitsPerSecond, capacity.Reverse.BitsPerSecond), TimeSpan.FromSeconds(15), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_credits is not null) await _credits.DisposeAsync();
        // Together: each may take its time to finish.
        await Task.WhenAll(_roles.Values.Select(role => role.Process.DisposeAsync().AsTask()));
        _roles.Clear();
    }

    private async Task ApplySinkAndLineAsync(SettingValues settings, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (SmtpPort == 0) SmtpPort = PortPick.FreeOnAll([.. Addresses(_hosts)]);
            try
            {
                await EnsureAsync("sink", SinkArguments(settings), _hosts + 1, notice => _credits?.Booked(notice.Kind == "booked" ? notice.Recipients : 0), cancellationToken);
                await EnsureAsync("line", LineArguments(settings), _hosts, null, cancellationToken);
                return;
            }
            catch (RoleFailedException taken) when (attempt < PortAttempts && _ports.Smtp == 0 && !_roles.ContainsKey("line") && taken.Message.Contains("exit code 4", StringComparison.Ordinal))
            {
                // Somebody took the port between the look and the start: another one, for both.
                if (_roles.Remove("sink", out var sink)) await sink.Process.DisposeAsync();
                SmtpPort = 0;
            }
        }
    }

    /// <summary>True when the role was started (anew).</summary>
    private async Task<bool> EnsureAsync(string role, string[] arguments, int listeners, Action<NodeNotice>? notice, CancellationToken cancellationToken)
    {
        var options = string.Join(' ', arguments);
        if (_roles.TryGetValue(role, out var running))
        {
            if (running.Options == options) return false;
            _roles.Remove(role);
            await running.Process.DisposeAsync();
        }

        var log = new RoleLog(Path.Combine(_folder.Logs, $"{role}.log"), $"{role} {options}");
        _roles[role] = (options, await NodeProcess.StartAsync(_program, role, arguments, listeners, log, notice, _time, cancellationToken));
        return true;
    }

    private string[] SinkArguments(SettingValues settings) =>
    [
        "--listen", string.Join(',', Hosts(FarAddress).Select(address => $"{address}:{SmtpPort}")), "--return", $"{ReturnAddress}:{SmtpPort}",
        .. settings.List("sink.refuse").SelectMany(rule => new[] { "--refuse", rule }),
        .. settings.List("sink.withhold").SelectMany(name => new[] { "--withhold", name }),
        .. settings.List("sink.limits").SelectMany(limit => new[] { "--limit", limit }),
    ];

    private string[] LineArguments(SettingValues settings) =>
    [
        "--listen", string.Join(',', Enumerable.Range(0, _hosts).Select(i => $"{NearAddress(i)}:{SmtpPort}={FarAddress(i)}:{SmtpPort}")),
        "--capacity", "unlimited", "--delay", settings.Text("line.delay"), "--queue", settings.Text("line.queue"),
    ];

    private string[] DnsArguments(SettingValues settings)
    {
        var spec = GeneratedZoneSpec.Format(settings.ToZone(NearNetwork, ReturnAddress));
        return ["--listen", $"127.0.0.1:{_ports.Dns}", "--generate", spec, .. settings.List("dns.faults").SelectMany(rule => new[] { "--fault", rule })];
    }

    private IEnumerable<IPAddress> Hosts(Func<int, IPAddress> address) => Enumerable.Range(0, _hosts).Select(address);

    private static IPAddress NearAddress(int host) => new([127, 0, 1, (byte)(host + 1)]);

    private static IPAddress FarAddress(int host) => new([127, 0, 2, (byte)(host + 1)]);
}
