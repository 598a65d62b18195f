using System.Text.Json;
using MailBench.Analysis;
using MailBench.Analysis.Books;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Records;

namespace MailBench.Unit.Analysis;

/// <summary>A synthetic trial whose truth is known: a message every <c>1 / rate</c> s for ten seconds, delivered 5 ms after it was accepted. Tests plant faults in its events.</summary>
internal sealed class PlantedTrial
{
    public const long Second = 1_000_000_000;
    public const int Rate = 200;
    public const int Recipients = 2;
    public List<EventRecord> Events { get; } = [];
    public Dictionary<string, string> Settings { get; } = new()
    {
        ["line.capacity"] = "10Mbit/s",
        ["mta.strategy"] = "per-mx-host",
        ["load.model"] = "open",
        ["workload.recipients"] = "2",
        ["dns.domains"] = "100",
        ["dns.mx"] = "5",
        ["dns.perDomain"] = "1",
        ["mta.recipientsPerTransaction"] = "100",
        ["mta.sessionsPerSite"] = "4",
        ["mta.sessionsOut"] = "200",
        ["workload.mix"] = "mailing-list",
    };

    /// <summary>Settings that the run derived.</summary>
    public Dictionary<string, string> Derived { get; } = [];
    public double WireOctets { get; set; } = 4_000_000;
    public double CeilingMessagesPerSecond { get; set; } = 10_000;
    public double LineLateNs { get; set; }

    /// <summary>Number, sum and sum of squares of the content octets that came to the sinks in the window; null: they do not tell the latter.</summary>
    public (double Number, double Sum, double Squares)? Contents { get; set; }

    /// <summary>Content octets of open transactions at the window's begin and end.</summary>
    public (double Begin, double End) UnderWay { get; set; }

    /// <summary>The SUT's memory at the window's begin and end.</summary>
    public (double Begin, double End) MemoryMiB { get; set; } = (100, 104);
    public RoleFailure? Failure { get; set; }

    /// <summary>What programs outside the run used of the machine's CPU, 0–1.</summary>
    public double OthersShare { get; set; }

    /// <summary>The healthy trial; <paramref name="gapNs"/> may bend the rate.</summary>
    public static PlantedTrial Healthy(Func<int, long>? gapNs = null)
    {
        var trial = new PlantedTrial();
        var at = Second / 1000;
        for (var i = 0; at < 10 * Second; i++)
        {
            trial.Events.Add(new EventRecord(EventKind.Offered, i, 0, at, 20_000, 0));
            trial.Events.Add(new EventRecord(EventKind.Started, i, Recipients, at + 20_000, 0, 0));
            trial.Events.Add(new EventRecord(EventKind.Accepted, i, Recipients, at + 2_000_000, at, 250));
            for (var r = 0; r < Recipients; r++) trial.Events.Add(new EventRecord(EventKind.Booked, i, r, at + 7_000_000, 0, 250));
            at += gapNs?.Invoke(i) ?? Second / Rate;
        }

        return trial;
    }

    public PointSummary Analyze()
    {
        var books = new TrialBooks();
        foreach (var e in Events) books.Add(e);
        var planned = new PlannedPoint(0, "main", new Dictionary<string, string>(), Settings);
        return PointAnalysis.Analyze(Header(planned), planned, Record(), books).Summary;
    }

    /// <summary>The trial as the run folder of its only point, compact, so that tests can damage it.</summary>
    public void WriteTo(RunFolder folder)
    {
        Directory.CreateDirectory(folder.Events);
        File.WriteAllText(folder.Header, JsonSerializer.Serialize(Header(new PlannedPoint(0, "main", new Dictionary<string, string>(), Settings)), RecordJson.Line));
        File.WriteAllText(folder.Journal, JsonSerializer.Serialize(Record(), RecordJson.Line) + "\n");
        foreach (var role in new[] { "source", "sink" })
        {
            using var writer = new EventWriter(File.Create(folder.EventsOf(role, 0, 0)), new EventHeader(EventStream.Version, role, "test", 0, 0, "test"));
            foreach (var e in Events.Where(e => (e.Kind < EventKind.Booked) == (role == "source"))) writer.Write(e);
        }
    }

    public RunHeader Header(PlannedPoint point) => new()
    {
        Run = "test",
        ProfileName = "planted",
        Seed = 1,
        Command = "mailbench run planted.yaml",
        StartedAt = "2026-11-24T00:00:00Z",
        StartedMonotonicNs = 0,
        Machine = new MachineDisclosure
        {
            MailBenchVersion = "0",
            Os = "test",
            Kernel = "test",
            Runtime = "test",
            GcMode = "workstation",
            CpuModel = "test",
            CpuCount = 2,
            MemoryBytes = 1L << 33,
            OpenFilesLimit = 1024,
        },
        Storage = [],
        Calibration = new Calibration { Ceilings = [new CeilingProbe("mailing-list", 2, CeilingMessagesPerSecond, 2 * CeilingMessagesPerSecond), new CeilingProbe("mailing-list", 1, 20_000, 20_000)] },
        Points = [point],
        Repetitions = 1,
        LineBackend = "userspace",
        Quick = true,
    };

    private TrialRecord Record()
    {
        var nothing = Snapshot(0, 0);
        return new TrialRecord
        {
            Point = 0,
            Repetition = 0,
            Derived = Derived,
            WarmUpBeginNs = 0,
            SteadyBeginNs = 1 * Second,
            SteadyEndNs = 9 * Second,
            DrainEndNs = 12 * Second,
            AtTrialBegin = nothing,
            AtBegin = With(With(With(With(Snapshot(1 * Second, 0), "mta", CounterNames.ResidentBytes, MemoryMiB.Begin * 1048576), "sink", CounterNames.ContentUnderWay, UnderWay.Begin), "sink", CounterNames.Messages, 0), "sink", CounterNames.OctetsSquared, 0),
            AtEnd = WithContents(With(With(Snapshot(9 * Second, WireOctets, LineLateNs), "mta", CounterNames.ResidentBytes, MemoryMiB.End * 1048576), "sink", CounterNames.ContentUnderWay, UnderWay.End)),
            AfterDrain = Snapshot(12 * Second, WireOctets),
            Failure = Failure,
            OthersShare = OthersShare,
            Features = new Dictionary<string, string> { ["durability"] = "synced" },
        };
    }

    private Dictionary<string, IReadOnlyDictionary<string, double>> WithContents(Dictionary<string, IReadOnlyDictionary<string, double>> snapshot) => Contents is not { } contents
        ? snapshot
        : With(With(With(snapshot, "sink", CounterNames.Messages, contents.Number), "sink", CounterNames.Octets, contents.Sum), "sink", CounterNames.OctetsSquared, contents.Squares);

    private static Dictionary<string, IReadOnlyDictionary<string, double>> With(Dictionary<string, IReadOnlyDictionary<string, double>> snapshot, string role, string counter, double value)
    {
        snapshot[role] = new Dictionary<string, double>(snapshot[role]) { [counter] = value };
        return snapshot;
    }

    private static Dictionary<string, IReadOnlyDictionary<string, double>> Snapshot(long atNs, double wire, double lineLateNs = 0) => new()
    {
        ["line"] = new Dictionary<string, double> { [CounterNames.MonotonicNs] = atNs, [CounterNames.WireOctetsForward] = wire, [CounterNames.WireOctetsReverse] = wire / 10, [CounterNames.LineLateNs] = lineLateNs },
        ["sink"] = new Dictionary<string, double> { [CounterNames.MonotonicNs] = atNs, [CounterNames.Transactions] = wire > 0 ? 1600 : 0, [CounterNames.Octets] = wire * 0.8, [CounterNames.Sessions] = wire > 0 ? 4 : 0 },
        ["mta"] = new Dictionary<string, double> { [CounterNames.MonotonicNs] = atNs, [CounterNames.CpuNs] = atNs / 10.0, [CounterNames.Syncs] = atNs / 1e7 },
        ["source"] = new Dictionary<string, double>
        {
            [CounterNames.MonotonicNs] = atNs,
            [CounterNames.Accepted] = wire > 0 ? 2000 : 0,
            [CounterNames.AcceptedRecipients] = wire > 0 ? 4000 : 0,
            [CounterNames.MailCommandOctets] = wire > 0 ? 2000 * 50 : 0,
            [CounterNames.RcptCommandOctets] = wire > 0 ? 4000 * 25 : 0,
        },
    };
}
