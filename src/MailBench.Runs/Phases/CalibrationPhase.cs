using System.Net;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Disclosure;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;

namespace MailBench.Runs.Phases;

/// <summary>What the testbed can do without the SUT: source straight into sink for each workload, each line capacity saturated by bulk mail, the DNS responder's answers, the disk's syncs. Short, once per run.</summary>
internal sealed class CalibrationPhase(Bench bench, Observer observer, RunPlan plan, string run, string queueRoot)
{
    /// <summary>JIT and connections come up in this part of a probe; it is not counted.</summary>
    private const double WarmShare = 0.4;
    private static readonly TimeSpan DiskProbe = TimeSpan.FromSeconds(0.4);
    private static readonly TimeSpan DnsProbeTime = TimeSpan.FromSeconds(0.3);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Large enough that octets, not dialogues, fill the line.</summary>
    private static readonly ByteSize BulkSize = new(64 << 10);

    private readonly TimeSpan _probe = plan.Profile.Settings.Span("phases.calibrate");

    public async Task<Calibration> RunAsync(CancellationToken cancellationToken)
    {
        var syncs = SyncProbe.Measure(queueRoot, DiskProbe);
        var ceilings = new List<CeilingProbe>();
        var known = new HashSet<WorkloadKey>();
        foreach (var point in plan.Points.Where(point => point.Settings.SendsMail()))
            foreach (var shape in WorkloadKey.ShapesOf(point.Settings))
                if (known.Add(shape)) ceilings.Add(await CeilingAsync(shape, point.Settings, cancellationToken));

        var lines = new List<LineProbe>();
        foreach (var capacity in plan.Points.Where(point => !point.Settings.HasProbes()).Select(point => point.Settings.Capacity("line.capacity")).Where(capacity => !capacity.Forward.IsUnlimited).Distinct())
            lines.Add(await LineAsync(capacity, cancellationToken));
        var answers = await DnsProbe.MeasureAsync(bench.DnsServer, $"d0.{plan.Points[0].Settings.Text("dns.suffix")}", DnsProbeTime, cancellationToken);
        return new Calibration { Ceilings = ceilings, Lines = lines, SyncsPerSecondBefore = syncs, DnsAnswersPerSecond = answers };
    }

    /// <summary>The disk once more, after the last trial.</summary>
    public double SyncsAfter() => SyncProbe.Measure(queueRoot, DiskProbe);

    private async Task<CeilingProbe> CeilingAsync(WorkloadKey shape, SettingValues settings, CancellationToken cancellationToken)
    {
        var workload = settings.ToWorkload() with { Recipients = shape.Recipients };
        var (before, after) = await SaturateAsync(bench.FarSide, workload, "sink", cancellationToken);
        var seconds = Seconds(before, after);
        var messages = (after.GetValueOrDefault(CounterNames.Messages) - before.GetValueOrDefault(CounterNames.Messages)) / seconds;
        var recipients = (after.GetValueOrDefault(CounterNames.Recipients) - before.GetValueOrDefault(CounterNames.Recipients)) / seconds;
        return new CeilingProbe(shape.Content, shape.Recipients, messages, recipients);
    }

    private async Task<LineProbe> LineAsync(LineCapacity capacity, CancellationToken cancellationToken)
    {
        await bench.SetCapacityAsync(capacity, cancellationToken);
        var workload = new WorkloadOptions { Size = BulkSize, Domains = 1, Suffix = plan.Profile.Settings.Text("dns.suffix"), Seed = plan.Profile.Seed };
        var (before, after) = await SaturateAsync(bench.NearSide, workload, "line", cancellationToken);
        var seconds = Seconds(before, after);
        var octets = after.GetValueOrDefault(CounterNames.WireOctetsForward) - before.GetValueOrDefault(CounterNames.WireOctetsForward);
        return new LineProbe(capacity.Forward.BitsPerSecond, octets * 8 / (capacity.Forward.BitsPerSecond * seconds), seconds);
    }

    /// <summary>A closed loop of eight sessions without think time; counters of one role at the edges of the counted part.</summary>
    private async Task<(IReadOnlyDictionary<string, double> Before, IReadOnlyDictionary<string, double> After)> SaturateAsync(
        IPEndPoint to, WorkloadOptions workload, string role, CancellationToken cancellationToken)
    {
        var trial = new TrialId(run, 0, 0);
        var load = new LoadOptions { Model = LoadModel.Closed, Stages = [new LoadStage(LoadStageKind.KeepConstant, default, 8, TimeSpan.Zero)] };
        foreach (var process in bench.Processes)
            await process.AskAsync(new BeginTrialCommand(trial, null) { Credits = false, Source = process.Role == "source" ? new SourceOptions { To = to, Load = load, Workload = workload } : null }, Patience, cancellationToken);
        await bench.Source.AskAsync(new StartLoadCommand(), Patience, cancellationToken);
        await observer.PauseAsync(_probe * WarmShare, cancellationToken);
        var before = await bench.SnapshotAsync(role, cancellationToken);
        await observer.PauseAsync(_probe * (1 - WarmShare), cancellationToken);
        var after = await bench.SnapshotAsync(role, cancellationToken);
        await bench.SetCapacityAsync(default, cancellationToken);
        await bench.Source.AskAsync(new HaltLoadCommand(), Patience, cancellationToken);
        foreach (var process in bench.Processes) await process.AskAsync(new EndTrialCommand(), Patience, cancellationToken);
        return (before, after);
    }

    private static double Seconds(IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> after) =>
        Math.Max(1e-3, (after.GetValueOrDefault(CounterNames.MonotonicNs) - before.GetValueOrDefault(CounterNames.MonotonicNs)) / 1e9);
}
