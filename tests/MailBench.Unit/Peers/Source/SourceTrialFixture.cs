using System.Net;
using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Source;

namespace MailBench.Unit.Peers.Source;

/// <summary>A source under control in this process, and what it said: counts, events, notices.</summary>
internal sealed class SourceTrialFixture : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-source-").FullName;
    private readonly TaskCompletionSource _loadDone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SourceNode _node = new(null, "none", control: true);
    private int _trials;

    private SourceTrialFixture() => _node.Notify = notice =>
    {
        if (notice.Kind == "load-done") _loadDone.TrySetResult();
        else _loadDone.TrySetException(new InvalidOperationException(notice.Reason));
    };

    public SourceNode Node => _node;

    public TrialId Trial => new("t", _trials, 0);

    public string EventsPath => Path.Combine(_folder, $"source-{_trials}.bin");

    public static async Task<SourceTrialFixture> StartAsync()
    {
        var fixture = new SourceTrialFixture();
        await fixture._node.StartAsync(CancellationToken.None);
        return fixture;
    }

    /// <summary>One whole trial: begin, load until it is done by itself, drain, end.</summary>
    public static async Task<(JsonObject Counts, List<EventRecord> Events)> RunAsync(IPEndPoint to, LoadOptions load, WorkloadOptions? workload = null)
    {
        await using var fixture = await StartAsync();
        await fixture.BeginAsync(to, load, workload);
        await fixture.LoadDoneAsync();
        return await fixture.EndAsync();
    }

    public async Task BeginAsync(IPEndPoint to, LoadOptions load, WorkloadOptions? workload = null)
    {
        _trials++;
        var options = new SourceOptions { To = to, Load = load, Workload = workload ?? Small };
        await Bounded(_node.HandleAsync(new BeginTrialCommand(Trial, EventsPath) { Source = options }, default));
        await Bounded(_node.HandleAsync(new StartLoadCommand(), default));
    }

    public Task LoadDoneAsync() => _loadDone.Task.WaitAsync(Patience);

    public async Task<(JsonObject Counts, List<EventRecord> Events)> EndAsync()
    {
        await Bounded(_node.HandleAsync(new HaltLoadCommand(), default));
        var counts = await Bounded(_node.HandleAsync(new EndTrialCommand(), default));
        await using var file = File.OpenRead(EventsPath);
        EventStream.ReadHeader(file);
        return (counts!, [.. EventStream.ReadRecords(file)]);
    }

    public Task CommandAsync(NodeCommand command) => Bounded(_node.HandleAsync(command, default));

    /// <summary>Waits, bounded, until the counters satisfy the condition.</summary>
    public async Task UntilAsync(Func<IReadOnlyDictionary<string, double>, bool> condition)
    {
        var deadlineNs = MonotonicClock.NowNs + Patience.ToNs();
        while (!condition(_node.Counters()))
        {
            if (MonotonicClock.NowNs > deadlineNs) throw new TimeoutException(string.Join(' ', _node.Counters()));
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
        }
    }

    public static WorkloadOptions Small { get; } = new() { Size = new ByteSize(1000) };

    public static LoadOptions Open(double rate, int count, int sessions = 8) => new()
    {
        Model = LoadModel.Open,
        Stages = [new LoadStage(LoadStageKind.Inject, new Rate(rate), 0, TimeSpan.Zero)],
        Count = count,
        Sessions = sessions,
    };

    public static LoadOptions Closed(int users, int count) => new()
    {
        Model = LoadModel.Closed,
        Stages = [new LoadStage(LoadStageKind.KeepConstant, default, users, TimeSpan.Zero)],
        Count = count,
    };

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static Task<T> Bounded<T>(Task<T> task) => task.WaitAsync(Patience);
}
