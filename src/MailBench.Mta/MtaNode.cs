using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Mta.Attempts;
using MailBench.Mta.Orders;
using MailBench.Mta.Policy;
using MailBench.Mta.Queue;
using MailBench.Mta.Routing;
using MailBench.Transport;

namespace MailBench.Mta;

/// <summary>Opens the queue of an MTA: <see cref="MessageQueue.Open"/>, or a failing one in tests.</summary>
internal delegate MessageQueue OpenQueue(MtaOptions options);

/// <summary>
/// The MTA as a node: one loop that carries the whole <see cref="MessageFlow"/>, its queue, router and attempt log, started and stopped in order.
/// </summary>
public sealed class MtaNode : INode
{
    private const string AttemptLogName = "attempts.log";

    private readonly MtaOptions _options;
    private readonly TimeProvider _time;
    private readonly SteadyTime _steady;
    private readonly OpenQueue _openQueue;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<IAsyncDisposable> _sockets = [];
    private EventLoop? _loop;
    private MessageQueue? _queue;
    private Router? _router;
    private AttemptLogFile? _log;
    private MessageFlow? _flow;
    private TrialBooks? _books;

    public MtaNode(MtaOptions options, TimeProvider time) : this(options, time, openQueue: null) { }

    /// <param name="openQueue">Another way to open the queue, for tests over a fake disk.</param>
    internal MtaNode(MtaOptions options, TimeProvider time, OpenQueue? openQueue)
    {
        _options = options;
        _time = time;
        _steady = new SteadyTime(time);
        _openQueue = openQueue ?? OpenFiles;
    }

    public string Role => "mta";
    public Task Completion => _completion.Task;
    public Action<NodeNotice>? Notify { get; set; }

    /// <summary>Where a message for people goes that is about the node, not about mail: standard error unless a test listens.</summary>
    internal Action<string> Complain { get; init; } = static sentence => Console.Error.WriteLine($"mailbench mta: {sentence}");

    public async Task<IReadOnlyList<ReadyListener>> StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            _queue = _openQueue(_options);
            _loop = EventLoop.Start(new EventLoopOptions("mta") { CallsTogether = _options.Settings.CallsTogether });
            _loop.HandlerFailed += error => Complain($"a defect ended a session: {error}");
            var endPoint = await _loop.RunAsync(Begin).ConfigureAwait(false);
            foreach (var directory in _options.QueueDirectories)
                if (QueueSocket.Open(directory, ApplyAsync, _time) is { } socket) _sockets.Add(socket);
            if (_options.LoginSocket is { } path) _sockets.Add(LoginSocket.Open(path, client => _loop.Post(_ => _flow?.Relays.Open(client), null)));
            return [new ReadyListener(Role, endPoint)];
        }
        catch (SocketException refused)
        {
            throw NodeRefusedException.CannotListen(_options.Listen.ToString(), refused);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new NodeRefusedException(refused.Message, refused);
        }
    }

    /// <summary>SIGTERM's way: no new sessions, open transactions end, the queue stays on disk. Throws <see cref="OperationCanceledException"/> when patience ended first.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_flow is null) return;
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _loop!.RunAsync(() => _flow.Stop(stopped.SetResult)).ConfigureAwait(false);
        await stopped.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var socket in _sockets) await socket.DisposeAsync().ConfigureAwait(false);
        _sockets.Clear();
        if (_flow is { } flow)
        {
            await _loop!.RunAsync(() =>
            {
                flow.Dispose();
                _router!.Dispose();
                _books?.Dispose();
            }).ConfigureAwait(false);
            _flow = null;
        }

        if (_queue is not null) await _queue.DisposeAsync().ConfigureAwait(false);
        if (_log is not null) await _log.DisposeAsync().ConfigureAwait(false);
        _loop?.Dispose();
        _loop = null;
        _completion.TrySetResult();
    }

    public JsonObject Counts()
    {
        if (_flow is not { } flow) return [];
        return new JsonObject
        {
            ["accepted"] = flow.Counters.Accepted,
            ["recovered"] = flow.Counters.Recovered,
            ["delivered"] = flow.Counters.Delivered,
            ["deferred"] = flow.Counters.Deferred,
            ["failed"] = flow.Counters.Failed,
            ["discarded"] = flow.Counters.Discarded,
            ["queued"] = flow.Counters.Queued,
            ["dsns"] = flow.Counters.Dsns,
            ["dsnsQueued"] = flow.Counters.DsnsQueued,
            ["sessionsIn"] = flow.Counters.SessionsIn,
            ["sessionsOut"] = flow.Delivery.SessionsOut,
            ["transactionsOut"] = flow.Delivery.TransactionsOut,
            ["uncertain"] = flow.Delivery.Uncertain,
            ["conversions"] = flow.Delivery.Conversions,
            ["dnsQueries"] = _router!.Queries,
            ["dnsCached"] = _router.Cached,
            ["dnsStale"] = _router.Stale,
            ["dnsNegative"] = _router.Negative,
            ["overloads"] = flow.Overloads,
            ["syncs"] = _queue!.Syncs,
        };
    }

    public IReadOnlyDictionary<string, double> Counters()
    {
        if (_flow is not { } flow) return new Dictionary<string, double>();
        return new Dictionary<string, double>
        {
            [CounterNames.AcceptedRecipients] = flow.Counters.Accepted,
            [CounterNames.Accepted] = flow.Counters.Messages,
            [CounterNames.ContentOctets] = flow.Counters.ContentOctets,
            [CounterNames.Delivered] = flow.Counters.Delivered,
            [CounterNames.Deferred] = flow.Counters.Deferred,
            [CounterNames.Failed] = flow.Counters.Failed,
            [CounterNames.Queued] = flow.Counters.Queued,
            [CounterNames.Dsns] = flow.Counters.Dsns,
            [CounterNames.SessionsIn] = flow.Counters.SessionsIn,
            [CounterNames.SessionsOut] = flow.Delivery.SessionsOut,
            [CounterNames.SessionsOutOpen] = flow.Delivery.SessionsOutOpen,
            [CounterNames.SessionOutBusyNs] = flow.Delivery.SessionOutBusyNs(MonotonicClock.NowNs),
            [CounterNames.SessionOutNs] = flow.Delivery.SessionOutNs(MonotonicClock.NowNs),
            [CounterNames.TransactionsOut] = flow.Delivery.TransactionsOut,
            [CounterNames.RoundTripsOut] = flow.Delivery.RoundTripsOut,
            [CounterNames.OctetsIn] = flow.Counters.OctetsIn + flow.Delivery.OctetsIn,
            [CounterNames.OctetsOut] = flow.Counters.OctetsOut + flow.Delivery.OctetsOut,
            [CounterNames.DnsQueries] = _router!.Queries,
            [CounterNames.DnsWaitNs] = _router.WaitNs,
            [CounterNames.DnsCached] = _router.Cached,
            [CounterNames.DnsStale] = _router.Stale,
            [CounterNames.DnsNegative] = _router.Negative,
            [CounterNames.Syncs] = _queue!.Syncs,
            [CounterNames.SyncBusyNs] = _queue.SyncBusyNs,
            [CounterNames.QueueBytesWritten] = _queue.BytesWritten,
        };
    }

    public Task<JsonObject?> HandleAsync(NodeCommand command, CancellationToken cancellationToken) => command switch
    {
        BeginTrialCommand begin => _loop!.RunAsync(() => BeginTrial(begin)),
        BooksCommand => _loop!.RunAsync<JsonObject?>(CloseBooks),
        EndTrialCommand => _loop!.RunAsync(EndTrial),
        _ => throw new NotSupportedException($"An MTA knows no {command.GetType().Name}."),
    };

    private MessageQueue OpenFiles(MtaOptions options) => MessageQueue.Open(options.QueueDirectories, _steady, damage => Complain(damage.ToString()), new QueueSettings { Durability = options.Settings.Durability, Backend = options.Settings.QueueBackend });

    /// <summary>On the loop, which owns all that is made here.</summary>
    private IPEndPoint Begin()
    {
        var settings = _options.Settings;
        var router = new RouterOptions { Dns = _options.Dns, HostName = _options.HostName, Timeout = settings.DnsTimeout, MaxStale = settings.DnsStale, IPv6 = Ipv6.IsUsable(_options) };
        _router = new Router(_loop!, router, new Random(RandomNumberGenerator.GetInt32(int.MaxValue)), _time);
        var path = _options.AttemptLogPath ?? Path.Combine(_options.QueueDirectories[0], AttemptLogName);
        _log = OpenLog(path);
        _flow = new MessageFlow(_loop!, _options, _queue!, _router.Resolve, _log, _time, _steady, Complain) { Removed = (entry, recipient) => _books?.WriteDiscarded(entry, recipient, _loop!.TurnNs) };
        return _flow.Start();
    }

    private async Task<OrderResult> ApplyAsync(QueueOrder order, IReadOnlySet<RecipientKey> recipients)
    {
        var under = await _loop!.RunAsync(() => _flow!.Begin(order, recipients)).ConfigureAwait(false);
        while (!await _loop.RunAsync(under.Step).ConfigureAwait(false)) { }
        var result = under.Result;
        if (order == QueueOrder.Remove && result.Done > 0) Complain($"{result.Done} recipients were removed from the queue by an operator's order");
        return result;
    }

    private JsonObject? BeginTrial(BeginTrialCommand begin)
    {
        _books?.Dispose();
        _books = new TrialBooks(begin.Trial, begin.EventsPath);
        return null;
    }

    private JsonObject CloseBooks()
    {
        var books = _books ?? throw new InvalidOperationException("No trial has begun, so there are no books to close.");
        return new JsonObject { ["queued"] = books.WriteQueued(_flow!.Waiting, _loop!.TurnNs), ["discarded"] = books.Discarded };
    }

    private JsonObject? EndTrial()
    {
        _books?.Dispose();
        _books = null;
        return null;
    }

    private AttemptLogFile OpenLog(string path)
    {
        try
        {
            return new AttemptLogFile(_loop!, path, _options.Settings.AttemptLog, _time, Complain);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new NodeRefusedException($"the attempt log {path} cannot be opened: {refused.Message} Name another file with --attempt-log.", refused);
        }
    }
}
