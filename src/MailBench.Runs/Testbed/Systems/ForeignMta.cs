using System.Net;
using System.Net.Sockets;
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
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

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
            foreach (var folder in new[] { folders.Root, folders.Configuration, folders.Spool, folders.Data, folders.Log, folders.Run, folders.Devices }) Directory.CreateDirectory(folder);
            var start = adapter.Prepare(system, folders, hostName);
            IReadOnlyList<BindMount> binds = [.. start.Binds, .. ResolverFiles(folders, place.Dns, hostName)];
            MtaRoots.MakePlaces(start.Root, binds);
            var syslog = start.UsesSyslog ? new SyslogFile(start.LogPath) : null;
            var enclosure = Enclosure.Start(system.Name, hostName, start, place.Tracer, binds, folders.Devices, syslog?.SocketPath, log, () => LogTail.Of(start.LogPath), time);
            var mta = new ForeignMta(adapter, system, folders, start, place, suffix, enclosure, syslog);
            try
            {
                await mta.UntilItGreetsAsync(system.Name, time, cancellationToken);
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
        var counters = ProcessTree.Read(_enclosure.Pid);
        counters[CounterNames.Queued] = _adapter.QueuedMessages(_folders);
        return Task.FromResult<IReadOnlyDictionary<string, double>>(counters);
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
        try
        {
            // Its own words are kept with the run; its spool goes.
            if (File.Exists(_start.LogPath)) File.Move(_start.LogPath, _place.AttemptLogPath, overwrite: true);
            Directory.Delete(_folders.Root, recursive: true);
        }
        catch (IOException)
        {
            // The run's end removes the whole work folder.
        }
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

    private async Task UntilItGreetsAsync(string name, TimeProvider time, CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        while (!await GreetsAsync(cancellationToken))
        {
            if (Failed.IsCompletedSuccessfully) throw new RoleFailedException(await Failed);
            if (time.GetElapsedTime(begin) > StartPatience)
                throw new RoleFailedException(new RoleFailure(name, $"did not greet at {Door} within {StartPatience.TotalSeconds:0} s", LogTail.Of(_start.LogPath)));
            await Task.WhenAny(Failed, Task.Delay(Look, time, cancellationToken));
        }
    }

    private async Task<bool> GreetsAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(StartPatience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(Door, patience.Token);
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
            if (await reader.ReadLineAsync(patience.Token) is not { } greeting || !greeting.StartsWith("220", StringComparison.Ordinal)) return false;
            await client.GetStream().WriteAsync("QUIT\r\n"u8.ToArray(), patience.Token);
            _ = await reader.ReadLineAsync(patience.Token);
            return true;
        }
        catch (Exception unready) when (unready is SocketException or IOException || (unready is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
