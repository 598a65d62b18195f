using System.Text.Json;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Records;

namespace MailBench.Unit.Analysis;

/// <summary>
/// A run folder of one trial that looked for the knee, whose truth is known: a line of 1 Mbit/s that lets 100 polls/s through, 1,250 octets each, one after the other; users poll once a second. Each step lasts a
/// second and then its window of two, but the recovery, whose window is all of it.
/// </summary>
internal sealed class PlantedKnee : IDisposable
{
    private const long Second = 1_000_000_000;
    private const long SpaceNs = Second / 100;

    public RunFolder Folder { get; } = new(Directory.CreateTempSubdirectory("mailbench-planted-knee-").FullName);

    public (string Name, int Users)[] Parts { get; init; } =
    [
        (UsersStep.Search, 40), (UsersStep.Search, 120), (UsersStep.Search, 40), (UsersStep.Search, 98), (UsersStep.Search, 105), (UsersStep.Search, 40),
        (UsersStep.Below, 78), (UsersStep.AtCapacity, 98), (UsersStep.Over, 118), (UsersStep.Recovery, 78), (UsersStep.After, 98),
    ];

    /// <summary>The trial looked for the knee; else it was a day.</summary>
    public bool Find { get; init; } = true;

    public PlantedKnee Write()
    {
        Directory.CreateDirectory(Folder.Events);
        var point = new PlannedPoint(1, "point", new Dictionary<string, string>(), new Dictionary<string, string>
        {
            ["line.capacity"] = "1Mbit/s",
            ["users.count"] = "400",
            ["users.interval"] = "1s",
            ["users.action"] = "check",
            ["users.within"] = "500ms",
            ["users.find"] = Find ? "knee" : "none",
        });
        File.WriteAllText(Folder.Header, JsonSerializer.Serialize(new PlantedTrial().Header(point) with { Points = [point] }, RecordJson.Line));
        var steps = Steps();
        var ended = WriteEvents(steps);
        steps = [.. steps.Select(step => step with { AtBegin = Snapshot(step.WindowBeginNs, ended), AtEnd = Snapshot(step.WindowEndNs, ended) })];
        var window = steps.Last(step => step.Name == UsersStep.AtCapacity || !Find);
        var trial = new TrialRecord
        {
            Point = 1,
            Repetition = 0,
            WarmUpBeginNs = 0,
            SteadyBeginNs = window.WindowBeginNs,
            SteadyEndNs = window.WindowEndNs,
            DrainEndNs = steps[^1].WindowEndNs + 10 * Second,
            AtTrialBegin = Snapshot(0, ended),
            AtBegin = window.AtBegin,
            AtEnd = window.AtEnd,
            AfterDrain = Snapshot(steps[^1].WindowEndNs + 10 * Second, ended),
            Steps = steps,
            Derived = new Dictionary<string, string> { ["users.count"] = "98" },
            CountedNotBooked = true,
            Features = new Dictionary<string, string> { ["durability"] = "synced" },
        };
        File.WriteAllText(Folder.Journal, JsonSerializer.Serialize(trial, RecordJson.Line) + "\n");
        return this;
    }

    public void Dispose() => Directory.Delete(Folder.Root, recursive: true);

    private List<UsersStep> Steps()
    {
        var steps = new List<UsersStep>();
        var atNs = Second;
        foreach (var (name, users) in Parts)
        {
            var windowNs = name == UsersStep.Recovery ? 0 : Second;
            steps.Add(new UsersStep { Name = name, Users = users, BeginNs = atNs, WindowBeginNs = atNs + windowNs, WindowEndNs = atNs + 3 * Second, AtBegin = Snapshot(0, []), AtEnd = Snapshot(0, []) });
            atNs += 3 * Second;
        }

        return steps;
    }

    /// <summary>First come, first served; user K comes at K ÷ users of each second. Returns the ends.</summary>
    private List<long> WriteEvents(List<UsersStep> steps)
    {
        using var writer = new EventWriter(File.Create(Folder.EventsOf("poll", 1, 0)), new EventHeader(EventStream.Version, "poll", "test", 1, 0, ""));
        var (ended, freeNs, sequence) = (new List<long>(), 0L, 0L);
        foreach (var step in steps)
            for (var i = 0; i < 3 * step.Users; i++)
            {
                var intendedNs = step.BeginNs + i * Second / step.Users;
                freeNs = Math.Max(intendedNs, freeNs) + SpaceNs;
                writer.Write(new EventRecord(EventKind.Offered, sequence, i % step.Users, intendedNs, 0, 0));
                writer.Write(new EventRecord(EventKind.Polled, sequence++, i % step.Users, freeNs, 1000, 0));
                ended.Add(freeNs);
            }

        return ended;
    }

    private static Dictionary<string, IReadOnlyDictionary<string, double>> Snapshot(long atNs, List<long> ended)
    {
        var polls = ended.Count(endNs => endNs <= atNs);
        return new()
        {
            ["line"] = new Dictionary<string, double> { [CounterNames.MonotonicNs] = atNs, [CounterNames.WireOctetsForward] = polls * 500, [CounterNames.WireOctetsReverse] = polls * 1250 },
            ["mailbox"] = new Dictionary<string, double> { [CounterNames.MonotonicNs] = atNs, [CounterNames.CpuNs] = polls * 1e5 },
            ["poll"] = new Dictionary<string, double> { [CounterNames.MonotonicNs] = atNs, [CounterNames.CpuNs] = polls * 1e5, [CounterNames.SessionsOpen] = 3 },
        };
    }
}
