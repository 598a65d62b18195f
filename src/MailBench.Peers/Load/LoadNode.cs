using System.Net;
using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Transport;

namespace MailBench.Peers.Load;

/// <summary>
/// A node that offers load on one loop, whatever it is: alone, it offers the load of its options and completes; under control it waits for <c>begin</c> and <c>start-load</c>, trial
/// after trial.
/// </summary>
public abstract class LoadNode : INode
{
    private readonly TrialId _alone;
    private readonly bool _control;
    private readonly TextWriter? _log;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EventLoop? _loop;
    private ILoadTrial? _trial;
    private JsonObject? _lastCounts;

    /// <summary><paramref name="alone"/>: the trial of a node that works alone. <paramref name="log"/>: for a person; null: silent.</summary>
    private protected LoadNode(string role, TrialId alone, bool control, TextWriter? log) => (Role, _alone, _control, _log) = (role, alone, control, log);

    public string Role { get; }

    public Task Completion => _completion.Task;

    public Action<NodeNotice>? Notify { get; set; }

    private protected EventLoop Loop => _loop!;

    /// <summary>Throws what <see cref="PrepareAsync"/> throws for options that cannot be carried out. Such a node has no listener.</summary>
    public async Task<IReadOnlyList<ReadyListener>> StartAsync(CancellationToken cancellationToken)
    {
        _loop = EventLoop.Start(new EventLoopOptions(Role) { Punctual = true });
        _loop.HandlerFailed += failed => Fail($"defect in a session: {failed}");
        if (_control) return [];
        await RehearseAsync();
        await BeginAsync(new BeginTrialCommand(_alone, null));
        await _loop.RunAsync(_trial!.Start);
        return [];
    }

    public async Task<JsonObject?> HandleAsync(NodeCommand command, CancellationToken cancellationToken)
    {
        switch (command)
        {
            case BeginTrialCommand begin:
                await BeginAsync(begin);
                return null;
            case StartLoadCommand:
                await _loop!.RunAsync(Trial("start-load").Start);
                return null;
            case HaltLoadCommand:
                await HaltAsync(Trial("halt-load"));
                return null;
            case EndTrialCommand:
                return await EndAsync();
            default:
                if (await TryPerformAsync(command, _trial)) return null;
                throw new NotSupportedException($"The role {Role} does not know the command {command.GetType().Name}, or has no trial for it.");
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
        if (_trial is not { } trial) return (JsonObject?)_lastCounts?.DeepClone() ?? CountsOfNothing();
        return _loop!.RunAsync(trial.Counts).GetAwaiter().GetResult();
    }

    public abstract IReadOnlyDictionary<string, double> Counters();

    public async ValueTask DisposeAsync()
    {
        if (_loop is not { } loop) return;
        await EndAsync();
        _loop = null;
        await Task.Run(loop.Dispose);
        GC.SuppressFinalize(this);
    }

    /// <summary>Where the load goes, for a sentence.</summary>
    private protected abstract IPEndPoint Target { get; }

    /// <summary>Runs what the load will run, once, so that its first arrivals do not wait for code to be compiled.</summary>
    private protected abstract Task RehearseAsync();

    /// <summary>The next trial, not started; called off the loop. A command without options means the node's own.</summary>
    private protected abstract Task<ILoadTrial> PrepareAsync(BeginTrialCommand begin);

    /// <summary>The role's own commands; false: not one of them, or there is no trial to perform it on.</summary>
    private protected abstract Task<bool> TryPerformAsync(NodeCommand command, ILoadTrial? trial);

    /// <summary>The counts before any trial.</summary>
    private protected abstract JsonObject CountsOfNothing();

    /// <summary>A person who started the node alone learns at once that nobody is there.</summary>
    private protected void NeverReached(string trouble)
    {
        if (!_control) _completion.TrySetException(NoSession(trouble));
    }

    private protected Task LogAsync(string sentence) => _log is null ? Task.CompletedTask : _log.WriteLineAsync($"mailbench {Role}: {sentence}");

    private protected static EventWriter? OpenEvents(BeginTrialCommand begin, string role, string suffix)
    {
        if (begin.EventsPath is not { } path) return null;
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
        return EventWriter.Create(path, role, begin.Trial, suffix);
    }

    private async Task BeginAsync(BeginTrialCommand begin)
    {
        if (_trial is not null) await EndAsync();
        var trial = await PrepareAsync(begin);
        await _loop!.RunAsync(() =>
        {
            _loop!.Burden = begin.Burden;
            trial.LoadEnded = () =>
            {
                // Alone, standard output is for the counts; nobody waits for a notice.
                if (_control) Notify?.Invoke(new NodeNotice("load-done"));
                else _ = FinishAloneAsync(trial);
            };
        });
        _trial = trial;
    }

    private NodeRefusedException NoSession(string trouble) => new($"{Target} gave no session: {trouble}. Is a server listening there?");

    /// <summary>Owned by <see cref="Completion"/>, which every end of it settles.</summary>
    private async Task FinishAloneAsync(ILoadTrial trial)
    {
        try
        {
            await HaltAsync(trial);
            if (trial.Unreached is { } trouble) _completion.TrySetException(NoSession(trouble));
            else _completion.TrySetResult();
        }
        catch (Exception failed)
        {
            _completion.TrySetException(failed);
        }
    }

    private async Task HaltAsync(ILoadTrial trial)
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
        foreach (var trouble in trial.Troubles) await LogAsync(trouble);
        return (JsonObject)_lastCounts.DeepClone();
    }

    private ILoadTrial Trial(string command) => _trial ?? throw new InvalidOperationException($"{command}: no trial has begun.");

    private void Fail(string reason)
    {
        Notify?.Invoke(new NodeNotice("failed", Reason: reason));
        _completion.TrySetException(new InvalidOperationException(reason));
    }
}
