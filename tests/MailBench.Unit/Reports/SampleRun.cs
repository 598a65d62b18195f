using MailBench.Analysis;
using MailBench.Model.Records;

namespace MailBench.Unit.Reports;

/// <summary>A run summary with every kind of point that reports must show: saturated, open, void, with flags and with foreign text that tries to be markup.</summary>
internal static class SampleRun
{
    public static AnalysisResult Result()
    {
        var points = new List<PointSummary>();
        foreach (var capacity in new[] { 1_500_000L, 10_000_000, 100_000_000 })
            foreach (var (strategy, octets) in new[] { ("per-recipient", 4880.0), ("per-mx-host", 505.0) })
                points.Add(Point(points.Count, "saturation", "backlog", capacity, strategy, octets));
        foreach (var capacity in new[] { 1_500_000L, 10_000_000, 100_000_000 })
            foreach (var (strategy, octets) in new[] { ("per-recipient", 4880.0), ("per-mx-host", 505.0) })
                points.Add(Point(points.Count, "latency", "open", capacity, strategy, octets));
        points[11] = points[11] with
        {
            Void = true,
            DeliveredPerSecond = null,
            VoidReasons = ["role mta failed: <script>alert(1)</script> | said so"],
            Utilisations = [],
            Bottleneck = "void",
            Latencies = new Dictionary<string, Percentiles>(),
            Failure = new RoleFailure("mta", "<script>alert(1)</script>", ["=cmd|' /C calc'!A0", "<b>last</b>"]),
        };
        points[2] = points[2] with { Flags = ["not shown steady: drift +1.2% ± 6.0%, the bound is ± 5%"] };
        var run = new RunSummary
        {
            Run = "7f3a9c",
            ProfileName = "quickstart",
            Description = "One mailing list, three lines, two delivery strategies.",
            StartedAt = "2026-11-24T04:00:00Z",
            Command = "mailbench run profiles/quickstart.yaml --seed 42",
            Seed = 42,
            Conditions = new Conditions
            {
                Line = "user-space line (octets estimated)",
                Durability = "synced",
                Storage = "ext4 on vda",
                Windows = "7 s",
                Repetitions = 1,
                Cores = "2 cores shared by all roles",
                Quick = true,
                StorageFlags = [],
                Badge = "user-space line (octets estimated) · synced on ext4 on vda · 7 s windows × 1 · 2 cores shared by all roles · quick",
            },
            Machine = new MachineDisclosure
            {
                MailBenchVersion = "0.1.0",
                Os = "Debian GNU/Linux 12",
                Kernel = "6.1",
                Runtime = ".NET 10.0",
                GcMode = "workstation, non-concurrent",
                CpuModel = "Example CPU",
                CpuCount = 2,
                MemoryBytes = 24L << 30,
                OpenFilesLimit = 1_048_576,
                PortRange = "32768–60999",
            },
            Storage = [new StorageDisclosure { Role = "mta queue", Device = "vda", FileSystem = "ext4", SyncsPerSecond = 1600 }],
            Calibration = new Calibration
            {
                Ceilings = [new CeilingProbe("mailing-list", 50, 9_000, 450_000), new CeilingProbe("mailing-list", 1, 20_000, 20_000)],
                Lines = [new LineProbe(10_000_000, 0.999, 2)],
                SyncsPerSecondBefore = 1600,
                SyncsPerSecondAfter = 1650,
            },
            Points = points,
            Comparisons = [],
            Sentences = ["per-recipient needed 4,880 octets on the line, 1 transactions, 0.002 connections, 0.01 DNS queries per delivery.", "per-mx-host needed 505 octets on the line per delivery.", "Point 11 is void: role mta failed."],
            Caveats = ["DNS does not cross the line."],
        };
        return new AnalysisResult(Header(run), run, [new TrialSamples(6, 0, "delivery", [1e6, 2e6, double.PositiveInfinity])]);
    }

    private static RunHeader Header(RunSummary run) => new()
    {
        Run = run.Run,
        ProfileName = run.ProfileName,
        Seed = run.Seed,
        Command = run.Command,
        StartedAt = run.StartedAt,
        StartedMonotonicNs = 0,
        Machine = run.Machine,
        Storage = run.Storage,
        Points = [],
        Repetitions = 1,
        LineBackend = "userspace",
    };

    private static PointSummary Point(int number, string sweep, string load, long capacity, string strategy, double octets)
    {
        var rate = capacity / 8.0 / octets * (load == "open" ? 0.7 : 0.985);
        var latencies = new Dictionary<string, Percentiles> { ["service.end-of-data"] = new(1000, 1.1, 2, 3, 5, 9, 12) };
        if (load == "open")
        {
            var scale = 1e8 / capacity;
            latencies["delivery"] = new Percentiles(2_000, 12 * scale, 30 * scale, 41 * scale, 70 * scale, 88 * scale, double.PositiveInfinity);
            latencies["response"] = new Percentiles(200, 1.4, 2.2, 2.9, 6.1, 8.8, 11);
        }

        return new PointSummary
        {
            Point = number,
            Repetition = 0,
            Sweep = sweep,
            Axes = new Dictionary<string, string> { ["line.capacity"] = new global::MailBench.Model.Units.BitRate(capacity).ToString(), ["mta.strategy"] = strategy, ["load.backlog"] = "400" },
            CapacityBitsPerSecond = capacity,
            Strategy = strategy,
            LoadModel = load,
            WindowSeconds = 7,
            OfferedPerSecond = rate / 50,
            AcceptedPerSecond = rate / 50,
            DeliveredPerSecond = rate,
            RecipientsPerMessage = 50,
            DeliveriesInWindow = (long)(rate * 7),
            BusyForward = load == "open" ? 0.7 : 0.985,
            BusyReverse = 0.11,
            GoodputForward = 0.85,
            WireEfficiency = 0.87,
            YieldPerMbit = 1e6 / 8 / octets,
            WireOctetsPerDelivery = octets,
            WireOctetsReversePerDelivery = octets / 9,
            SessionsPerDelivery = 0.0021,
            TransactionsPerDelivery = strategy == "per-recipient" ? 1 : 0.1,
            QueriesPerDelivery = 0.011,
            RoundTripsPerDelivery = strategy == "per-recipient" ? 2.0 : 0.2,
            SyncsPerDelivery = 0.02,
            CpuMsPerDelivery = 0.09,
            SutResidentBytesMax = 93 << 20,
            CpuShares = new Dictionary<string, double> { ["mta"] = 0.2, ["sink"] = 0.05, ["machine"] = 0.4 },
            IdealCeilingPerSecond = capacity / 8.0 / 480,
            IdealCeilingLowPerSecond = capacity / 8.0 / 500,
            Efficiency = load == "open" ? null : rate / (capacity / 8.0 / 480),
            Utilisations = [new Utilisation("line forward", octets * 8, "bit", capacity, 0.985), new Utilisation("storage syncs", 0.0001, "sync s", 1, 0.05)],
            Bottleneck = load == "open" ? "unattributed" : "line forward",
            Books = new BooksSummary { Offered = 4000, Accepted = 4000, Delivered = 4000, FailedWithDsn = 0, Discarded = 0, StillQueued = 0, Refused = 0, Uncertain = 0, UncertainArrived = 0, Duplicates = 0, Lost = 0, Unexpected = 0, Close = true },
            Latencies = latencies,
            Batches = [.. Enumerable.Repeat(rate * 7 / 20, 20)],
            Drift = 0.01,
            DriftHalfWidth = 0.02,
            Flags = [],
            Void = false,
            VoidReasons = [],
            Features = new Dictionary<string, string> { ["durability"] = "synced", ["strategy"] = strategy },
        };
    }
}
