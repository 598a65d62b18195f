using System.Net;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed.Lines;

namespace MailBench.Runs.Testbed;

/// <summary>Ports of the MX hosts and of the DNS responder; 0: a free one is picked.</summary>
internal readonly record struct TestbedPorts(int Smtp, int Dns)
{
    /// <summary>Where the world's are; for a network that is ours alone.</summary>
    public static TestbedPorts WellKnown { get; } = new(25, 53);

    public static TestbedPorts Of(RunPlan plan)
    {
        var named = new TestbedPorts(plan.Profile.Settings.Integer("testbed.smtpPort"), plan.Profile.Settings.Integer("testbed.dnsPort"));
        return plan.NeedsPrivateNetwork ? WellKnown : named;
    }
}

/// <summary>
/// The nodes around the SUT: DNS responder, sink, line and source, each a process. They live through the run; one is started anew only when a point changes its own options. Where
/// they are <see cref="TestbedAddresses"/> says; all MX hosts and the return path are on one port.
/// </summary>
internal sealed class Bench : IAsyncDisposable
{
    /// <summary>Where the mailbox server takes mail from the MTA beside it, on the port of all MX hosts.</summary>
    private const string MailAddress = "127.0.4.1";
    private const int PortAttempts = 5;

    private readonly NodeProgram _program;
    private readonly RunFolder _folder;
    private readonly TimeProvider _time;
    private readonly int _hosts;
    private readonly TestbedPorts _ports;
    private readonly Dictionary<string, (string Options, NodeProcess Process)> _roles = [];
    private readonly KernelLine? _kernel;
    private readonly bool _hasLine;
    private TestbedAddresses _addresses = TestbedAddresses.UserSpace;
    private ByteSize _queue;
    private CreditPump? _credits;
    private CachingResolver? _resolver;
    private int _popPort;
    private IPEndPoint? _usersDoor;

    private Bench(NodeProgram program, RunFolder folder, int hosts, TestbedPorts ports, KernelLine? kernel, bool hasLine, TimeProvider time) =>
        (_program, _folder, _hosts, _ports, _kernel, _hasLine, SmtpPort, _time) = (program, folder, hosts, ports, kernel, hasLine, ports.Smtp, time);

    /// <summary>Where the mailbox server listens; and <see cref="UsersSide"/>, where users reach it: through the line, or itself where there is none.</summary>
    public IPEndPoint MailboxSide => new(_addresses.Sink(0), _popPort);

    public IPEndPoint UsersSide => _hasLine ? new(_addresses.Near(0), _popPort) : _usersDoor ?? MailboxSide;

    public IPEndPoint MailSide => new(IPAddress.Parse(MailAddress), SmtpPort);

    public NodeProcess Poll => _roles["poll"].Process;

    /// <summary>The one port of all MX addresses.</summary>
    public int SmtpPort { get; private set; }

    public NodeProcess Source => _roles["source"].Process;

    public NodeProcess Sink => _roles["sink"].Process;

    public NodeProcess Line => _roles["line"].Process;

    public IPEndPoint DnsServer => _roles["dns"].Process.Listeners[0].EndPoint;

    /// <summary>What the system under test asks: the responder, or the caching resolver before it.</summary>
    public IPEndPoint Resolver => _resolver?.EndPoint ?? DnsServer;

    /// <summary>Ends with the reason when the caching resolver ends unasked; null where there is none.</summary>
    public Task<RoleFailure>? ResolverFailed => _resolver?.Failed;

    /// <summary>The first MX host's sink, reached without line.</summary>
    public IPEndPoint FarSide => new(_addresses.Far(0), SmtpPort);

    /// <summary>The first MX host as the world sees it: through the line.</summary>
    public IPEndPoint NearSide => new(_addresses.Near(0), SmtpPort);

    public IEnumerable<NodeProcess> Processes => _roles.Values.Select(role => role.Process);

    /// <summary>Counters of every role, asked together. The line is a role also where the kernel is the line; what its node for the delay uses is then added to it.</summary>
    public IEnumerable<(string Role, Task<IReadOnlyDictionary<string, double>> Counters)> Snapshots(CancellationToken cancellationToken)
    {
        foreach (var process in Processes)
            if (_kernel is null || process.Role != "line") yield return (process.Role, Testbed.Snapshots.OfAsync(process, cancellationToken));
        if (_resolver is not null) yield return (CachingResolver.Role, Task.FromResult(_resolver.Counters));
        if (_kernel is not null) yield return ("line", KernelSnapshotAsync(_kernel, cancellationToken));
    }

    public Task<IReadOnlyDictionary<string, double>> SnapshotAsync(string role, CancellationToken cancellationToken) =>
        role == "line" && _kernel is not null ? KernelSnapshotAsync(_kernel, cancellationToken) : Testbed.Snapshots.OfAsync(_roles[role].Process, cancellationToken);

    /// <summary>Starts all four as a point wants them. <paramref name="hosts"/>: the most MX hosts that any point has; <paramref name="backend"/>: of <see cref="LineBackends"/>.</summary>
    public static async Task<Bench> StartAsync(NodeProgram program, RunFolder folder, SettingValues first, int hosts, TestbedPorts ports, string backend, TimeProvider time, CancellationToken cancellationToken)
    {
        var kernel = backend == LineBackends.Kernel ? await KernelLine.StartAsync(time, cancellationToken) : null;
        var bench = new Bench(program, folder, hosts, ports, kernel, backend != LineBackends.None, time);
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
            if (_popPort == 0) _popPort = PortPick.FreeOnAll([_addresses.Near(0), _addresses.Sink(0)]);
            try
            {
                if (_hasLine) await EnsureAsync("line", UsersLine(settings, MailboxSide), 1, null, cancellationToken);
                break;
            }
            catch (RoleFailedException taken) when (attempt < PortAttempts && taken.Message.Contains("exit code 4", StringComparison.Ordinal))
            {
                // Somebody took the port between the look and the start.
                _popPort = 0;
            }
        }

        _usersDoor = null;
        await EnsureAsync("poll", [], 0, null, cancellationToken);
        await SetUsersCapacityAsync(settings, cancellationToken);
    }

    private string[] UsersLine(SettingValues settings, IPEndPoint server) =>
        ["--listen", $"{UsersSide}={server}", "--capacity", "unlimited", "--delay", settings.Text("line.delay"), "--queue", settings.Text("line.queue")];

    private Task SetUsersCapacityAsync(SettingValues settings, CancellationToken cancellationToken)
    {
        var capacity = settings.Capacity("line.capacity");
        return SetCapacityAsync(new LineCapacity(capacity.Reverse, capacity.Forward), cancellationToken);
    }

    /// <summary>Leads the users' line to a server that listens where it likes.</summary>
    public async Task LeadUsersAsync(SettingValues settings, IPEndPoint server, CancellationToken cancellationToken)
    {
        _usersDoor = server;
        if (_hasLine) await EnsureAsync("line", UsersLine(settings, server), 1, null, cancellationToken);
        await SetUsersCapacityAsync(settings, cancellationToken);
    }

    private async Task ApplyMailAsync(SettingValues settings, CancellationToken cancellationToken)
    {
        if (_kernel is not null) _addresses = TestbedAddresses.Kernel(IsDelayed(settings));
        _queue = settings.Size("line.queue");
        await ApplySinkAndLineAsync(settings, cancellationToken);
        await EnsureAsync("dns", DnsArguments(settings), 1, null, cancellationToken);
        await LeaveResolverAsync();
        if (CachingResolver.IsWanted(settings))
            _resolver = await CachingResolver.StartAsync(Path.Combine(_folder.Work, CachingResolver.Role), Path.Combine(_folder.Logs, $"{CachingResolver.Role}.log"), DnsServer, settings.Text("dns.suffix"), _time, cancellationToken);
        if (await EnsureAsync("source", [], 0, null, cancellationToken))
        {
            if (_credits is not null) await _credits.DisposeAsync();
            _credits = new CreditPump(Source, _time);
        }

        await SetCapacityAsync(settings.Capacity("line.capacity"), cancellationToken);
    }

    /// <summary>Every address that a testbed of so many MX hosts on user-space lines listens on for mail.</summary>
    public static IEnumerable<IPAddress> Addresses(int hosts)
    {
        var addresses = TestbedAddresses.UserSpace;
        return [.. Enumerable.Range(0, hosts).SelectMany(host => new[] { addresses.Near(host), addresses.Sink(host) }), IPAddress.Parse(addresses.ReturnAddress), IPAddress.Parse(MailAddress)];
    }

    public Task SetCapacityAsync(LineCapacity capacity, CancellationToken cancellationToken) => !_hasLine ? Task.CompletedTask : _kernel is not null
        ? _kernel.SetCapacityAsync(capacity, _queue, cancellationToken)
        : Line.AskAsync(new CapacityCommand(capacity.Forward.BitsPerSecond, capacity.Reverse.BitsPerSecond), TimeSpan.FromSeconds(15), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_credits is not null) await _credits.DisposeAsync();
        await LeaveResolverAsync();
        // Together: each may take its time to finish.
        await Task.WhenAll(_roles.Values.Select(role => role.Process.DisposeAsync().AsTask()));
        _roles.Clear();
        if (_kernel is not null) await _kernel.DisposeAsync();
    }

    private async Task LeaveResolverAsync()
    {
        var resolver = _resolver;
        _resolver = null;
        if (resolver is not null) await resolver.DisposeAsync();
    }

    private async Task ApplySinkAndLineAsync(SettingValues settings, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (SmtpPort == 0) SmtpPort = PortPick.FreeOnAll([.. Addresses(_hosts)]);
            try
            {
                await EnsureAsync("sink", SinkArguments(settings), _hosts + (_kernel is null ? 1 : 2), notice => _credits?.Booked(notice.Kind == "booked" ? notice.Recipients : 0), cancellationToken);
                if (_hasLine && (_kernel is null || IsDelayed(settings))) await EnsureAsync("line", LineArguments(settings), _hosts, null, cancellationToken);
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
        var program = role is "sink" or "line" && _kernel is not null ? _kernel.There(_program) : _program;
        _roles[role] = (options, await NodeProcess.StartAsync(program, role, arguments, listeners, log, notice, _time, cancellationToken));
        return true;
    }

    private string[] SinkArguments(SettingValues settings) =>
    [
        "--listen", string.Join(',', SinkHosts().Select(address => $"{address}:{SmtpPort}")), "--return", $"{_addresses.ReturnAddress}:{SmtpPort}",
        .. settings.List("sink.refuse").SelectMany(rule => new[] { "--refuse", rule }),
        .. settings.List("sink.withhold").SelectMany(name => new[] { "--withhold", name }),
        .. settings.List("sink.limits").SelectMany(limit => new[] { "--limit", limit }),
    ];

    private string[] LineArguments(SettingValues settings) =>
    [
        "--listen", string.Join(',', Enumerable.Range(0, _hosts).Select(i => $"{_addresses.Near(i)}:{SmtpPort}={_addresses.Sink(i)}:{SmtpPort}")),
        "--capacity", "unlimited", "--delay", settings.Text("line.delay"), "--queue", settings.Text("line.queue"),
    ];

    private string[] DnsArguments(SettingValues settings)
    {
        var spec = GeneratedZoneSpec.Format(settings.ToZone(_addresses.ZoneNetwork, _addresses.ReturnAddress) with { Mail = MailAddress });
        return ["--listen", $"127.0.0.1:{_ports.Dns}", "--generate", spec, .. settings.List("dns.faults").SelectMany(rule => new[] { "--fault", rule })];
    }

    /// <summary>One address for each MX host; behind a kernel line also the one that no line shapes.</summary>
    private IEnumerable<IPAddress> SinkHosts() => [.. Enumerable.Range(0, _hosts).Select(_addresses.Sink), .. _kernel is null ? Array.Empty<IPAddress>() : [_addresses.Far(0)]];

    private async Task<IReadOnlyDictionary<string, double>> KernelSnapshotAsync(KernelLine kernel, CancellationToken cancellationToken)
    {
        var counted = await kernel.SnapshotAsync(cancellationToken);
        if (!_roles.TryGetValue("line", out var delay)) return counted;
        var used = await Testbed.Snapshots.OfAsync(delay.Process, cancellationToken);
        return new[] { CounterNames.CpuNs, CounterNames.ResidentBytes, CounterNames.BusiestThreadCpuNs, CounterNames.LineLateNs }.Where(used.ContainsKey).Aggregate(new Dictionary<string, double>(counted), (all, name) =>
        {
            all[name] = used[name];
            return all;
        });
    }

    private static bool IsDelayed(SettingValues settings) => settings.Span("line.delay") > TimeSpan.Zero;
}
