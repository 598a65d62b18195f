using System.Globalization;
using System.Net;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Testbed;

namespace MailBench.Runs.CrossCheck;

/// <summary>An injector and a sink around a system under test, whoever wrote them. The same load from all: a constant number of sessions that each keep sending, one recipient a message.</summary>
internal abstract class ToolPair : IAsyncDisposable
{
    /// <summary>Ends with the reason when one of the two ends unasked.</summary>
    public abstract Task<RoleFailure> Failed { get; }

    /// <summary>Begins the load.</summary>
    public abstract Task LoadAsync(IPEndPoint door, CancellationToken cancellationToken);

    /// <summary>Messages so far: those that the injector saw accepted, those that the sink took.</summary>
    public abstract Task<(double Accepted, double Delivered)> CountAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}

/// <summary>MailBench's own source and sink, as nodes.</summary>
internal sealed class OwnPair : ToolPair
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly NodeProcess _source, _sink;
    private readonly SettingValues _settings;
    private readonly TrialId _trial;

    private OwnPair(NodeProcess source, NodeProcess sink, SettingValues settings, TrialId trial)
    {
        (_source, _sink, _settings, _trial) = (source, sink, settings, trial);
        Failed = Task.WhenAny(source.Failed, sink.Failed).Unwrap();
    }

    public override Task<RoleFailure> Failed { get; }

    public static async Task<OwnPair> StartAsync(NodeProgram program, RunFolder folder, SettingValues settings, IPEndPoint host, TrialId trial, TimeProvider time, CancellationToken cancellationToken)
    {
        var sink = await NodeProcess.StartAsync(program, "sink", ["--listen", host.ToString()], 1, Log("sink"), null, time, cancellationToken);
        try
        {
            return new OwnPair(await NodeProcess.StartAsync(program, "source", [], 0, Log("source"), null, time, cancellationToken), sink, settings, trial);
        }
        catch
        {
            await sink.DisposeAsync();
            throw;
        }

        RoleLog Log(string role) => new(Path.Combine(folder.Logs, $"{role}.log"), $"{role} of the cross-check");
    }

    public override async Task LoadAsync(IPEndPoint door, CancellationToken cancellationToken)
    {
        var load = new LoadOptions { Model = LoadModel.Closed, Stages = [new LoadStage(LoadStageKind.KeepConstant, default, _settings.Integer("load.sessions"), TimeSpan.Zero)] };
        var workload = _settings.ToWorkload() with { Recipients = 1, Domains = 1 };
        await _sink.AskAsync(new BeginTrialCommand(_trial, null), Patience, cancellationToken);
        await _source.AskAsync(new BeginTrialCommand(_trial, null) { Source = new SourceOptions { To = door, Load = load, Workload = workload } }, Patience, cancellationToken);
        await _source.AskAsync(new StartLoadCommand(), Patience, cancellationToken);
    }

    public override async Task<(double Accepted, double Delivered)> CountAsync(CancellationToken cancellationToken)
    {
        var (source, sink) = (Snapshots.OfAsync(_source, cancellationToken), Snapshots.OfAsync(_sink, cancellationToken));
        return ((await source).GetValueOrDefault(CounterNames.Accepted), (await sink).GetValueOrDefault(CounterNames.Messages));
    }

    public override async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _sink.DisposeAsync();
    }
}

/// <summary>Postfix's <c>smtp-source</c> and <c>smtp-sink</c>.</summary>
internal sealed class PostfixPair : ToolPair
{
    private readonly SettingValues _settings;
    private readonly CountingTool _sink;
    private readonly TaskCompletionSource<RoleFailure> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CountingTool? _source;

    private PostfixPair(SettingValues settings, CountingTool sink)
    {
        (_settings, _sink) = (settings, sink);
        Watch(sink);
    }

    public override Task<RoleFailure> Failed => _failed.Task;

    /// <summary>As root, smtp-sink wants to be told whose privileges it is to take.</summary>
    public static PostfixPair Start(SettingValues settings, IPEndPoint host) =>
        new(settings, CountingTool.Start("smtp-sink", [.. Environment.IsPrivilegedProcess ? new[] { "-u", "nobody" } : [], "-c", host.ToString(), "1024"]));

    public override Task LoadAsync(IPEndPoint door, CancellationToken cancellationToken)
    {
        var suffix = _settings.Text("dns.suffix");
        var size = ByteSize.Parse(_settings.Find("workload.size")!).Bytes.ToString(CultureInfo.InvariantCulture);
        // -d: sessions are kept; -m: more messages than any window takes.
        _source = CountingTool.Start("smtp-source", ["-c", "-d", "-s", _settings.Text("load.sessions"), "-l", size, "-m", "100000000", "-f", $"x@source.{suffix}", "-t", $"u0@d0.{suffix}", door.ToString()]);
        Watch(_source);
        return Task.CompletedTask;
    }

    public override Task<(double Accepted, double Delivered)> CountAsync(CancellationToken cancellationToken) => Task.FromResult<(double, double)>((_source!.Count, _sink.Count));

    public override async ValueTask DisposeAsync()
    {
        if (_source is not null) await _source.DisposeAsync();
        await _sink.DisposeAsync();
    }

    private void Watch(CountingTool tool) => tool.Failed.ContinueWith(failed => _failed.TrySetResult(failed.Result), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
