using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Peers.Source.Books;
using MailBench.Peers.Source.Workload;
using MailBench.Transport;

namespace MailBench.Peers.Source;

/// <summary>
/// The source: a load generator over SMTP, on one loop. Alone, it sends the load of its options and completes; under control it waits for <c>begin</c>
/// and <c>start-load</c>, trial after trial, and keeps its corpus while the workload stays the same.
/// </summary>
public sealed class SourceNode : INode
{
    private readonly SourceOptions? _options;
    private readonly TrialId _aloneTrial;
    private readonly bool _control;
    private readonly TextWriter? _log;
    private readonly SourceCounters _counters = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EventLoop? _loop;
    private SourceTrial? _trial;
    private Corpus? _corpus;
    private WorkloadOptions? _corpusOptions;
    private JsonObject? _lastCounts;

    /// <summary>
    /// <paramref name="options"/>: what to send; null only under <paramref name="control"/>, where each <c>begin</c> brings its own. <paramref name="run"/>: the
    /// run part of message IDs when the source works alone. <paramref name="log"/>: for a person; null: silent.
    /// </summary>
    public SourceNode(SourceOptions? options, string run, bool control, TextWriter? log = null)
    {
        if (options is null && !control) throw new ArgumentException("A source that works alone needs options.", nameof(options));
        _options = options;
        _aloneTrial = new TrialId(run, 0, 0);
        _control = control;
        _log = log;
    }

    public string Role => "source";

    public Task Completion => _completion.Task;

    public Action<NodeNotice>? Notify { get; set; }

    /// <summary>Throws <see cref="WorkloadException"/> or <see cref="ArgumentException"/> for options that cannot be carried out. A source has no listener.</summary>
    public async Task<IReadOnlyList<ReadyListener>> StartAsync(CancellationToken cancellationToken)
    {
        _loop = EventLoop.Start(new EventLoopOptions("source") { Punctual = true });
        _loop.HandlerFailed += failed => Fail($"defect in a session: {failed}");
        if (_control) return [];
        await Rehearsal.RunAsync(_loop);
        await BeginAsync(_aloneTrial, _options!, eventsPath: null);
        await _loop!.RunAsync(() => _trial!.Start());
        return [];
    }

    public async Task<JsonObject?> HandleAsync(NodeCommand command, CancellationToken cancellationToken)
    {
        switch (command)
        {
            case BeginTrialCommand begin:
                var options = begin.Source ?? _options ?? throw new InvalidOperationException("begin: the source has been told no options, neither here nor at its start.");
                await BeginAsync(begin.Trial, options, begin.EventsPath);
                return null;
            case StartLoadCommand:
                await _loop!.RunAsync(() => Trial("start-load").Start());
                return null;
            case CreditsCommand credits:
                await _loop!.RunAsync(() => Trial("credits").Credit(credits.Recipients));
                return null;
            case HaltLoadCommand:
                await HaltAsync(Trial("halt-load"));
                return null;
            case EndTrialCommand:
                return await EndAsync();
            default:
                throw new NotSupportedException($"A source does not know the command {command.GetType().Name}.");
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
        catch (OperationCanceledException)
        {
            await _loop!.RunAsync(trial.Cut);
            await trial.Drained;
            throw;
        }
        finally
        {
            await EndAsync();
        }
    }

    public JsonObject Counts()
    {
        if (_trial is not { } trial) return (JsonObject?)_lastCounts?.DeepClone() ?? SourceCounts.Of(_counters, new SourceCounters(), null, 0);
        return _loop!.RunAsync(trial.Counts).GetAwaiter().GetResult();
    }

    public IReadOnlyDictionary<string, double> Counters() => _counters.ToSnapshot();

    public async ValueTask DisposeAsync()
    {
        if (_loop is not { } loop) return;
        await EndAsync();
        _loop = null;
        loop.Dispose();
    }

    private async Task BeginAsync(TrialId id, SourceOptions options, string? eventsPath)
    {
        if (_trial is not null) await EndAsync();
        var corpus = _corpus;
        if (corpus is null || _corpusOptions != options.Workload)
        {
            // The old corpus goes before the new one comes: both together might not fit.
            _corpus = null;
            corpus = Corpus.Compose(options.Workload);
        }

        (_corpus, _corpusOptions) = (corpus, options.Workload);
        var events = eventsPath is null ? null : OpenEvents(eventsPath, id, options.Workload.Suffix);
        try
        {
            await _loop!.RunAsync(() => _trial = Prepare(id, options, corpus, events));
        }
        catch
        {
            events?.Dispose();
            throw;
        }
    }

    private SourceTrial Prepare(TrialId id, SourceOptions options, Corpus corpus, EventWriter? events)
    {
        var trial = new SourceTrial(_loop!, id, options, corpus, _counters, events);
        trial.LoadEnded = () =>
        {
            // Alone, standard output is for the counts; nobody waits for a notice.
            if (_control) Notify?.Invoke(new NodeNotice("load-done"));
            else _ = FinishAloneAsync(trial);
        };
        if (!_control) trial.NeverReached = trouble => _completion.TrySetException(NoSession(trouble));
        return trial;
    }

    private NodeRefusedException NoSession(string trouble) => new($"{_options!.To} gave no session: {trouble}. Is a server listening there?");

    /// <summary>Owned by <see cref="Completion"/>, which every end of it settles.</summary>
    private async Task FinishAloneAsync(SourceTrial trial)
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

    private async Task HaltAsync(SourceTrial trial)
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
        if (trial.FirstTrouble is { } trouble && _log is not null) await _log.WriteLineAsync($"mailbench source: the first message that failed was {trouble}");
        if (trial.FirstRefusal is { } refusal && _log is not null) await _log.WriteLineAsync($"mailbench source: the first refusal was of {refusal}");
        return (JsonObject)_lastCounts.DeepClone();
    }

    private SourceTrial Trial(string command) => _trial ?? throw new InvalidOperationException($"{command}: no trial has begun.");

    private void Fail(string reason)
    {
        Notify?.Invoke(new NodeNotice("failed", Reason: reason));
        _completion.TrySetException(new InvalidOperationException(reason));
    }

    private static EventWriter OpenEvents(string path, TrialId id, string suffix)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
        return EventWriter.Create(path, "source", id, suffix);
    }
}
