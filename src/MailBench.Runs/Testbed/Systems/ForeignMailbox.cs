using System.Net;
using System.Net.Sockets;
using System.Text;
using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>Somebody else's mailbox server as the system under test: its <see cref="MailboxAdapter"/> configures it, an <see cref="Enclosure"/> holds it, on a store of its own that goes with it.</summary>
internal sealed class ForeignMailbox : ISystemUnderTest
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly MtaFolders _folders;
    private readonly Enclosure _enclosure;
    private readonly MtaStart _start;
    private readonly string _keptLog;

    private ForeignMailbox(MtaFolders folders, MtaStart start, IPEndPoint lmtp, string keptLog, Enclosure enclosure, IReadOnlyDictionary<string, string> features) =>
        (_folders, _start, Door, _keptLog, _enclosure, Features) = (folders, start, lmtp, keptLog, enclosure, features);

    public string Role => "mailbox";

    public IPEndPoint Door { get; }

    public bool TakesLmtp => true;

    public IReadOnlyDictionary<string, string> Features { get; }

    public Task<RoleFailure> Failed => _enclosure.Failed;

    public bool CountedNotBooked => true;

    public IReadOnlyList<string> LastWords => LogTail.Of(_start.LogPath) is [.., var last] ? [last] : [];

    /// <summary>Fills the mailboxes, configures and starts it, and waits until it greets users. Throws <see cref="RoleFailedException"/> with its log's last words.</summary>
    /// <param name="users">Where it is to listen.</param>
    /// <param name="root">A folder that is this trial's own.</param>
    /// <param name="keptLog">Where its log goes in the end.</param>
    public static async Task<ForeignMailbox> StartAsync(
        MailboxAdapter adapter, MailSystem system, SettingValues settings, IPEndPoint users, string root, string keptLog, RoleLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        var folders = new MtaFolders(root);
        var doors = new MailboxDoors(settings.Choice<PollProtocol>("users.protocol"), users, new IPEndPoint(users.Address, PortPick.FreeOnAll([users.Address])));
        try
        {
            foreach (var folder in new[] { folders.Root, folders.Configuration, folders.Spool, folders.Data, folders.Log, folders.Run, folders.Devices }) Directory.CreateDirectory(folder);
            new MailboxFill(folders.Spool, settings).Write();
            var start = adapter.Prepare(system, folders, doors);
            Ownership.GiveTree(folders.Spool, adapter.Owner.User, adapter.Owner.Group, start.Root);
            MtaRoots.MakePlaces(start.Root, start.Binds);
            var enclosure = Enclosure.Start(system.Name, $"sut.{settings.Text("dns.suffix")}", start, [], start.Binds, folders.Devices, null, log, () => LogTail.Of(start.LogPath), time);
            var server = new ForeignMailbox(folders, start, doors.Lmtp, keptLog, enclosure, adapter.Features(system, settings));
            try
            {
                await server.UntilItGreetsAsync(system.Name, users, time, cancellationToken);
                return server;
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new RoleFailedException(new RoleFailure(system.Name, $"it cannot be configured: {refused.Message}", []));
        }
    }

    public Task BeginTrialAsync(TrialId trial, string eventsPath, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<IReadOnlyDictionary<string, double>> SnapshotAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyDictionary<string, double>>(ProcessTree.Read(_enclosure.Pid));

    public Task WriteBooksAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task EndTrialAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _enclosure.DisposeAsync();
        try
        {
            // Its own words are kept with the run; its store goes.
            if (File.Exists(_start.LogPath)) File.Move(_start.LogPath, _keptLog, overwrite: true);
            Directory.Delete(_folders.Root, recursive: true);
        }
        catch (IOException)
        {
            // The run's end removes the whole work folder.
        }
    }

    private async Task UntilItGreetsAsync(string name, IPEndPoint users, TimeProvider time, CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        while (!await GreetsAsync(users, cancellationToken))
        {
            if (Failed.IsCompletedSuccessfully) throw new RoleFailedException(await Failed);
            if (time.GetElapsedTime(begin) > StartPatience)
                throw new RoleFailedException(new RoleFailure(name, $"did not greet at {users} within {StartPatience.TotalSeconds:0} s", LogTail.Of(_start.LogPath)));
            await Task.WhenAny(Failed, Task.Delay(Look, time, cancellationToken));
        }
    }

    /// <summary><c>+OK</c> of POP3, <c>* OK</c> of IMAP.</summary>
    private static async Task<bool> GreetsAsync(IPEndPoint users, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(StartPatience);
        try
        {
            using var client = new TcpClient(users.AddressFamily);
            await client.ConnectAsync(users, patience.Token);
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
            return await reader.ReadLineAsync(patience.Token) is { } greeting && (greeting.StartsWith("+OK", StringComparison.Ordinal) || greeting.StartsWith("* OK", StringComparison.Ordinal));
        }
        catch (Exception unready) when (unready is SocketException or IOException || (unready is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
