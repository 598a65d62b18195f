using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Peers.Mailbox.Store;
using MailBench.Transport;
using MailBench.Transport.Tls;

namespace MailBench.Peers.Mailbox;

/// <summary>
/// The mailbox server as a node: POP3 and IMAP for its users, SMTP and LMTP as the final destination of their mail, on one loop over one store of maildirs, with a bounded pool of threads for
/// the disk.
/// </summary>
public sealed class MailboxNode(MailboxOptions options, TimeProvider time) : INode
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Listener> _listeners = [];
    private readonly List<ReadyListener> _ready = [];
    private EventLoop? _loop;
    private MailboxFloor? _floor;
    private DiskPool? _disk;

    public string Role => "mailbox";
    public Task Completion => _completion.Task;
    public Action<NodeNotice>? Notify { get; set; }

    /// <summary>Use the portable loop even on Linux.</summary>
    public bool Portable { get; init; }

    /// <summary>Where a message for people goes: standard error unless a test listens.</summary>
    internal Action<string> Complain { get; init; } = static sentence => Console.Error.WriteLine($"mailbench mailbox: {sentence}");

    /// <summary>Throws <see cref="InvalidDataException"/> for a users file or a certificate that is none, <see cref="NodeRefusedException"/> when the machine refuses.</summary>
    public async Task<IReadOnlyList<ReadyListener>> StartAsync(CancellationToken cancellationToken)
    {
        var users = options.UsersFile is { } file ? ReadUsers(file) : UserTable.Generated(options.Users);
        var store = new MaildirStore(options.StoreDirectory, users, $"mail.{options.Suffix}", options.Quota.Bytes, time);
        var tls = TlsServer.Of(options.Tls, $"mail.{options.Suffix}", time);
        var loop = _loop = EventLoop.Start(new EventLoopOptions("mailbox") { Portable = Portable });
        loop.HandlerFailed += error => Complain($"a defect ended a session: {error}");
        var disk = _disk = new DiskPool(loop, options.DiskThreads);
        disk.WorkFailed += error => Complain($"a defect on a disk thread: {error}");
        try
        {
            await loop.RunAsync(() => Begin(loop, new MailboxFloor(loop, options, users, store, disk, Complain, tls))).ConfigureAwait(false);
        }
        catch (NodeRefusedException)
        {
            await DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return _ready;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_floor is null) return;
        var emptied = Task.CompletedTask;
        await _loop!.RunAsync(() =>
        {
            foreach (var listener in _listeners) listener.Dispose();
            emptied = _floor.StopAsync();
        }).ConfigureAwait(false);
        await emptied.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public JsonObject Counts() => (_floor?.Tally ?? new MailboxTally()).Counts(_floor?.Store.Syncs ?? 0);

    public IReadOnlyDictionary<string, double> Counters() =>
        (_floor?.Tally ?? new MailboxTally()).Counters(_floor?.Store.Syncs ?? 0, (_floor?.Store.SyncNs ?? 0) / (double)options.DiskThreads);

    public Task<JsonObject?> HandleAsync(NodeCommand command, CancellationToken cancellationToken) => command switch
    {
        BeginTrialCommand or EndTrialCommand => Task.FromResult<JsonObject?>(null),
        _ => throw new NotSupportedException($"The mailbox server knows no {command.GetType().Name}."),
    };

    public async ValueTask DisposeAsync()
    {
        if (_loop is not { } loop) return;
        _loop = null;
        await loop.RunAsync(() => _floor?.Dispose()).ConfigureAwait(false);
        await Task.Run(() =>
        {
            // The threads first: what they have begun is finished, and its second half is for a loop that may drop it.
            _disk?.Dispose();
            loop.Dispose();
        }).ConfigureAwait(false);
    }

    private void Begin(EventLoop loop, MailboxFloor floor)
    {
        _floor = floor;
        foreach (var endPoint in options.Pop3) Listen(loop, "pop3", endPoint, _ => floor.AcceptPop3());
        foreach (var endPoint in options.Imap) Listen(loop, "imap", endPoint, _ => floor.AcceptImap());
        foreach (var endPoint in options.Smtp) Listen(loop, "smtp", endPoint, _ => floor.AcceptDelivery(lmtp: false));
        foreach (var endPoint in options.Lmtp) Listen(loop, "lmtp", endPoint, _ => floor.AcceptDelivery(lmtp: true));
    }

    private void Listen(EventLoop loop, string role, IPEndPoint endPoint, Func<Connection, IConnectionHandler?> accept)
    {
        try
        {
            var listener = loop.Listen(endPoint, accept);
            _listeners.Add(listener);
            _ready.Add(new ReadyListener(role, listener.EndPoint));
        }
        catch (SocketException refused)
        {
            throw NodeRefusedException.CannotListen(endPoint.ToString(), refused);
        }
    }

    private static UserTable ReadUsers(string file)
    {
        try
        {
            return UserTable.Read(file);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new NodeRefusedException($"the users cannot be read from {file}: {failed.Message}", failed);
        }
    }
}
