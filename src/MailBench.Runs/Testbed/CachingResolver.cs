using System.Net;
using System.Net.Sockets;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs.Testbed.Systems;

namespace MailBench.Runs.Testbed;

/// <summary>
/// A caching resolver between the system under test and the responder: unbound with its authors' defaults, which forwards all it does not know. Started afresh for each trial, in namespaces of its own, so that
/// its cache is empty and nothing of it outlives the runner.
/// </summary>
internal sealed class CachingResolver : IAsyncDisposable
{
    public const string Role = "resolver";
    private const string Setting = "dns.resolver";
    private const string Program = "/usr/sbin/unbound";
    private const string ConfigurationPlace = "/etc/unbound";
    private static readonly IPAddress Address = new([127, 0, 0, 53]);
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(15);

    private readonly Enclosure _enclosure;
    private readonly string _folder;

    private CachingResolver(Enclosure enclosure, IPEndPoint endPoint, string folder) => (_enclosure, EndPoint, _folder) = (enclosure, endPoint, folder);

    public IPEndPoint EndPoint { get; }

    /// <summary>Ends with the reason when it ends unasked.</summary>
    public Task<RoleFailure> Failed => _enclosure.Failed;

    /// <summary>CPU, memory and writes of it.</summary>
    public IReadOnlyDictionary<string, double> Counters => _enclosure.Counters();

    public static bool IsWanted(SettingValues settings) => settings.Text(Setting) != "none" && !settings.HasUsers();

    /// <summary>Why it cannot be had here, or null.</summary>
    public static string? Missing() => Enclosure.Missing() ?? (File.Exists(Program) && Directory.Exists(ConfigurationPlace) ? null : "unbound is not installed (Debian: apt-get install unbound; a file /usr/sbin/policy-rc.d that exits 101 keeps its service from starting).");

    /// <summary>A system's features behind it.</summary>
    public static IReadOnlyDictionary<string, string> Tell(IReadOnlyDictionary<string, string> features, SettingValues settings) => !IsWanted(settings) ? features : new Dictionary<string, string>(features)
    {
        ["cachingResolver"] = features.GetValueOrDefault("cachingResolver") is { } own and not "none" ? $"unbound, behind the {own}" : "unbound",
    };

    /// <summary>Starts it and waits until it listens. Throws <see cref="RoleFailedException"/>.</summary>
    /// <param name="folder">One of its own, which goes with it.</param>
    public static async Task<CachingResolver> StartAsync(string folder, string logPath, IPEndPoint responder, string suffix, TimeProvider time, CancellationToken cancellationToken)
    {
        var (configuration, devices) = (Path.Combine(folder, "conf"), Path.Combine(folder, "dev"));
        Directory.CreateDirectory(configuration);
        Directory.CreateDirectory(devices);
        var endPoint = new IPEndPoint(Address, responder.Port);
        await File.WriteAllTextAsync(Path.Combine(configuration, "mailbench.conf"), Configuration(endPoint, responder, suffix), cancellationToken);
        var log = new RoleLog(logPath, Role);
        var start = new MtaStart(MtaRoots.Machine, [], [Program, "-d", "-p", "-c", $"{ConfigurationPlace}/mailbench.conf"], logPath);
        var resolver = new CachingResolver(Enclosure.Start(Role, $"{Role}.{suffix}", start, [], [new BindMount(configuration, ConfigurationPlace)], devices, null, log, () => [], time), endPoint, folder);
        try
        {
            await resolver.UntilItListensAsync(time, cancellationToken);
            return resolver;
        }
        catch
        {
            await resolver.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _enclosure.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary><c>unbound.conf</c>: where it is, no DNSSEC since the zone has none, and forwarding to the responder. A zone <c>test.</c> is none that it would answer for itself (RFC 6761 §6.2).</summary>
    internal static string Configuration(IPEndPoint endPoint, IPEndPoint responder, string suffix) => $"""
        server:
          interface: {endPoint.Address}
          port: {endPoint.Port}
          access-control: 127.0.0.0/8 allow
          do-ip6: no
          do-daemonize: no
          username: ""
          chroot: ""
          directory: "{ConfigurationPlace}"
          pidfile: ""
          use-syslog: no
          logfile: ""
          module-config: "iterator"
          do-not-query-localhost: no
          local-zone: "{suffix}." transparent
        remote-control:
          control-enable: no
        forward-zone:
          name: "."
          forward-addr: {responder.Address}@{responder.Port}

        """;

    private async Task UntilItListensAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        if (!await Greeting.IsUpAsync(() => ListensAsync(cancellationToken), StartPatience, Failed, time, cancellationToken))
            throw new RoleFailedException(new RoleFailure(Role, $"does not listen at {EndPoint} after {StartPatience.TotalSeconds:0} s", []));
    }

    private async Task<bool> ListensAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var knock = new TcpClient();
            await knock.ConnectAsync(EndPoint, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
