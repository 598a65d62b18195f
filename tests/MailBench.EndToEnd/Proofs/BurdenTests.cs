using System.Net;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>
/// A burdened source and a burdened sink need more CPU for a message than without, as whole processes: what a companion of a run relies on. Trials with and without take turns, so that both meet the same machine.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class BurdenTests : IAsyncDisposable
{
    private const int Messages = 3000;
    private const int Rounds = 5;

    private readonly string _scratch = Directory.CreateTempSubdirectory("mailbench-burden-").FullName;
    private readonly MailbenchProcess _sink = MailbenchProcess.Start("sink", "--listen", "127.0.0.1:0", "--control");
    private readonly MailbenchProcess _source = MailbenchProcess.Start("source", "--control");
    private int _trials;

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _sink.DisposeAsync();
        Directory.Delete(_scratch, recursive: true);
    }

    [Fact]
    public async Task Twice_the_work_in_source_and_sink_shows_in_the_CPU_of_a_message()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs the thread's CPU clock");
        var server = _sink.ReadReady("sink");
        await TakeAsync(server, 0);
        var ratios = new List<(double Source, double Sink)>();
        for (var round = 0; round < Rounds; round++)
        {
            var (without, with) = (await TakeAsync(server, 0), await TakeAsync(server, 1));
            ratios.Add((with.Source / without.Source, with.Sink / without.Sink));
        }

        // The whole process is counted, of which the loop is most; code that is still compiled, and neighbours in the caches, move single rounds.
        Assert.InRange(Median(ratios.Select(r => r.Source)), 1.4, 2.8);
        Assert.InRange(Median(ratios.Select(r => r.Sink)), 1.4, 2.8);
    }

    /// <summary>So many messages by eight sessions; what each process used of the processors for them.</summary>
    private async Task<(double Source, double Sink)> TakeAsync(IPEndPoint server, double burden)
    {
        var trial = new TrialId("burden", _trials++, 0);
        var load = new LoadOptions { Model = LoadModel.Closed, Stages = [new LoadStage(LoadStageKind.KeepConstant, default, 8, TimeSpan.Zero)], Count = Messages };
        _sink.Ask(new BeginTrialCommand(trial, Path.Combine(_scratch, "sink.bin")) { Burden = burden });
        _source.Ask(new BeginTrialCommand(trial, Path.Combine(_scratch, "source.bin")) { Burden = burden, Source = new SourceOptions { To = server, Load = load, Workload = new WorkloadOptions { Size = new ByteSize(4096) } } });
        var (source, sink) = (Cpu(_source), Cpu(_sink));
        var goal = Counter(_source, CounterNames.Accepted) + Messages;
        _source.Ask(new StartLoadCommand());
        await NodeBench.EventuallyAsync(() => Counter(_source, CounterNames.Accepted) >= goal, () => "the source stopped");
        _source.Ask(new HaltLoadCommand());
        var used = (Cpu(_source) - source, Cpu(_sink) - sink);
        _source.Ask(new EndTrialCommand());
        _sink.Ask(new EndTrialCommand());
        return used;
    }

    private static double Cpu(MailbenchProcess node) => Counter(node, CounterNames.CpuNs);

    private static double Counter(MailbenchProcess node, string name) => node.Ask(new SnapshotCommand()).Data![name]!.GetValue<double>();

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);
}
