using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Transport.Line;

/// <summary>
/// The user-space line: everything that connects to its near addresses is carried to the far ones, through one server of fixed capacity per direction that all
/// connections share. Its figures are <i>estimated</i>: computed from the kernel's segment counts. Loss, slow start and UDP are not modelled.
/// </summary>
public sealed class LineNode : INode
{
    /// <summary>The largest one-way delay: a minute is beyond any line that mail crosses, and the handshake waits three of them.</summary>
    public static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(1);

    /// <summary>The smallest queue: two full segments.</summary>
    public static readonly ByteSize MinQueue = new(4 << 10);

    /// <summary>How soon the kernel's counts correct the estimates.</summary>
    private const long ReconcileNs = 5_000_000;

    /// <summary>A line on which nothing has moved for so long has nothing left to finish.</summary>
    private const long QuietNs = 300_000_000;

    private const int PortTries = 50;
    private static readonly TimeSpan DialTimeout = TimeSpan.FromSeconds(30);

    private readonly LineOptions _options;
    private readonly HashSet<LineConnection> _connections = [];
    private readonly List<Listener> _listeners = [];
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _startedNs = MonotonicClock.NowNs;
    private List<LineConnection> _touched = [];
    private List<LineConnection> _reconciling = [];
    private Dictionary<string, double> _last = [];
    private LoopTimer? _wake;
    private LoopTimer? _reconcile;
    private long _accepted;
    private long _movedNs;
    private bool _disposed;

    public LineNode(LineOptions options, bool portable = false)
    {
        _options = options;
        DelayNs = options.Delay.ToNs();
        Forward = new LineDirection(options.Queue.Bytes, DelayNs);
        Reverse = new LineDirection(options.Queue.Bytes, DelayNs);
        Loop = EventLoop.Start(new EventLoopOptions("line") { Portable = portable, Punctual = true });
        Loop.HandlerFailed += defect => _failed.TrySetException(new InvalidOperationException($"the line failed: {defect.Message}", defect));
    }

    public string Role => "line";

    /// <summary>A line ends by itself only through a defect of its own.</summary>
    public Task Completion => _failed.Task;

    public Action<NodeNotice>? Notify { get; set; }

    internal EventLoop Loop { get; }

    internal LineDirection Forward { get; }

    internal LineDirection Reverse { get; }

    internal long DelayNs { get; }

    internal long SegmentsForward { get; set; }

    internal long SegmentsReverse { get; set; }

    public async Task<IReadOnlyList<ReadyListener>> StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Loop.RunAsync(() =>
            {
                SetCapacity(_options.Forward.BitsPerSecond, _options.Reverse.BitsPerSecond);
                _wake = Loop.CreateTimer(static _ => { }, null);
                _reconcile = Loop.CreateTimer(static state => ((LineNode)state!).ReconcileTouched(), this);
                Loop.TurnEnding += Run;
                ListenOnAll();
            });
        }
        catch (SocketException refused)
        {
            throw NodeRefusedException.CannotListen(string.Join(", ", _options.Ports.Select(port => port.Near)), refused);
        }

        return [.. _listeners.Select(listener => new ReadyListener(Role, listener.EndPoint))];
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await Loop.RunAsync(() =>
        {
            foreach (var listener in _listeners) listener.Dispose();
        });
        try
        {
            var quiet = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Loop.Post(_ => WatchForQuiet(quiet), null);
            await quiet.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            await Loop.RunAsync(() =>
            {
                foreach (var connection in _connections.ToArray()) connection.Abort();
            });
        }
    }

    public JsonObject Counts()
    {
        var counters = Counters();
        return new JsonObject
        {
            [CounterNames.WireOctetsForward] = (long)counters[CounterNames.WireOctetsForward],
            [CounterNames.WireOctetsReverse] = (long)counters[CounterNames.WireOctetsReverse],
            ["seconds"] = Math.Round((MonotonicClock.NowNs - _startedNs) / 1e9, 3),
            [CounterNames.PayloadForward] = (long)counters[CounterNames.PayloadForward],
            [CounterNames.PayloadReverse] = (long)counters[CounterNames.PayloadReverse],
            [CounterNames.SegmentsForward] = (long)counters[CounterNames.SegmentsForward],
            [CounterNames.SegmentsReverse] = (long)counters[CounterNames.SegmentsReverse],
            [CounterNames.Connections] = (long)counters[CounterNames.Connections],
            ["basis"] = "estimated",
        };
    }

    public IReadOnlyDictionary<string, double> Counters() => ReadCounters();

    public async Task<JsonObject?> HandleAsync(NodeCommand command, CancellationToken cancellationToken)
    {
        switch (command)
        {
            case CapacityCommand capacity:
                await Loop.RunAsync(() => SetCapacity(capacity.ForwardBitsPerSecond, capacity.ReverseBitsPerSecond));
                return null;
            case BeginTrialCommand or EndTrialCommand:
                // The line keeps no events and no books: its counters run on.
                return null;
            default:
                throw new NotSupportedException($"The line does not know the command {command.GetType().Name}.");
        }
    }

    public ValueTask DisposeAsync()
    {
        if (_disposed) return ValueTask.CompletedTask;
        _disposed = true;
        Loop.Dispose();
        return ValueTask.CompletedTask;
    }

    internal Connection DialFar(LinePortPair port, LineConnection connection) => Loop.Dial(port.Far, connection, DialTimeout, Settings(port.Cost, incoming: Reverse, outgoing: Forward));

    /// <summary>Something moved: the kernel's counts are to be read soon.</summary>
    internal void Touch(LineConnection connection)
    {
        _movedNs = Loop.TurnNs;
        if (connection.IsTouched) return;
        connection.IsTouched = true;
        _touched.Add(connection);
        if (!_reconcile!.IsArmed) _reconcile.Arm(Loop.TurnNs + ReconcileNs);
    }

    internal void Forget(LineConnection connection) => _connections.Remove(connection);

    private void ListenOnAll()
    {
        var picks = _options.Ports.Any(port => port.Near.Port == 0);
        for (var tries = 1; ; tries++)
        {
            try
            {
                var picked = 0;
                foreach (var port in _options.Ports)
                {
                    var pair = new LinePortPair(port.Far, WireCost.For(port.Far));
                    var near = port.Near.Port == 0 ? new IPEndPoint(port.Near.Address, picked) : port.Near;
                    var listener = Loop.Listen(near, connection => Accept(pair, connection), NearSettings(port.Near));
                    _listeners.Add(listener);
                    if (port.Near.Port == 0) picked = listener.EndPoint.Port;
                }

                return;
            }
            catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse && tries < PortTries && picks)
            {
                // The port that the system picked for the first address is taken on another: pick again.
                foreach (var listener in _listeners) listener.Dispose();
                _listeners.Clear();
            }
        }
    }

    private LineConnection? Accept(LinePortPair port, Connection near)
    {
        if (_connections.Count >= _options.MaxConnections) return null;
        var connection = new LineConnection(this, port, near);
        _connections.Add(connection);
        _accepted++;
        return connection;
    }

    /// <summary>Connections that stand keep the buffers that they have.</summary>
    private void SetCapacity(long forwardBitsPerSecond, long reverseBitsPerSecond)
    {
        var nowNs = MonotonicClock.NowNs;
        Forward.SetCapacity(forwardBitsPerSecond, nowNs);
        Reverse.SetCapacity(reverseBitsPerSecond, nowNs);
        foreach (var listener in _listeners) listener.Apply(NearSettings(listener.EndPoint));
    }

    private SocketOptions NearSettings(IPEndPoint near) => Settings(WireCost.For(near), incoming: Forward, outgoing: Reverse);

    private static SocketOptions Settings(WireCost cost, LineDirection incoming, LineDirection outgoing) =>
        new() { SendBufferBytes = outgoing.KernelBytes, ReceiveBufferBytes = incoming.KernelBytes, MaxSegment = cost.MaxSegment };

    /// <summary>At the end of every turn: what has become due since is sent, and the timer set for what comes next.</summary>
    private void Run()
    {
        var nowNs = MonotonicClock.NowNs;
        var next = Math.Min(Forward.Run(nowNs), Reverse.Run(nowNs));
        if (next == long.MaxValue)
            _wake!.Disarm();
        else
            _wake!.Arm(next);
    }

    private void ReconcileTouched()
    {
        (_touched, _reconciling) = (_reconciling, _touched);
        foreach (var connection in _reconciling)
        {
            connection.IsTouched = false;
            connection.Reconcile(Loop.TurnNs);
        }

        _reconciling.Clear();
    }

    private void WatchForQuiet(TaskCompletionSource quiet)
    {
        if (_connections.Count == 0 || (Forward.IsEmpty && Reverse.IsEmpty && Loop.TurnNs - _movedNs > QuietNs))
        {
            quiet.TrySetResult();
            return;
        }

        Loop.CreateTimer(state => WatchForQuiet((TaskCompletionSource)state!), quiet).Arm(Loop.TurnNs + QuietNs / 10);
    }

    private Dictionary<string, double> ReadCounters()
    {
        if (_disposed) return _last;
        return _last = Loop.RunAsync(() =>
        {
            var nowNs = MonotonicClock.NowNs;

            // What is due by now belongs to the time before this reading, also when the loop comes late to it.
            Forward.Run(nowNs);
            Reverse.Run(nowNs);
            foreach (var connection in _connections) connection.Reconcile(nowNs);
            return new Dictionary<string, double>
            {
                [CounterNames.MonotonicNs] = nowNs,
                [CounterNames.WireOctetsForward] = Forward.WireOctets,
                [CounterNames.WireOctetsReverse] = Reverse.WireOctets,
                [CounterNames.SegmentsForward] = SegmentsForward,
                [CounterNames.SegmentsReverse] = SegmentsReverse,
                [CounterNames.PayloadForward] = Forward.Payload,
                [CounterNames.PayloadReverse] = Reverse.Payload,
                [CounterNames.Connections] = _accepted,
                [CounterNames.BackloggedForwardNs] = Forward.BackloggedNs(nowNs),
                [CounterNames.BackloggedReverseNs] = Reverse.BackloggedNs(nowNs),
                [CounterNames.LineLateNs] = Forward.LateNs + Reverse.LateNs,
            };
        }).GetAwaiter().GetResult();
    }
}

/// <summary>Where a near listener's connections go, and what an octet costs there.</summary>
internal sealed record LinePortPair(IPEndPoint Far, WireCost Cost);
