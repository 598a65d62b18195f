using System.Text.Json;
using MailBench.Analysis;
using MailBench.Analysis.Books;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Testing.Processes;

namespace MailBench.EndToEnd.Proofs;

/// <summary>
/// Source straight into sink as a run folder: what the runner would record, but without MTA and line, so that the analysis and its gates judge the instrument alone. Both processes are
/// under control; event files, snapshots and windows are theirs.
/// </summary>
internal sealed class DirectRun(string folder, MailbenchProcess sink, MailbenchProcess source)
{
    /// <summary>Stated, not probed: far above any rate of these proofs.</summary>
    private static readonly Calibration NoLimit = new() { Ceilings = [new CeilingProbe("synthetic", 1, 10_000, 10_000)] };

    private readonly List<PlannedPoint> _points = [];

    private RunFolder Folder { get; } = new(Path.Combine(folder, "run"));

    public async Task WarmUpAsync(SourceOptions load) => await TakeAsync(0, load, static () => Task.FromResult((0L, 0L)));

    /// <summary>A trial to the end of its load; <paramref name="meanwhile"/> disturbs it. Its window spans all intended starts.</summary>
    public async Task<(long BeginNs, long EndNs)> TakeAsync(int point, SourceOptions load, Func<Task<(long BeginNs, long EndNs)>> meanwhile)
    {
        Directory.CreateDirectory(Folder.Events);
        var trial = new TrialId("direct", point, 0);
        sink.Ask(new BeginTrialCommand(trial, Folder.EventsOf("sink", point, 0)));
        source.Ask(new BeginTrialCommand(trial, Folder.EventsOf("source", point, 0)) { Source = load });
        var atBegin = Snapshots();
        var beginNs = MonotonicClock.NowNs;
        var goal = source.Ask(new SnapshotCommand()).Data![CounterNames.Offered]!.GetValue<double>() + load.Load.Count;
        source.Ask(new StartLoadCommand());
        var disturbed = await meanwhile();
        await NodeBench.EventuallyAsync(() => source.Ask(new SnapshotCommand()).Data![CounterNames.Offered]!.GetValue<double>() >= goal, () => "the source stopped offering");
        var endNs = MonotonicClock.NowNs;
        source.Ask(new HaltLoadCommand());
        var atEnd = Snapshots();
        source.Ask(new EndTrialCommand());
        sink.Ask(new EndTrialCommand());

        _points.Add(new PlannedPoint(point, "direct", new Dictionary<string, string>(), new Dictionary<string, string>
        {
            ["load.model"] = "open",
            ["workload.size"] = "4KiB",
            ["workload.recipients"] = "1",
            ["line.capacity"] = "unlimited",
        }));
        File.WriteAllText(Folder.Header, JsonSerializer.Serialize(Header(), RecordJson.Indented));
        File.AppendAllText(Folder.Journal, JsonSerializer.Serialize(new TrialRecord
        {
            Point = point,
            Repetition = 0,
            WarmUpBeginNs = beginNs,
            SteadyBeginNs = beginNs,
            SteadyEndNs = endNs,
            DrainEndNs = MonotonicClock.NowNs,
            AtTrialBegin = atBegin,
            AtBegin = atBegin,
            AtEnd = atEnd,
            AfterDrain = atEnd,
            Features = new Dictionary<string, string>(),
        }, RecordJson.Line) + "\n");
        return disturbed;
    }

    /// <summary>The point as <c>mailbench report</c> would show it, and the books behind it.</summary>
    public (PointSummary Point, TrialBooks Books) Analyze(int point)
    {
        var books = new TrialBooks();
        foreach (var role in new[] { "source", "sink" })
        {
            using var file = File.OpenRead(Folder.EventsOf(role, point, 0));
            EventStream.ReadHeader(file);
            foreach (var e in EventStream.ReadRecords(file)) books.Add(e);
        }

        return (RunAnalysis.Analyze(Folder).Summary.Points.Single(summary => summary.Point == point), books);
    }

    private Dictionary<string, IReadOnlyDictionary<string, double>> Snapshots() => new() { ["sink"] = Snapshot(sink), ["source"] = Snapshot(source) };

    private static Dictionary<string, double> Snapshot(MailbenchProcess node) =>
        node.Ask(new SnapshotCommand()).Data!.ToDictionary(counter => counter.Key, counter => counter.Value!.GetValue<double>());

    private RunHeader Header() => new()
    {
        Run = "direct",
        ProfileName = "direct",
        Seed = 1,
        Command = "MailBench.EndToEnd",
        StartedAt = "2026-01-05T09:30:07Z",
        StartedMonotonicNs = 0,
        Machine = new MachineDisclosure
        {
            MailBenchVersion = "0",
            Os = "test",
            Kernel = "test",
            Runtime = "test",
            GcMode = "workstation",
            CpuModel = "test",
            CpuCount = Environment.ProcessorCount,
            MemoryBytes = 0,
            OpenFilesLimit = 0,
        },
        Storage = [],
        Calibration = NoLimit,
        Points = _points,
        Repetitions = 1,
        LineBackend = "userspace",
        Quick = true,
    };
}
