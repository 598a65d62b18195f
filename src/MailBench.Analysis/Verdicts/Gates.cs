using MailBench.Analysis.Figures;
using MailBench.Model.Nodes;
using MailBench.Model.Records;
using static System.FormattableString;

namespace MailBench.Analysis.Verdicts;

/// <summary>What the gates look at beside the figures. GrowthRecipients: undelivered recipients at the window's end less those at its begin. Lost: what is known of the first lost recipient.</summary>
internal sealed record GateInput(
    RunHeader Header, TrialRecord Trial, PointSettings Settings, TrialCounters Counters, Steadiness? Steadiness, long GrowthRecipients, string? Lost = null);

/// <summary>
/// Voids and flags (method: run conditions, gates). A void takes the rates and what is computed from them away; books, reasons and the SUT's own words stay.
/// </summary>
internal static class Gates
{
    internal const double BusyBound = 1.01;
    private const double GrowthBound = 0.05;

    /// <summary>Of what the window delivered: above it the rate is one of the window's edges (method: Little's law within 5 %).</summary>
    private const double UnderWayBound = 0.05;

    /// <summary>Lateness of the line's own loop is made good from the backlog; above this share it may not have been.</summary>
    private const double LineLateBound = 0.05;

    /// <summary>Kernel threads that write the run's own data back are counted with the others, and stay below it.</summary>
    private const double OthersBound = 0.1;

    // How flags begin that tell of a window in which more was at work than the point's own resources.
    private const string Unsteady = "unsteady";
    private const string NotShownSteady = "not shown steady";
    private const string Drifting = "drifting";
    private const string ShortWindow = "short window";
    private const string Grew = "the queue grew";
    private const string NotConstant = "backlog not constant";
    private const string Stolen = "cpu steal";
    private const string Others = "other programs used";
    private const string LineLate = "the line was late";
    private const string SyncsMoved = "sync probe moved";
    private static readonly string[] Disturbances = [Unsteady, NotConstant, Stolen, Others, LineLate];
    private static readonly string[] Unsteadiness = [Unsteady, NotShownSteady, Drifting, ShortWindow, Grew];

    /// <summary>The flag that makes a window worthless by itself; null: there is none. Over several repetitions such things are in the interval.</summary>
    public static string? Disturbance(PointSummary point) => point.Flags.FirstOrDefault(flag => Disturbances.Any(begin => flag.StartsWith(begin, StringComparison.Ordinal)));

    /// <summary>The flags that say that a saturated point may have been kept below what its system can do: by a disturbed window, or by a disk that was not the same throughout the run.</summary>
    public static IReadOnlyList<string> Starved(PointSummary point) => [.. point.Flags.Where(flag => Disturbances.Append(SyncsMoved).Any(begin => flag.StartsWith(begin, StringComparison.Ordinal)))];

    /// <summary>The flags that are not of steadiness, which a try of a search is judged by in another way.</summary>
    public static IEnumerable<string> BesideSteadiness(PointSummary point) => point.Flags.Where(flag => !Unsteadiness.Any(begin => flag.StartsWith(begin, StringComparison.Ordinal)));

    /// <summary>What was under way at the window's edges is much beside what was delivered in it.</summary>
    public static bool IsShortWindow(PointSummary point) => Math.Abs(point.UnderWayShare ?? 0) > UnderWayBound;

    public static PointSummary Apply(PointSummary point, GateInput input)
    {
        var reasons = VoidReasons(point, input).ToList();
        var flagged = point with { Flags = [.. Flags(point, input)], VoidReasons = reasons, Void = reasons.Count > 0 };
        return flagged.Void ? Withheld(flagged) : flagged;
    }

    private static IEnumerable<string> VoidReasons(PointSummary point, GateInput input)
    {
        if (input.Trial.Failure is { } failure) yield return $"role {failure.Role} failed: {failure.Reason}";
        var books = point.Books;
        if (books.Lost > 0) yield return Invariant($"books do not close: {books.Lost} accepted recipients are neither delivered, failed with a DSN, discarded nor queued") + (input.Lost is { } lost ? $"; {lost}" : "");
        if (books.Unexpected > 0) yield return Invariant($"books do not close: {books.Unexpected} deliveries of recipients that were never accepted");
        if (input.Trial.Failure is null && point.DeliveriesInWindow == 0) yield return NothingDelivered(input.Trial);
        if (point.BusyForward > BusyBound) yield return Invariant($"the line was {point.BusyForward:P1} busy forward: more than it can be");
        if (point.BusyReverse > BusyBound) yield return Invariant($"the line was {point.BusyReverse:P1} busy in reverse: more than it can be");
        if (point.LoadModel == "open")
            foreach (var late in Lateness(point, input.Trial.StealShare, input.Settings.Gates)) yield return late;
        foreach (var low in Ceilings(point, input)) yield return low;
    }

    /// <summary>With what may have kept the system from it: its own last words, or a machine that was somebody else's.</summary>
    private static string NothingDelivered(TrialRecord trial) =>
        "nothing was delivered in the window"
        + (trial.OthersShare > OthersBound ? Invariant($"; other programs used {trial.OthersShare:0%} of the machine's CPU meanwhile") : "")
        + (trial.LastWords is [.., var last] ? $"; its log ends: {Printable.Of(last)}" : "");

    internal static IEnumerable<string> Lateness(PointSummary point, double steal, GateSettings gates)
    {
        if (!point.Latencies.TryGetValue("lateness", out var late) || !point.Latencies.TryGetValue("response", out var response)) yield break;
        var above = new[] { ("p50", late.P50, response.P50), ("p95", late.P95, response.P95), ("p99", late.P99, response.P99) }
            .Where(x => x.Item2 > Math.Max(gates.LatenessMs, x.Item3 * gates.LatenessShare)).Select(x => Invariant($"{x.Item1} {x.Item2:0.0} ms (response {x.Item3:0.0} ms)")).ToList();
        if (above.Count > 0)
            yield return Invariant($"the source itself was late: {string.Join(", ", above)}; the bound is the larger of {gates.LatenessMs:0.##} ms and {gates.LatenessShare:0.#%} of the response. ")
                + (steal > gates.Steal ? Invariant($"The host kept the processors to itself for {steal:0.0%} of the time (steal), in which nobody here can be on time") : "The machine was too busy for this load");
    }

    private static IEnumerable<string> Ceilings(PointSummary point, GateInput input)
    {
        var probes = input.Header.Calibration?.Ceilings ?? [];
        var factor = input.Settings.Gates.Ceiling;
        var workload = probes.FirstOrDefault(p => p.Recipients == point.RecipientsPerMessage);
        if (workload is not null && point.AcceptedPerSecond * factor > workload.MessagesPerSecond)
            yield return Invariant($"the testbed is too slow: source to sink alone does {workload.MessagesPerSecond:0} messages/s, less than {factor} × the {point.AcceptedPerSecond:0.#} accepted");
        var single = probes.FirstOrDefault(p => p.Recipients == 1);
        var transactions = input.Counters.InWindow("sink", CounterNames.Transactions) / point.WindowSeconds;
        if (single is not null && transactions * factor > single.MessagesPerSecond)
            yield return Invariant($"the testbed is too slow: the sink alone does {single.MessagesPerSecond:0} transactions/s, less than {factor} × the {transactions:0} it got");
    }

    private static IEnumerable<string> Flags(PointSummary point, GateInput input)
    {
        if (input.Steadiness is { } trend && trend.IsTrend) yield return Invariant($"{Unsteady}: the rate drifts by {trend.Drift:+0.0%;-0.0%} over the window (± {trend.HalfWidth:0.0%})");
        else if (input.Steadiness is { IsSteady: false } unsure) yield return Invariant($"{NotShownSteady}: drift {Sentences.Signed(unsure.Drift)} ± {unsure.HalfWidth:0.0%}, the bound is ± 5%");
        else if (input.Steadiness is { IsDrift: true } drift) yield return Invariant($"{Drifting}: the rate changes by {drift.Drift:+0.0%;-0.0%} over the window (± {drift.HalfWidth:0.0%})");
        if (IsShortWindow(point)) yield return Invariant($"{ShortWindow}: messages that were under way at its edges make {point.UnderWayShare:+0.0%;-0.0%} of what was delivered in it");
        var growth = Math.Abs(input.GrowthRecipients);
        if (point.LoadModel == "backlog" && input.Settings.BacklogRecipients is { } k && growth > GrowthBound * k + point.RecipientsPerMessage)
            yield return Invariant($"{NotConstant}: {input.GrowthRecipients:+0;-0} of {k} recipients over the window");
        if (point.LoadModel == "open" && input.GrowthRecipients > GrowthBound * point.DeliveriesInWindow + point.RecipientsPerMessage)
            yield return Invariant($"{Grew} by {input.GrowthRecipients} recipients over the window: more is offered than delivered");
        if (input.Settings.Gates.MemoryGrowth > 0 && point is { SutResidentBytesBegin: > 0 and var before, SutResidentBytesMax: { } after } && (double)after / before - 1 > input.Settings.Gates.MemoryGrowth)
            yield return Invariant($"memory of the SUT grew by {(double)after / before - 1:0%} over the window, from {before / 1048576.0:0} to {after / 1048576.0:0} MiB");
        if (point.Books.Duplicates > 0) yield return Invariant($"{point.Books.Duplicates} duplicates");
        foreach (var flag in OfTestbed(point, input.Header, input.Trial, input.Settings, input.Counters)) yield return flag;
    }

    /// <summary>Flags that have nothing to do with what is measured: the machine, the line's own loop, the disk.</summary>
    internal static IEnumerable<string> OfTestbed(PointSummary point, RunHeader header, TrialRecord trial, PointSettings settings, TrialCounters counters)
    {
        if (trial.StealShare > settings.Gates.Steal) yield return Invariant($"{Stolen} {trial.StealShare:0.0%}: the host gave the processors to other guests, or holds this one to a quota");
        if (trial.OthersShare > OthersBound) yield return Invariant($"{Others} {trial.OthersShare:0%} of the machine's CPU");
        if (counters.InWindow("line", CounterNames.LineLateNs) / (point.WindowSeconds * 1e9) is > LineLateBound and var late)
            yield return Invariant($"{LineLate}: {late:0.0%} of the window it waited for a processor itself");
        if (header.Calibration is { SyncsPerSecondBefore: > 0, SyncsPerSecondAfter: { } after } c && Math.Abs(after / c.SyncsPerSecondBefore - 1) > settings.Gates.ProbeDrift)
            yield return Invariant($"{SyncsMoved} {after / c.SyncsPerSecondBefore - 1:+0%;-0%} during the run");
        if (point.Bottleneck is Utilisations.MachineCpu or Utilisations.BusiestThread)
            yield return $"cpu-bound on this testbed, whose roles share {header.Machine.CpuCount} cores: {string.Join(", ", point.CpuShares.Where(s => s.Key != "machine").OrderByDescending(s => s.Value).Select(s => Invariant($"{s.Key} {s.Value:0%}")))}";
        foreach (var flag in StorageFlags(header)) yield return flag;
    }

    /// <summary>Flags that stand on every figure of a run (F5).</summary>
    public static IEnumerable<string> StorageFlags(RunHeader header)
    {
        if (header.Storage.Any(s => s.Striped == true)) yield return "striped storage";
        if (header.Storage.Any(s => s.MemoryBacked)) yield return "memory-backed storage";
        if (header.Storage.Any(s => s.ImplausiblyFast && !s.MemoryBacked)) yield return "implausibly fast sync: a cache may be answering for the disk";
    }

    private static PointSummary Withheld(PointSummary point) => point with
    {
        DeliveredPerSecond = null,
        WholeTrialPerSecond = null,
        AcceptedPerSecond = null,
        YieldPerMbit = null,
        Efficiency = null,
        Utilisations = [],
        Bottleneck = "void",
        Latencies = new Dictionary<string, Percentiles>(),
        Course = null,
    };
}
