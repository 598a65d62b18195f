using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Transport;

namespace MailBench.Peers.Poll;

/// <summary>
/// Users who poll, as a node on one loop. Alone, they poll as their options say and the node completes; under control it waits for <c>begin</c> and <c>start-load</c>, trial after trial.
/// </summary>
public sealed class PollNode : INode
{
    private readonly PollOptions? _options;
    private readonly bool _control;
    private readonly TextWriter? _log;
    private readonly PollCounters _counters = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EventLoop? _loop;
    private PollTrial? _trial;
    private JsonObject? _lastCounts;

    /// <summary><paramref name="options"/>: how to poll; null only under <paramref name="control"/>, where each <c>begin</c> brings its own. <paramref name="log"/>: for a person; null: silent.</summary>
    public PollNode(PollOptions? options, bool control, TextWriter? log = null)
    {
        if (options is null && !control) throw new ArgumentException("Users who poll alone need options.", nameof(options));
        (_options, _control, _log) = (options, control, log);
    }

    public string Role => "poll";

    public Task Completion => _completion.Task;

    public Action<NodeNotice>? Notify { get; set; }

    public async Task<IReadOnlyList<ReadyListener>> StartAsync(CancellationToken cancellationToken)
    {
        _loop = EventLoop.Start(new EventLoopOptions("poll") { Punctual = true });
        _loop.HandlerFailed += failed => Fail($"defect in a session: {failed}");
        if (_control) return [];
        await PollRehearsal.RunAsync(_loop);
        await BeginAsync(new TrialId("alone", 0, 0), _options!, eventsPath: null);
        await _loop.RunAsync(() => _trial!.Start());
        return [];
    }

    public async Task<JsonObject?> HandleAsync(NodeCommand command, CancellationToken cancellationToken)
    {
        switch (command)
        {
            case BeginTrialCommand begin:
                await BeginAsync(begin.Trial, begin.Poll ?? _options ?? throw new InvalidOperationException("begin: the users have been told no options, neither here nor at their start."), begin.EventsPath);
                return null;
            case StartLoadCommand:
                await _loop!.RunAsync(() => Trial("start-load").Start());
                return null;
            case HaltLoadCommand:
                await HaltAsync(Trial("halt-load"));
                return null;
            case EndTrialCommand:
                return await EndAsync();
            default:
                throw new NotSupportedException($"Users who poll do not know the command {command.GetType().Name}.");
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_trial is not { } trial) return;
        await _loop!.RunAsync(trial.Halt);
        try
        {
            await trial.Drained.WaitAsync(cancellationToken);
        }
        finally
        {
            await EndAsync();
        }
    }

    public JsonObject Counts()
    {
        if (_trial is not { } trial) return (JsonObject?)_lastCounts?.DeepClone() ?? new PollBooks(_counters, null).Counts(0);
        return _loop!.RunAsync(trial.Counts).GetAwaiter().GetResult();
    }

    public IReadOnlyDictionary<string, double> Counters() => _counters.ToSnapshot();

    public async ValueTask DisposeAsync()
    {
        if (_loop is not { } loop) return;
        await EndAsync();
        _loop = null;
        await Task.Run(loop.Dispose);
    }

    private async Task BeginAsync(TrialId id, PollOptions options, string? eventsPath)
    {
        if (_trial is not null) await EndAsync();
        var limits = PollLimits.Compute(options);
        if (_log is not null) await _log.WriteLineAsync($"mailbench poll: {limits.Describe(options)}");
        var events = eventsPath is null ? null : EventWriter.Create(eventsPath, "poll", id, "");
        try
        {
            await _loop!.RunAsync(() => _trial = Prepare(options, limits, events));
        }
        catch
        {
            events?.Dispose();
            throw;
        }
    }

    private PollTrial Prepare(PollOptions options, PollLimits limits, EventWriter? events)
    {
        var trial = new PollTrial(_loop!, options, limits, _counters, events);
        trial.LoadEnded = () =>
        {
            // Alone, standard output is for the counts; nobody waits for a notice.
            if (_control) Notify?.Invoke(new NodeNotice("load-done"));
            else _ = FinishAloneAsync(trial);
        };
        return trial;
    }

    /// <summary>Owned by <see cref="Completion"/>, which every end of it settles.</summary>
    private async Task FinishAloneAsync(PollTrial trial)
    {
        try
        {
            await HaltAsync(trial);
            if (trial.EverConnected) _completion.TrySetResult();
            else _completion.TrySetException(new NodeRefusedException($"{_options!.Pop3} gave no session: {trial.FirstTrouble}. Is a server listening there?"));
        }
        catch (Exception failed)
        {
            _completion.TrySetException(failed);
        }
    }

    private async Task HaltAsync(PollTrial trial)
    {
        await _loop!.RunAsync(trial.Halt);
        await trial.Drained;
    }

    private async Task<JsonObject?> EndAsync()
    {
        if (_trial is not { } trial) return null;
        await _loop!.RunAsync(trial.Cut);
        await trial.Drained;
        _lastCounts = await _loop!.RunAsync(() =>
        {
            trial.Dispose();
            return trial.Counts();
        });
        _trial = null;
        if (trial.FirstTrouble is { } trouble && _log is not null) await _log.WriteLineAsync($"mailbench poll: the first poll that failed was {trouble}");
        return (JsonObject)_lastCounts.DeepClone();
    }

    private PollTrial Trial(string command) => _trial ?? throw new InvalidOperationException($"{command}: no trial has begun.");

    private void Fail(string reason)
    {
        Notify?.Invoke(new NodeNotice("failed", Reason: reason));
        _completion.TrySetException(new InvalidOperationException(reason));
    }
}
