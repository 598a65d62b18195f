using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Transport;

namespace MailBench.Peers.Sink;

/// <summary>
/// The final peer of a measurement as a node: an SMTP server on one loop that takes everything (but for its refusal rules), books (ID, recipient) of the current
/// trial just before each 250, and reads the DSNs that come to its return listeners.
/// </summary>
public sealed class SinkNode(SinkOptions options) : INode
{
    /// <summary>Ports tried when the system's pick for the first address is taken on another.</summary>
    private const int PortAttempts = 50;

    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _released = new();
    private readonly List<Listener> _listeners = [];
    private EventLoop? _loop;
    private SinkFloor? _floor;

    public string Role => "sink";
    public Task Completion => _completion.Task;
    public Action<NodeNotice>? Notify { get; set; }

    /// <summary>Use the portable loop even on Linux.</summary>
    public bool Portable { get; init; }

    /// <summary>Where a message for people goes: standard error unless a test listens.</summary>
    internal Action<string> Complain { get; init; } = static sentence => Console.Error.WriteLine($"mailbench sink: {sentence}");

    public async Task<IReadOnlyList<ReadyListener>> StartAsync(CancellationToken cancellationToken)
    {
        var archive = OpenArchive();
        var loop = _loop = EventLoop.Start(new EventLoopOptions("sink") { Portable = Portable });
        loop.HandlerFailed += error => Complain($"a defect ended a session: {error}");
        try
        {
            await loop.RunAsync(() => Begin(loop, archive)).ConfigureAwait(false);
        }
        catch (NodeRefusedException)
        {
            await DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return [.. _listeners.Select(listener => new ReadyListener(Role, listener.EndPoint))];
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _released.Set();
        if (_floor is null) return;
        var emptied = Task.CompletedTask;
        await _loop!.RunAsync(() =>
        {
            foreach (var listener in _listeners) listener.Dispose();
            emptied = _floor.StopAsync();
        }).ConfigureAwait(false);
        try
        {
            await emptied.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await _loop!.RunAsync(_floor.Books.End).ConfigureAwait(false);
        }
    }

    public JsonObject Counts() => (_floor?.Tally ?? new SinkTally()).Counts();

    public IReadOnlyDictionary<string, double> Counters() => (_floor?.Tally ?? new SinkTally()).Counters();

    public async Task<JsonObject?> HandleAsync(NodeCommand command, CancellationToken cancellationToken)
    {
        if (_floor is not { } floor) throw new InvalidOperationException("The sink has not started.");
        switch (command)
        {
            case BeginTrialCommand begin:
                await _loop!.RunAsync(() =>
                {
                    _loop!.Burden = begin.Burden;
                    floor.TellsCredits = begin.Credits;
                    floor.Books.Begin(begin.Trial, begin.EventsPath, begin.Source?.Workload.Suffix ?? "");
                }).ConfigureAwait(false);
                return null;
            case EndTrialCommand:
                await _loop!.RunAsync(() =>
                {
                    floor.Notice();
                    floor.Books.End();
                }).ConfigureAwait(false);
                return null;
            case StallCommand stall:
                Stall(TimeSpan.FromMicroseconds(stall.DurationNs / 1000.0));
                return null;
            default:
                throw new NotSupportedException($"The sink knows no {command.GetType().Name}.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _released.Set();
        if (_loop is not { } loop) return;
        _loop = null;
        await Task.Run(loop.Dispose).ConfigureAwait(false);
        _floor?.Books.End();
    }

    private void Begin(EventLoop loop, MessageArchive? archive)
    {
        _floor = new SinkFloor(loop, options, archive, notice => Notify?.Invoke(notice), Complain);
        _floor.Books.Broken += sentence => _completion.TrySetException(new NodeRefusedException(sentence));
        Listen(loop, options.Listen, isReturn: false);
        Listen(loop, options.Return, isReturn: true);
    }

    private MessageArchive? OpenArchive()
    {
        if (options.SaveDirectory is not { } folder) return null;
        try
        {
            return new MessageArchive(folder);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new NodeRefusedException($"messages cannot be saved in {folder}: {refused.Message} Choose a folder that can be written to.", refused);
        }
    }

    /// <summary>Addresses with port 0 get one port, the same for all: where the system's pick for the first is taken on another, a new pick is tried.</summary>
    private void Listen(EventLoop loop, IReadOnlyList<IPEndPoint> endPoints, bool isReturn)
    {
        for (var attempt = 1; ; attempt++)
        {
            var opened = new List<Listener>();
            var port = 0;
            foreach (var endPoint in endPoints)
            {
                var wanted = endPoint.Port == 0 ? new IPEndPoint(endPoint.Address, port) : endPoint;
                try
                {
                    opened.Add(loop.Listen(wanted, _ => _floor!.Accept(isReturn)));
                }
                catch (SocketException refused)
                {
                    foreach (var listener in opened) listener.Dispose();
                    if (endPoint.Port == 0 && port != 0 && attempt < PortAttempts) break;
                    throw NodeRefusedException.CannotListen(wanted.ToString(), refused);
                }

                if (endPoint.Port == 0) port = opened[^1].EndPoint.Port;
            }

            if (opened.Count < endPoints.Count) continue;
            _listeners.AddRange(opened);
            return;
        }
    }

    /// <summary>
    /// Holds the loop itself, so that nothing is accepted, read or answered, exactly as if the process had been stopped: the planted pause that the instrument must find.
    /// </summary>
    private void Stall(TimeSpan duration) => _loop!.Post(_ => _released.Wait(duration), null);
}
