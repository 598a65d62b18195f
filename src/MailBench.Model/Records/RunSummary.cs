using System.Text.Json.Serialization;
using MailBench.Model.Searching;

namespace MailBench.Model.Records;

/// <summary>
/// What the analysis derives from a run folder, and what <c>run.json</c> holds: the only input of reports. Rates are per second, octets on-wire octets, shares 0–1 unless a name
/// says otherwise. Null: not measured, not applicable, or withheld because the point is void.
/// </summary>
public sealed record RunSummary
{
    public const int CurrentVersion = 1;
    public int Version { get; init; } = CurrentVersion;
    public required string Run { get; init; }
    public required string ProfileName { get; init; }
    public string? Description { get; init; }
    public required string StartedAt { get; init; }
    public required string Command { get; init; }
    public required int Seed { get; init; }
    public required Conditions Conditions { get; init; }
    public required MachineDisclosure Machine { get; init; }
    public required IReadOnlyList<StorageDisclosure> Storage { get; init; }
    public Calibration? Calibration { get; init; }
    public required IReadOnlyList<PointSummary> Points { get; init; }

    /// <summary>Delivered rate and latency against the offered rate, where a sweep varies it.</summary>
    public IReadOnlyList<CurveFigures> Curves { get; init; } = [];

    /// <summary>What searches for the sustainable rate found.</summary>
    public IReadOnlyList<SustainableFigures> Searches { get; init; } = [];

    /// <summary>What points of probes found; they are no points that measured.</summary>
    public IReadOnlyList<ProbeTable> Probes { get; init; } = [];

    /// <summary>Points planned and not run (interrupted).</summary>
    public int PointsMissing { get; init; }

    /// <summary>What companions say of the saturated points; empty where the profile asked for none.</summary>
    public IReadOnlyList<ConfirmationSummary> Confirmations { get; init; } = [];

    /// <summary>Comparisons inside the run, or why there is none.</summary>
    public required IReadOnlyList<ComparisonSummary> Comparisons { get; init; }

    /// <summary>The result in sentences, most important first.</summary>
    public required IReadOnlyList<string> Sentences { get; init; }

    /// <summary>What the figures do not model: loss, slow start, UDP …</summary>
    public required IReadOnlyList<string> Caveats { get; init; }

    /// <summary>Something of it says nothing: a point that stands on its own is void, or a search is undecided.</summary>
    [JsonIgnore]
    public bool IsUndecided => Points.Any(point => point is { StandsAlone: true, Void: true }) || Searches.Any(search => search.End != SearchEnd.Found);

    /// <summary>The same with the points that stand on their own, neither companions nor tries of a search: what tables, plots and counts of points are about.</summary>
    public RunSummary OnTheirOwn() => this with { Points = [.. Points.Where(point => point.StandsAlone)] };
}

/// <summary>What holds for a whole run: the badge on every figure.</summary>
public sealed record Conditions
{
    /// <summary>For example <c>user-space line (octets estimated)</c>.</summary>
    public required string Line { get; init; }

    /// <summary><c>none</c>, <c>os</c> or <c>synced</c>; several, separated by commas, where it is swept.</summary>
    public required string Durability { get; init; }

    /// <summary>For example <c>ext4 on vda</c>, <c>tmpfs (memory-backed)</c>.</summary>
    public required string Storage { get; init; }

    /// <summary>Lengths of the steady windows: <c>12 s</c>, or <c>5 to 12 s</c> where points differ.</summary>
    public required string Windows { get; init; }
    public required int Repetitions { get; init; }

    /// <summary>For example <c>2 cores shared by all roles</c>.</summary>
    public required string Cores { get; init; }
    public required bool Quick { get; init; }

    /// <summary>Flags of storage that stand on every figure: striped, memory-backed, unsynced, implausibly fast sync.</summary>
    public required IReadOnlyList<string> StorageFlags { get; init; }

    /// <summary>All of it on one line, for plots.</summary>
    public required string Badge { get; init; }
}

/// <summary>One repetition of one point. <c>points.csv</c> has a column for every scalar of it, by these names.</summary>
public sealed record PointSummary
{
    public required int Point { get; init; }
    public required int Repetition { get; init; }
    public required string Sweep { get; init; }

    /// <summary>Swept values, path → value as written.</summary>
    public required IReadOnlyDictionary<string, string> Axes { get; init; }

    /// <summary>The point stands beside another, to confirm it, and in no comparison; null: on its own.</summary>
    public Companion? Companion { get; init; }

    /// <summary>The trial as a try of a search for the sustainable rate, and in no comparison; null: it is none.</summary>
    public TryFigures? Try { get; init; }

    /// <summary>It is a figure of its own, neither a companion nor a try.</summary>
    [JsonIgnore]
    public bool StandsAlone => Companion is null && Try is null;

    /// <summary>0: no line.</summary>
    public required long CapacityBitsPerSecond { get; init; }
    public required string Strategy { get; init; }

    /// <summary><c>open</c>, <c>closed</c> or <c>backlog</c>; <c>users</c> for a point about users who poll.</summary>
    public required string LoadModel { get; init; }
    public int? Users { get; init; }
    public double? IntervalSeconds { get; init; }

    /// <summary>What users who poll did; forward is then the way of their mail, from the server to them.</summary>
    public PollFigures? Polls { get; init; }
    public required double WindowSeconds { get; init; }

    /// <summary>An open load's rate as the share of a measured one that the profile asks for, and what that one was, in deliveries per second; null: its rate is absolute, or changes.</summary>
    public double? OfferedShare { get; init; }
    public double? SaturatedPerSecond { get; init; }

    /// <summary>Messages per second that the schedule asked for, attributed by intended start.</summary>
    public double? OfferedPerSecond { get; init; }

    /// <summary>Messages per second that the SUT accepted, attributed by completion.</summary>
    public double? AcceptedPerSecond { get; init; }

    /// <summary>Deliveries (distinct message and recipient) per second, attributed by completion.</summary>
    public double? DeliveredPerSecond { get; init; }

    /// <summary>Distinct deliveries in the window: the sample behind the rate.</summary>
    public long DeliveriesInWindow { get; init; }

    /// <summary>
    /// Content octets of open transactions at the sinks when the window ended, less those when it began, ÷ the content octets delivered in it: what the line carried for deliveries of another time. Octets per
    /// delivery have it counted, rates have not. Null: the sinks did not tell.
    /// </summary>
    public double? UnderWayShare { get; init; }

    /// <summary>Standard deviation ÷ mean of the content octets of what the sinks took in the window, a transaction each. Null: they did not tell.</summary>
    public double? ContentVariation { get; init; }

    /// <summary>All deliveries of the trial ÷ the time from its first injection to its last delivery: start and drain are in it, where the window's rate has neither.</summary>
    public double? WholeTrialPerSecond { get; init; }
    public int RecipientsPerMessage { get; init; } = 1;

    /// <summary>On-wire bits ÷ (capacity × time).</summary>
    public double? BusyForward { get; init; }
    public double? BusyReverse { get; init; }

    /// <summary>Content octets, once per copy, ÷ (capacity × time).</summary>
    public double? GoodputForward { get; init; }

    /// <summary>Content octets ÷ on-wire octets, forward.</summary>
    public double? WireEfficiency { get; init; }

    /// <summary>Deliveries per on-wire Mbit, forward.</summary>
    public double? YieldPerMbit { get; init; }

    /// <summary>Forward on-wire octets per delivery; reverse separately.</summary>
    public double? WireOctetsPerDelivery { get; init; }
    public double? WireOctetsReversePerDelivery { get; init; }
    public double? SessionsPerDelivery { get; init; }
    public double? TransactionsPerDelivery { get; init; }
    public double? QueriesPerDelivery { get; init; }

    /// <summary>The SUT's look-ups of a domain's route: answered from memory; resting on records past their TTL; ended in "no such domain". Null for a SUT that does not tell.</summary>
    public double? LookupsCachedPerDelivery { get; init; }
    public double? LookupsStalePerDelivery { get; init; }
    public double? LookupsNegativePerDelivery { get; init; }
    public double? RoundTripsPerDelivery { get; init; }
    public double? SyncsPerDelivery { get; init; }

    /// <summary>Flushes of the disk under the queue, whoever asked for them, ÷ deliveries: a check on what a system syncs that does not count its syncs.</summary>
    public double? DeviceFlushesPerDelivery { get; init; }

    /// <summary>Of the SUT.</summary>
    public double? CpuMsPerDelivery { get; init; }
    public long? SutResidentBytesMax { get; init; }

    /// <summary>The SUT's memory when the window began; at its end it is <see cref="SutResidentBytesMax"/>.</summary>
    public long? SutResidentBytesBegin { get; init; }

    /// <summary>Undelivered recipients in the system at the window's end less those at its begin.</summary>
    public long? QueueGrowthRecipients { get; init; }

    /// <summary>CPU share of the machine per role over the window, 0–1 of all cores; <c>machine</c> is the whole.</summary>
    public required IReadOnlyDictionary<string, double> CpuShares { get; init; }

    /// <summary>Deliveries per second of the ideal line ceiling (method), forward and reverse whichever binds; bounds for the reverse's pure ACKs.</summary>
    public double? IdealCeilingPerSecond { get; init; }
    public double? IdealCeilingLowPerSecond { get; init; }

    /// <summary>Delivered ÷ ideal ceiling; backlog points only.</summary>
    public double? Efficiency { get; init; }

    /// <summary>All resources with demand, capacity and utilisation.</summary>
    public required IReadOnlyList<Utilisation> Utilisations { get; init; }

    /// <summary>Name of the resource with U ≥ 0.9, or <c>unattributed</c>; that, too, where a companion did not confirm it (<see cref="RunSummary.Confirmations"/>).</summary>
    public required string Bottleneck { get; init; }
    public required BooksSummary Books { get; init; }

    /// <summary>Keys: <c>delivery</c>, <c>response</c>, <c>lateness</c>, <c>waiting</c>, and <c>service.PHASE</c>.</summary>
    public required IReadOnlyDictionary<string, Percentiles> Latencies { get; init; }

    /// <summary>Deliveries in each of 20 equal parts of the window, for the trend.</summary>
    public required IReadOnlyList<double> Batches { get; init; }

    /// <summary>Estimated relative drift over the window and the half width of its 90 % interval.</summary>
    public double? Drift { get; init; }
    public double? DriftHalfWidth { get; init; }

    /// <summary>Stages, course and recovery, where an open load's rate changed within the trial.</summary>
    public LoadCourse? Course { get; init; }
    public required IReadOnlyList<string> Flags { get; init; }
    public required bool Void { get; init; }
    public required IReadOnlyList<string> VoidReasons { get; init; }
    public RoleFailure? Failure { get; init; }
    public required IReadOnlyDictionary<string, string> Features { get; init; }
}

/// <summary>Polls in the steady window of a point about users; octets on the wire, forward from the server to the users.</summary>
public sealed record PollFigures
{
    public required string Action { get; init; }

    /// <summary>Digest of all settings but number of users, interval, line capacity and phases: points with the same one differ in nothing else. Null: the record is older than that.</summary>
    public string? Setup { get; init; }

    /// <summary>Polls that the timetable asked for per second, and that came to the +OK of QUIT per second (by completion). The latter is withheld from a void point.</summary>
    public required double OfferedPerSecond { get; init; }
    public double? PerSecond { get; init; }

    /// <summary>Polls that came to their end in the window.</summary>
    public required long Finished { get; init; }

    /// <summary>Of the polls due in the window: failed, and not finished by the end of the drain (their response is infinite).</summary>
    public required long Failed { get; init; }
    public required long Unfinished { get; init; }
    public double? WireOctetsForward { get; init; }
    public double? WireOctetsReverse { get; init; }

    /// <summary>Messages that the server stored, and that users retrieved, per second of the window.</summary>
    public double? StoredPerSecond { get; init; }
    public double? RetrievedPerSecond { get; init; }

    /// <summary>Of the server, per poll.</summary>
    public double? CpuMs { get; init; }

    /// <summary>
    /// Users whom the line alone would carry at this interval, C ÷ 8·(octets a poll) · P in the direction that fills first: an upper bound, from the demand of the least loaded point with the same
    /// line delay and action. Null: no line, or no point below saturation.
    /// </summary>
    public double? PredictedUsers { get; init; }

    /// <summary>Demand a poll and capacity of each resource where there was room (of this point, or of a step of it); empty: there was none.</summary>
    public IReadOnlyList<Utilisation> RoomyDemands { get; init; } = [];

    /// <summary>The same for each resource, the tightest first; empty without a measurement with room.</summary>
    public IReadOnlyList<UsersPrediction> Predictions { get; init; } = [];

    /// <summary>All users come at the same moment of each interval.</summary>
    public bool AllAtOnce { get; init; }

    /// <summary>Response that 95 % of polls must keep.</summary>
    public double WithinMs { get; init; } = 5000;

    /// <summary>Response octets per user over the window, kbit/s: the median user's and the one's at the 5th percentile; and Jain's index of all, 1 = equal shares.</summary>
    public double? KbitPerUser { get; init; }
    public double? KbitPerUserLow { get; init; }
    public double? Fairness { get; init; }

    /// <summary>Sessions that stood at once: their mean over the window, and the most since the trial's begin, as the users counted them.</summary>
    public double? SessionsMean { get; init; }
    public long? SessionsMost { get; init; }

    /// <summary>Sessions open when the window ended; and what the server's resident memory has grown by for each, where they are a thousand or more.</summary>
    public long? SessionsOpen { get; init; }
    public double? ServerBytesPerSession { get; init; }

    /// <summary>The same of its managed heap, garbage that waits for collection included; and of what the kernel holds in TCP buffers, both ends of every connection of the machine together.</summary>
    public double? ServerManagedBytesPerSession { get; init; }
    public double? TcpBufferBytesPerSession { get; init; }

    /// <summary>Messages announced to held sessions in the window, and held sessions that the server ended by its end; null: nobody held any.</summary>
    public long? Pushed { get; init; }
    public long? Dropped { get; init; }

    /// <summary>Parts of the trial, where the number of users changed; the knee, where it was looked for; and its course.</summary>
    public IReadOnlyList<StepFigures> Steps { get; init; } = [];
    public KneeFigures? Knee { get; init; }
    public IReadOnlyList<TimelineRow> Timeline { get; init; } = [];
}

/// <summary>D = use per delivery, C = capacity per second, U = X·D ÷ C. The unit of D and C is Unit.</summary>
public sealed record Utilisation(string Resource, double Demand, string Unit, double? Capacity = null, double? Share = null);

/// <summary>Milliseconds. Infinite values (unfinished at the end of drain) are kept as infinities: <c>"Infinity"</c> in JSON.</summary>
public sealed record Percentiles(long Count, double P50, double P90, double P95, double P99, double P999, double Max)
{
    /// <summary>Independent observations behind it, where recipients of one message travel together: the messages. Null: <see cref="Count"/>.</summary>
    public long? Sample { get; init; }

    /// <summary>The percentile at a share (0.5, 0.9, 0.95, 0.99, 0.999) as reports show it: null where not even one observation is expected beyond it, for then it is the largest value under another name.</summary>
    public double? At(double share) => (Sample ?? Count) * (1 - share) < 1 - 1e-9 ? null : share switch
    {
        0.5 => P50,
        0.9 => P90,
        0.95 => P95,
        0.99 => P99,
        0.999 => P999,
        _ => throw new ArgumentOutOfRangeException(nameof(share), share, "not a percentile that is kept"),
    };
}

/// <summary>Recipients, over the whole trial (not only its window).</summary>
public sealed record BooksSummary
{
    public required long Offered { get; init; }
    public required long Accepted { get; init; }
    public required long Delivered { get; init; }
    public required long FailedWithDsn { get; init; }
    public required long Discarded { get; init; }
    public required long StillQueued { get; init; }

    /// <summary>Refused by the SUT at the door, never accepted.</summary>
    public required long Refused { get; init; }

    /// <summary>Acceptance unknown (final reply lost), and of these how many arrived all the same.</summary>
    public required long Uncertain { get; init; }
    public required long UncertainArrived { get; init; }
    public required long Duplicates { get; init; }

    /// <summary>Accepted and nowhere: the books do not close unless it is 0.</summary>
    public required long Lost { get; init; }

    /// <summary>Booked at a sink without having been offered or accepted.</summary>
    public required long Unexpected { get; init; }
    public required bool Close { get; init; }
    public bool CountedNotBooked { get; init; }
}
