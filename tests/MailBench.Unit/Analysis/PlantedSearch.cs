using System.Text.Json;
using MailBench.Analysis;
using MailBench.Model.Events;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Sweep;

namespace MailBench.Unit.Analysis;

/// <summary>
/// A run folder of a search whose truth is known: a system that does so many messages a second and no more, one after the other. The trials are steered as a runner does it, by the analysis's own verdicts, so that what one decides and the other
/// reports are of one piece.
/// </summary>
internal sealed class PlantedSearch : IDisposable
{
    private const long Second = 1_000_000_000;
    private readonly Dictionary<(int Point, int Repetition), TrialRecord> _done = [];

    public RunFolder Folder { get; } = new(Directory.CreateTempSubdirectory("mailbench-planted-search-").FullName);

    public double CapacityPerSecond { get; init; } = 100;

    /// <summary>What is too much waits before the door, and is delivered as soon as it is accepted; else it is accepted and waits inside.</summary>
    public bool WaitsOutside { get; init; }

    /// <summary>Above this rate the source itself is late.</summary>
    public double LateAbove { get; init; } = double.PositiveInfinity;

    /// <summary>Of a hundred messages so many are refused.</summary>
    public int RefusedOfHundred { get; init; }

    /// <summary>What programs outside the run used of the machine's CPU, 0–1.</summary>
    public double OthersShare { get; init; }

    public string[] Settings { get; init; } = [];

    public IReadOnlyList<TrialRecord> Trials => [.. _done.OrderBy(pair => pair.Key).Select(pair => pair.Value)];

    public PointPlan Point => Plan.Points[0];

    public RunPlan Plan => RunPlan.Of(ProfileReader.Read("""
        version: 1
        line: {capacity: 10Mbit/s}
        load: {model: open, find: sustainable, rate: 240/s}
        phases: {warmUp: 1s, steady: 10s, drain: 60s}
        """, "planted.yaml", Settings));

    /// <summary>Runs the search on, to its end or until so many trials are done.</summary>
    public PlantedSearch Run(int until = int.MaxValue)
    {
        Directory.CreateDirectory(Folder.Events);
        File.WriteAllText(Folder.Header, JsonSerializer.Serialize(new PlantedTrial().Header(Point.Planned) with { Calibration = null }, RecordJson.Line));
        var searches = new Searches(trial => RunAnalysis.Judge(Folder, trial), _done);
        while (_done.Count < until && searches.Next(Point) is { } next)
        {
            var number = _done.Count;
            Write(number, next.PerSecond);
            _done[(Point.Number, number)] = Searches.Of(Record(number), next);
        }

        File.WriteAllText(Folder.Journal, string.Concat(Trials.Select(trial => JsonSerializer.Serialize(trial, RecordJson.Line) + "\n")));
        return this;
    }

    public void Dispose() => Directory.Delete(Folder.Root, recursive: true);

    private void Write(int number, double perSecond)
    {
        using var source = Writer("source", number);
        using var sink = Writer("sink", number);
        var space = (long)(Second / CapacityPerSecond);
        var freeNs = 0L;
        for (var i = 0; i < 11 * perSecond; i++)
        {
            var due = (long)(i * Second / perSecond);
            source.Write(new EventRecord(EventKind.Offered, i, 0, due, perSecond > LateAbove ? 50_000_000 : 20_000, 0));
            source.Write(new EventRecord(EventKind.Started, i, 1, due + 20_000, 0, 0));
            if (i % 100 < RefusedOfHundred)
            {
                source.Write(new EventRecord(EventKind.Refused, i, -1, due + 1_000_000, due, 550));
                continue;
            }

            freeNs = Math.Max(freeNs, due + 2_000_000) + space;
            source.Write(new EventRecord(EventKind.Accepted, i, 1, WaitsOutside ? freeNs : due + 2_000_000, due, 250));
            sink.Write(new EventRecord(EventKind.Booked, i, 0, freeNs + 1_000_000, 0, 250));
        }
    }

    private EventWriter Writer(string role, int number) =>
        new(File.Create(Folder.EventsOf(role, Point.Number, number)), new EventHeader(EventStream.Version, role, "test", Point.Number, number, "test"));

    private TrialRecord Record(int number)
    {
        var nothing = new Dictionary<string, IReadOnlyDictionary<string, double>>();
        return new TrialRecord
        {
            Point = Point.Number,
            Repetition = number,
            WarmUpBeginNs = 0,
            SteadyBeginNs = Second,
            SteadyEndNs = 11 * Second,
            DrainEndNs = 71 * Second,
            AtTrialBegin = nothing,
            AtBegin = nothing,
            AtEnd = nothing,
            AfterDrain = nothing,
            OthersShare = OthersShare,
            Features = new Dictionary<string, string> { ["durability"] = "synced" },
        };
    }
}
