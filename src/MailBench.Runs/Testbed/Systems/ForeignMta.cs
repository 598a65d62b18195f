using System.Net;
using System.Text;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>
/// Somebody else's MTA as the system under test: its <see cref="MtaAdapter"/> configures it, an <see cref="Enclosure"/> holds it. Its books close by what can be seen from outside: IDs travel in the
/// reverse-path to the sink, DSNs come back by it, and what is still queued its own listing says.
/// </summary>
internal sealed class ForeignMta : ISystemUnderTest
{
    private const int SmtpPort = 25;

    private readonly MtaAdapter _adapter;
    private readonly MailSystem _system;
    private readonly MtaFolders _folders;
    private readonly Enclosure _enclosure;
    private readonly MtaStart _start;
    private readonly SyslogFile? _syslog;
    private readonly SutPlace _place;
    private readonly string _suffix;
    private EventWriter? _events;
    private TrialId? _trial;

    private ForeignMta(MtaAdapter adapter, MailSystem system, MtaFolders folders, MtaStart start, SutPlace place, string suffix, Enclosure enclosure, SyslogFile? syslog)
    {
        (_adapter, _system, _folders, _start, _place, _suffix, _enclosure, _syslog) = (adapter, system, folders, start, place, suffix, enclosure, syslog);
        Features = adapter.Features(system);
    }

    public IPEndPoint Door { get; } = new(IPAddress.Parse(MtaAdapter.DoorAddress), SmtpPort);

    public IReadOnlyDictionary<string, string> Features { get; }

    public Task<RoleFailure> Failed => _enclosure.Failed;

    public bool CountedNotBooked => false;

    public IReadOnlyList<string> LastWords => LogTail.Of(_start.LogPath) is [.., var last] ? [last] : [];

    /// <summary>Configures it afresh, starts it and waits until it greets. Throws <see cref="RoleFailedException"/> with its log's last words.</summary>
    public static async Task<ForeignMta> StartAsync(MtaAdapter adapter, MailSystem system, SettingValues settings, SutPlace place, RoleLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        var folders = new MtaFolders(place.QueueRoot);
        var suffix = settings.Text("dns.suffix");
        var hostName = $"sut.{suffix}";
        try
        {
            folders.Make();
            var start = adapter.Prepare(system, folders, hostName);
            IReadOnlyList<BindMount> binds = [.. start.Binds, .. ResolverFiles(folders, place.Dns, hostName)];
            MtaRoots.MakePlaces(start.Root, binds);
            var syslog = start.UsesSyslog ? new SyslogFile(start.LogPath) : null;
            var enclosure = Enclosure.Start(system.Name, hostName, start, place.Tracer, binds, folders.Devices, syslog?.SocketPath, log, () => LogTail.Of(start.LogPath), time);
            var mta = new ForeignMta(adapter, system, folders, start, place, suffix, enclosure, syslog);
            try
            {
                await Greeting.AwaitAsync(system.Name, mta.Door, ["220"], "QUIT\r\n", mta.Failed, start.LogPath, time, cancellationToken);
                return mta;
            }
            catch
            {
                await mta.DisposeAsync();
                throw;
            }
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new RoleFailedException(new RoleFailure(system.Name, $"it cannot be configured: {refused.Message}", []));
        }
    }

    public Task BeginTrialAsync(TrialId trial, string eventsPath, CancellationToken cancellationToken)
    {
        (_trial, _events) = (trial, EventWriter.Create(eventsPath, "mta", trial, _suffix));
        return Task.CompletedTask;
    }

    public Task<IReadOnlyDictionary<string, double>> SnapshotAsync(CancellationToken cancellationToken)
    {
        var counters = _enclosure.Counters();
        counters[CounterNames.Queued] = _adapter.QueuedMessages(_folders);
        return Task.FromResult<IReadOnlyDictionary<string, double>>(counters);
    }

    /// <summary>Lets go what it was told to hold (<see cref="MailSystems.Holding"/>): delivery begins. Throws <see cref="RoleFailedException"/>.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        foreach (var command in _adapter.Release(_system)) await _enclosure.LookAsync(command, output => output.ReadToEndAsync(cancellationToken), cancellationToken);
    }

    public async Task WriteBooksAsync(CancellationToken cancellationToken)
    {
        if (_adapter.QueuedMessages(_folders) == 0) return;
        foreach (var queued in await _adapter.ListAsync(_system, _folders, _enclosure, cancellationToken))
        {
            var (sender, recipient) = (Encoding.UTF8.GetBytes(queued.Sender), Encoding.UTF8.GetBytes(queued.Recipient));
            if (VerpAddress.TryParseSequence(sender, _trial!, out var sequence) && RecipientAddress.TryParseIndex(recipient, out var index))
                _events!.Write(new EventRecord(EventKind.Queued, sequence, index, MonotonicClock.NowNs, 0, 0));
            // A DSN on its way back to a message's reverse-path: what it is about has left the queue and is not lost.
            else if (VerpAddress.TryParseSequence(recipient, _trial!, out var returned))
                _events!.Write(new EventRecord(EventKind.Queued, returned, -1, MonotonicClock.NowNs, 0, 0));
        }
    }

    public Task EndTrialAsync(CancellationToken cancellationToken)
    {
        _events?.Dispose();
        _events = null;
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _events?.Dispose();
        await _enclosure.DisposeAsync();
        if (_syslog is not null) await _syslog.DisposeAsync();
        MtaFolders.KeepLog(_start.LogPath, _place.AttemptLogPath);
    }

    /// <summary>Our responder is the resolver, at the only port that <c>resolv.conf</c> knows; the host name has an address without it.</summary>
    private static IEnumerable<BindMount> ResolverFiles(MtaFolders folders, IPEndPoint dns, string hostName)
    {
        string Written(string name, string text)
        {
            var path = Path.Combine(folders.Configuration, name);
            File.WriteAllText(path, text);
            return path;
        }

        yield return new BindMount(Written("resolv.conf", $"nameserver {dns.Address}\n"), "/etc/resolv.conf");
        yield return new BindMount(Written("hosts", $"127.0.0.1 localhost\n127.0.0.1 {hostName}\n"), "/etc/hosts");
    }
}
