using System.Net;
using MailBench.Model.Events;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>Somebody else's mailbox server as the system under test: its <see cref="MailboxAdapter"/> configures it, an <see cref="Enclosure"/> holds it, on a store of its own.</summary>
internal sealed class ForeignMailbox : ISystemUnderTest
{
    private readonly Enclosure _enclosure;
    private readonly MtaStart _start;
    private readonly string _keptLog;

    private ForeignMailbox(MtaStart start, IPEndPoint lmtp, string keptLog, Enclosure enclosure, IReadOnlyDictionary<string, string> features) =>
        (_start, Door, _keptLog, _enclosure, Features) = (start, lmtp, keptLog, enclosure, features);

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
            folders.Make();
            new MailboxFill(folders.Spool, settings).Write(cancellationToken);
            var start = adapter.Prepare(system, folders, doors);
            Ownership.GiveTree(folders.Spool, adapter.Owner.User, adapter.Owner.Group, start.Root);
            MtaRoots.MakePlaces(start.Root, start.Binds);
            var enclosure = Enclosure.Start(system.Name, $"sut.{settings.Text("dns.suffix")}", start, [], start.Binds, folders.Devices, null, log, () => LogTail.Of(start.LogPath), time);
            var server = new ForeignMailbox(start, doors.Lmtp, keptLog, enclosure, adapter.Features(system, settings));
            try
            {
                await Greeting.AwaitAsync(system.Name, users, ["+OK", "* OK"], doors.Protocol == PollProtocol.Imap ? "a LOGOUT\r\n" : "QUIT\r\n", server.Failed, start.LogPath, time, cancellationToken);
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

    public Task<IReadOnlyDictionary<string, double>> SnapshotAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyDictionary<string, double>>(_enclosure.Counters());

    public Task WriteBooksAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task EndTrialAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _enclosure.DisposeAsync();
        MtaFolders.KeepLog(_start.LogPath, _keptLog);
    }
}
