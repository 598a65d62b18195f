using System.Net;
using System.Net.Sockets;
using System.Text;
using MailBench.Model.Options;
using MailBench.Mta.Delivery;
using MailBench.Mta.Queue;
using MailBench.Mta.Routing;
using MailBench.Testing.Smtp;
using MailBench.Transport;
using MailBench.Wire.Smtp;

namespace MailBench.Unit.Mta.Delivery;

/// <summary>A delivery stage on a loop of its own against scripted servers, one address of 127/8 each and all on one port, as <c>--smtp-port</c> has it.</summary>
internal sealed class DeliveryBench : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly EventLoop _loop = EventLoop.Start(new EventLoopOptions("delivery test"));
    private readonly List<ScriptedSmtpServer> _servers = [];
    private readonly Dictionary<string, Route> _routes = [];
    private readonly List<(string Domain, Action<Route> Done)> _held = [];
    private readonly List<DeliveryOutcome> _outcomes = [];
    private readonly SemaphoreSlim _outcome = new(0);
    private DeliveryStage? _stage;
    private int _port;

    public MtaSettings Settings { get; init; } = new() { SessionTimeout = TimeSpan.FromSeconds(60), Strategy = DeliveryStrategy.PerMxHost };
    public TimeSpan GatherTimeout { get; init; } = TimeSpan.FromSeconds(20);
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(20);
    public TimeSpan SessionAge { get; init; } = TimeSpan.FromMinutes(10);
    public string Sender { get; init; } = "s@source.test";
    public BodyKind Body { get; init; }
    public MemoryQueue Queue { get; } = new();
    public DeliveryStage Stage => _stage ??= OnLoop(() => new DeliveryStage(_loop, Resolve, Queue, Options(), Hear));
    public DeliveryCounters Counters => Stage.Counters;

    /// <summary>Domains whose routes come only when released.</summary>
    public HashSet<string> Held { get; } = [];

    /// <summary>A server at 127.0.0.<paramref name="host"/>.</summary>
    public ScriptedSmtpServer Server(int host, Func<ScriptStep, string?>? script = null)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var server = ScriptedSmtpServer.Start($"127.0.0.{host}", _port, script);
                _servers.Add(server);
                _port = server.EndPoint.Port;
                return server;
            }
            catch (SocketException) when (attempt < 20 && _servers.Count == 0)
            {
                // The port is ours to choose only while no other server has it.
            }
        }
    }

    /// <summary>Routes a domain to hosts <c>mxN</c> at 127.0.0.N, in order of preference.</summary>
    public void Route(string domain, params int[] hosts) => Route(domain, [.. hosts.Select((h, i) => new MxHost($"mx{h}", i, [Address(h)]))]);

    public void Route(string domain, params MxHost[] hosts) =>
        _routes[domain] = new Route(RouteKind.Hosts, hosts, null, null) { MxSet = string.Join(' ', hosts.Select(h => h.Name)) };

    public void Route(string domain, RouteKind kind, string reason, string status) => _routes[domain] = new Route(kind, [], reason, status);

    public static IPAddress Address(int host) => IPAddress.Parse($"127.0.0.{host}");

    public QueueEntry Add(long id, string content, params string[] recipients) => Add(id, content, null, recipients);

    /// <summary>Several messages in one turn, so that they wait together.</summary>
    public void AddTogether(params (string Content, string[] Recipients)[] messages)
    {
        var stage = Stage;
        OnLoop(() =>
        {
            for (var i = 0; i < messages.Length; i++) stage.Add(Entry(i + 1, messages[i].Content, messages[i].Recipients));
        });
    }

    /// <param name="kept">Content that is still in memory.</param>
    public QueueEntry Add(long id, string content, IKeptContent? kept, params string[] recipients)
    {
        var entry = Entry(id, content, recipients);
        if (kept is not null) entry.Keep(kept);
        var stage = Stage;
        OnLoop(() => stage.Add(entry));
        return entry;
    }

    private QueueEntry Entry(long id, string content, string[] recipients)
    {
        var octets = Encoding.Latin1.GetBytes(content);
        var entry = new QueueEntry
        {
            Id = new QueueId(id),
            ReversePath = Encoding.UTF8.GetBytes(Sender),
            Recipients = [.. recipients.Select(r => new RecipientEntry(Encoding.UTF8.GetBytes(r)))],
            ContentBytes = octets.Length,
            AcceptedUnixMs = 0,
            Body = Body,
        };
        Queue.Contents[entry.Id] = octets;
        return entry;
    }

    public DeliveryOutcome[] Await(int count)
    {
        for (var i = 0; i < count; i++)
            if (!_outcome.Wait(Patience)) throw new TimeoutException($"Only {i} of {count} outcomes came.");
        lock (_outcomes)
        {
            var all = _outcomes.OrderBy(o => o.Entry.Id.Value).ThenBy(o => o.Recipient).ToArray();
            _outcomes.Clear();
            return all;
        }
    }

    public void Release(string domain) => OnLoop(() =>
    {
        foreach (var (_, done) in _held.Where(h => h.Domain == domain).ToArray()) done(_routes[domain]);
    });

    /// <summary>Waits, in turns of the loop, until a condition holds.</summary>
    public void Until(Func<bool> condition)
    {
        if (!SpinWait.SpinUntil(condition, Patience)) throw new TimeoutException("The condition never held.");
    }

    public Task Stop()
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var stage = Stage;
        _loop.Post(_ => stage.Stop(stopped.SetResult), null);
        return stopped.Task.WaitAsync(Patience);
    }

    public T OnLoop<T>(Func<T> work) => _loop.RunAsync(work).WaitAsync(Patience).GetAwaiter().GetResult();

    private void OnLoop(Action work) => _loop.RunAsync(work).WaitAsync(Patience).GetAwaiter().GetResult();

    public void Dispose()
    {
        if (_stage is { } stage)
            OnLoop(stage.Dispose);
        _loop.Dispose();
        foreach (var server in _servers) server.Dispose();
        _outcome.Dispose();
    }

    private DeliveryOptions Options() => new()
    {
        HostName = "mta.test",
        SmtpPort = _port,
        Settings = Settings,
        GatherTimeout = GatherTimeout,
        IdleTimeout = IdleTimeout,
        TransactionsPerSession = Settings.TransactionsPerSession,
        SessionAge = SessionAge,
    };

    private void Resolve(string domain, Action<Route> done)
    {
        if (Held.Contains(domain)) _held.Add((domain, done));
        else done(_routes[domain]);
    }

    private void Hear(in DeliveryOutcome outcome)
    {
        lock (_outcomes) _outcomes.Add(outcome);
        _outcome.Release();
    }
}
