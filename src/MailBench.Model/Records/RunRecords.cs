using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MailBench.Model.Searching;

namespace MailBench.Model.Records;

/// <summary>JSON form of all run records: camel case, indented only where a person reads it.</summary>
public static class RecordJson
{
    public static readonly JsonSerializerOptions Line = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    public static readonly JsonSerializerOptions Indented = new(Line) { WriteIndented = true };

    /// <summary>Reads a record of <paramref name="file"/>; throws <see cref="InvalidDataException"/> that names it for anything else, a null anywhere included, since none is ever written.</summary>
    public static T Read<T>(string json, string file)
    {
        try
        {
            RefuseNulls(json, file);
            return JsonSerializer.Deserialize<T>(json, Line)!;
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"{file}: {malformed.Message}", malformed);
        }
    }

    private static void RefuseNulls(string json, string file)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        while (reader.Read())
            if (reader.TokenType == JsonTokenType.Null) throw new InvalidDataException($"{file} is damaged: a value in it is null.");
    }
}

/// <summary>What a run is: written before the first trial (calibration is filled in when it is done). Version <see cref="CurrentVersion"/>.</summary>
public sealed record RunHeader
{
    public const int CurrentVersion = 1;
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The run's ID, the first part of every reverse-path.</summary>
    public required string Run { get; init; }
    public required string ProfileName { get; init; }
    public string? Description { get; init; }
    public required int Seed { get; init; }

    /// <summary>The command that repeats this run.</summary>
    public required string Command { get; init; }

    /// <summary>Wall-clock anchor (ISO 8601, UTC) of <see cref="StartedMonotonicNs"/>.</summary>
    public required string StartedAt { get; init; }
    public required long StartedMonotonicNs { get; init; }
    public required MachineDisclosure Machine { get; init; }

    /// <summary>One per queue directory of the SUT.</summary>
    public required IReadOnlyList<StorageDisclosure> Storage { get; init; }
    public Calibration? Calibration { get; init; }

    /// <summary>Points planned, in the order of their numbers.</summary>
    public required IReadOnlyList<PlannedPoint> Points { get; init; }
    public required int Repetitions { get; init; }

    /// <summary><c>userspace</c> or <c>kernel</c>.</summary>
    public required string LineBackend { get; init; }

    /// <summary>Why the backend is not the one that the profile would rather have; null when it is.</summary>
    public string? LineNote { get; init; }

    /// <summary>True for profiles that call themselves smoke or quick: ranks by counts only.</summary>
    public bool Quick { get; init; }

    /// <summary>All nodes and systems ran in a network namespace of their own.</summary>
    public bool PrivateNetwork { get; init; }

    /// <summary>A sentence for each optional system that was left out.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];
}

/// <summary>A point of the sweep. Axes: only what is swept, path → value as written (<c>line.capacity</c> → <c>1.5Mbit/s</c>). Settings: all, resolved.</summary>
public sealed record PlannedPoint(int Point, string Sweep, IReadOnlyDictionary<string, string> Axes, IReadOnlyDictionary<string, string> Settings)
{
    /// <summary>The point stands beside another, to confirm it; null: on its own.</summary>
    public Companion? Companion { get; init; }

    /// <summary>Its trials are the tries of a search for the sustainable rate.</summary>
    [JsonIgnore]
    public bool FindsSustainable => Settings.GetValueOrDefault("load.find") == "sustainable";
}

/// <summary>The machine and the program that ran. Null: the system does not tell.</summary>
public sealed record MachineDisclosure
{
    public required string MailBenchVersion { get; init; }
    public string? Commit { get; init; }
    public required string Os { get; init; }
    public required string Kernel { get; init; }
    public required string Runtime { get; init; }
    public required string GcMode { get; init; }
    public required string CpuModel { get; init; }
    public required int CpuCount { get; init; }
    public required long MemoryBytes { get; init; }
    public string? BootId { get; init; }
    public string? TimeNamespace { get; init; }
    public required long OpenFilesLimit { get; init; }

    /// <summary>First and last ephemeral port.</summary>
    public string? PortRange { get; init; }
}

/// <summary>Where a queue directory lies. Null: the system does not tell.</summary>
public sealed record StorageDisclosure
{
    public required string Role { get; init; }
    public string? Device { get; init; }
    public string? FileSystem { get; init; }
    public string? RaidLevel { get; init; }
    public string? WriteCache { get; init; }

    /// <summary>Striped, or null when it cannot be told.</summary>
    public bool? Striped { get; init; }
    public bool MemoryBacked { get; init; }

    /// <summary>Append + fdatasync of one writer, per second.</summary>
    public double? SyncsPerSecond { get; init; }

    /// <summary>Implausibly fast for a durable device (a cache that lies, or memory).</summary>
    public bool ImplausiblyFast { get; init; }
}

/// <summary>What the testbed could do without the SUT: the ceilings that points are held against.</summary>
public sealed record Calibration
{
    /// <summary>Source straight into sink, saturated, with the workload's recipients per message, no line.</summary>
    public required IReadOnlyList<CeilingProbe> Ceilings { get; init; }

    /// <summary>Per line capacity: on-wire bits ÷ (capacity × time) of a saturated bulk flow, forward.</summary>
    public IReadOnlyList<LineProbe> Lines { get; init; } = [];
    public double SyncsPerSecondBefore { get; init; }
    public double? SyncsPerSecondAfter { get; init; }

    /// <summary>DNS responder's answers per second under a saturating asker; null when not probed.</summary>
    public double? DnsAnswersPerSecond { get; init; }
}

/// <summary>Source → sink without line and SUT. Recipients: per message.</summary>
public sealed record CeilingProbe(string Workload, int Recipients, double MessagesPerSecond, double DeliveriesPerSecond);

/// <summary>A line's capacity as bulk mail filled it: the share that was used, over how long.</summary>
public sealed record LineProbe(long CapacityBitsPerSecond, double BusyForward, double Seconds);

/// <summary>One finished (or voided) repetition of a point: a line of the journal. All times CLOCK_MONOTONIC nanoseconds.</summary>
public sealed record TrialRecord
{
    public int Version { get; init; } = RunHeader.CurrentVersion;
    public required int Point { get; init; }
    public required int Repetition { get; init; }

    /// <summary>Settings of this trial that were derived during the run, path → value: an open rate of 70 % of a measured one, say.</summary>
    public IReadOnlyDictionary<string, string> Derived { get; init; } = new Dictionary<string, string>();

    /// <summary>What the trial offers as a try of a search, whose tries are the point's repetitions, in order; null: it is none, or could not begin.</summary>
    public TryMark? Try { get; init; }
    public required long WarmUpBeginNs { get; init; }
    public required long SteadyBeginNs { get; init; }
    public required long SteadyEndNs { get; init; }
    public required long DrainEndNs { get; init; }

    /// <summary>Snapshots when the trial began, before any load: what whole-trial counts (sessions, transactions, queries) are taken from. Role → counters.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> AtTrialBegin { get; init; }

    /// <summary>Snapshots at both edges of the steady window and after drain. Role → counters.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> AtBegin { get; init; }
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> AtEnd { get; init; }
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> AfterDrain { get; init; }

    /// <summary>Users who poll: the parts of a trial whose number of users changed; empty where it did not.</summary>
    public IReadOnlyList<UsersStep> Steps { get; init; } = [];

    /// <summary>A black box whose queue or IDs cannot be seen.</summary>
    public bool CountedNotBooked { get; init; }

    /// <summary>The role that died or refused, and why in its own words; the trial is void.</summary>
    public RoleFailure? Failure { get; init; }

    /// <summary>The end of a foreign MTA's own log: what it says where it delivered nothing.</summary>
    public IReadOnlyList<string> LastWords { get; init; } = [];

    /// <summary>CPU steal share of the machine over the window, 0–1.</summary>
    public double StealShare { get; init; }

    /// <summary>Share of the machine's CPU that programs outside the run used over the window, 0–1; zero where it is not known.</summary>
    public double OthersShare { get; init; }

    /// <summary>Feature vector of the SUT, axis → value.</summary>
    public required IReadOnlyDictionary<string, string> Features { get; init; }

    /// <summary>What a point of probes found; null for a point that measured.</summary>
    public IReadOnlyList<ProbeFinding>? Findings { get; init; }
}

/// <summary>A role that died or refused: why, and the end of its log.</summary>
public sealed record RoleFailure(string Role, string Reason, IReadOnlyList<string> LastLogLines);

/// <summary>A row of samples.csv, in this column order.</summary>
public sealed record SampleRow(
    int Point, int Repetition, string Phase, long MonotonicNs, string Role, long CpuNs, long ResidentBytes, double Syncs, double OctetsIn, double OctetsOut)
{
    public const string Header = "point,repetition,phase,monotonicNs,role,cpuNs,residentBytes,syncs,octetsIn,octetsOut";
}
