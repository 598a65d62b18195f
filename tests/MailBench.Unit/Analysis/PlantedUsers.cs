using System.Text.Json;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Records;

namespace MailBench.Unit.Analysis;

/// <summary>
/// A run folder of users who poll, whose truth is known: a server at a line of 1 Mbit/s that lets 100 polls/s through, 1,250 octets each, and takes 10 ms for a poll while it has room. Tests plant
/// lateness and failures.
/// </summary>
internal sealed class PlantedUsers : IDisposable
{
    private const long Second = 1_000_000_000;
    private const double Capacity = 100;

    public RunFolder Folder { get; } = new(Directory.CreateTempSubdirectory("mailbench-planted-users-").FullName);
    public int[] Users { get; init; } = [50, 80, 200];
    public long LatenessNs { get; init; }

    /// <summary>Every so many-eth poll fails; 0: none.</summary>
    public int FailEvery { get; init; }

    /// <summary>Sessions that stand all the time, where users poll.</summary>
    public int Connected { get; init; } = 3;

    /// <summary>Users hold IDLE, and get ten messages a second: announced 3 ms after their 250, fetched 2 ms later; but every so many-eth never is (0: all are).</summary>
    public bool Idle { get; init; }
    public int ForgetEvery { get; init; }

    /// <summary>Writes header, journal and events of a point for each number of users, at an interval of 1 s over a window from second 2 to second 12.</summary>
    public PlantedUsers Write()
    {
        Directory.CreateDirectory(Folder.Events);
        var points = Users.Select((users, i) => new PlannedPoint(i + 1, "users", new Dictionary<string, string> { ["users.count"] = $"{users}" }, new Dictionary<string, string>
        {
            ["line.capacity"] = "1Mbit/s",
            ["users.count"] = $"{users}",
            ["users.interval"] = "1s",
            ["users.action"] = Idle ? "idle" : "check",
        })).ToList();
        var header = new PlantedTrial().Header(points[0]) with { Points = points };
        File.WriteAllText(Folder.Header, JsonSerializer.Serialize(header, RecordJson.Line));
        using var journal = new StreamWriter(Folder.Journal);
        for (var i = 0; i < Users.Length; i++)
        {
            var rate = WriteEvents(i + 1, Users[i]);
            if (Idle) WriteMail(i + 1);
            journal.Write(JsonSerializer.Serialize(Record(i + 1, rate, Users[i]), RecordJson.Line) + "\n");
        }

        return this;
    }

    public void Dispose() => Directory.Delete(Folder.Root, recursive: true);

    /// <summary>Twelve seconds of polls, evenly spaced; past the capacity each waits for those before it. Returns the polls that got through per second.</summary>
    private double WriteEvents(int point, int users)
    {
        using var writer = Writer("poll", point);
        var spaceNs = (long)(Second / Capacity);
        long freeNs = 0;
        for (var i = 0; i < 12 * users; i++)
        {
            var intendedNs = i * Second / users;
            writer.Write(new EventRecord(EventKind.Offered, i, i % users, intendedNs, LatenessNs, 0));
            var endNs = Math.Max(intendedNs, freeNs) + spaceNs;
            freeNs = endNs;
            if (FailEvery > 0 && i % FailEvery == 0) writer.Write(new EventRecord(EventKind.Failed, i, i % users, endNs, intendedNs, 0));
            else if (endNs < 15 * Second) writer.Write(new EventRecord(EventKind.Polled, i, i % users, endNs, intendedNs, 0));
        }

        for (var i = 0; Idle && i < 120; i++)
            if (ForgetEvery == 0 || i % ForgetEvery > 0) writer.Write(new EventRecord(EventKind.Pushed, i, i % users, MailAt(i) + 3_000_000, 2_000_000, 0));
        return Math.Min(users, Capacity);
    }

    private void WriteMail(int point)
    {
        using var writer = Writer("source", point);
        for (var i = 0; i < 120; i++)
        {
            writer.Write(new EventRecord(EventKind.Offered, i, 0, MailAt(i) - 1, 0, 0));
            writer.Write(new EventRecord(EventKind.Accepted, i, 1, MailAt(i), MailAt(i) - 1, 250));
        }
    }

    private static long MailAt(int message) => message * Second / 10;

    private EventWriter Writer(string role, int point) => new(File.Create(Folder.EventsOf(role, point, 0)), new EventHeader(EventStream.Version, role, "test", point, 0, ""));

    private TrialRecord Record(int point, double rate, int users) => new()
    {
        Point = point,
        Repetition = 0,
        WarmUpBeginNs = 0,
        SteadyBeginNs = 2 * Second,
        SteadyEndNs = 12 * Second,
        DrainEndNs = 15 * Second,
        AtTrialBegin = Snapshot(0, rate, users),
        AtBegin = Snapshot(2 * Second, rate, users),
        AtEnd = Snapshot(12 * Second, rate, users),
        AfterDrain = Snapshot(15 * Second, rate, users),
        CountedNotBooked = true,
        Features = new Dictionary<string, string> { ["durability"] = "synced" },
    };

    /// <summary>The line's far side is the server: what goes to the users is its reverse.</summary>
    private Dictionary<string, IReadOnlyDictionary<string, double>> Snapshot(long atNs, double rate, int users) => new()
    {
        ["line"] = new Dictionary<string, double> { [CounterNames.MonotonicNs] = atNs, [CounterNames.WireOctetsForward] = atNs / 1e9 * rate * 500, [CounterNames.WireOctetsReverse] = atNs / 1e9 * rate * 1250 },
        ["mailbox"] = new Dictionary<string, double> { [CounterNames.MonotonicNs] = atNs, [CounterNames.CpuNs] = atNs / 100.0, [CounterNames.Delivered] = 0, [CounterNames.Retrieved] = 0, [CounterNames.ResidentBytes] = 40e6 + atNs / (12.0 * Second) * (6e6 + 2000 * 60 * users), [CounterNames.ManagedBytes] = 5e6 + atNs / 1e9 * 5e5 },
        ["poll"] = new Dictionary<string, double>
        {
            [CounterNames.MonotonicNs] = atNs,
            [CounterNames.CpuNs] = atNs / 200.0,
            [CounterNames.SessionsOpen] = atNs == 12 * Second ? Idle ? 60 * users : Connected : 0,
            [CounterNames.SessionsMost] = Idle ? 60 * users : Connected + 7,
            [CounterNames.SessionNs] = (double)atNs * (Idle ? 60 * users : Connected),
            [CounterNames.Pushed] = atNs / 1e9 * 10,
            [CounterNames.Dropped] = 0,
        },
    };
}
