using MailBench.Analysis.Books;
using MailBench.Analysis.Figures;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Nodes;
using MailBench.Model.Records;
using static System.FormattableString;

namespace MailBench.Analysis;

/// <summary>Figures of one trial of users who poll: rates by completion, responses by intended start, octets and CPU a poll, utilisations, then the gates.</summary>
internal static class UsersAnalysis
{
    /// <summary>The role whose counters are the SUT's.</summary>
    private const string Server = "mailbox";

    public static (PointSummary Summary, IReadOnlyDictionary<string, double[]> SamplesNs) Analyze(RunHeader header, PlannedPoint planned, TrialRecord trial, PollBooks books)
    {
        var settings = new PointSettings(planned);
        var counters = new TrialCounters(trial);
        var line = LineFigures.Of(counters).Exchanged;
        var seconds = (trial.SteadyEndNs - trial.SteadyBeginNs) / 1e9;
        var due = books.Polls.Where(poll => IsIn(poll.IntendedNs, trial)).ToList();
        var finishes = books.Polls.Select(poll => poll.FinishedNs).Where(at => at >= 0).ToList();
        var finished = finishes.Count(at => IsIn(at, trial));
        var perSecond = seconds > 0 ? finished / seconds : 0;
        var utilisations = Utilisations.Of(counters, settings, line, perSecond, header.Machine, header.Calibration, Server);
        var samples = Samples(due);

        // Octets and polls between the line's own two stamps, so that they speak of the same time.
        double? crossed = counters.Window("line") is { } window ? finishes.Count(at => at >= window.BeginNs && at < window.EndNs) : null;
        var summary = new PointSummary
        {
            Point = trial.Point,
            Repetition = trial.Repetition,
            Sweep = planned.Sweep,
            Axes = planned.Axes,
            CapacityBitsPerSecond = settings.Forward.BitsPerSecond,
            Strategy = "none",
            LoadModel = "users",
            Users = settings.Users,
            IntervalSeconds = settings.IntervalSeconds,
            Polls = new PollFigures
            {
                Action = settings.Text("users.action") ?? "unknown",
                OfferedPerSecond = seconds > 0 ? due.Count / seconds : 0,
                PerSecond = perSecond,
                Finished = finished,
                Failed = due.Count(poll => poll.Failed),
                Unfinished = due.Count(poll => !poll.Failed && poll.FinishedNs < 0),
                WireOctetsForward = Ratio(line.ForwardOctets, crossed),
                WireOctetsReverse = Ratio(line.ReverseOctets, crossed),
                StoredPerSecond = counters.InWindow(Server, CounterNames.Delivered) / seconds,
                RetrievedPerSecond = counters.InWindow(Server, CounterNames.Retrieved) / seconds,
                CpuMs = Ratio(counters.InWindow(Server, CounterNames.CpuNs) / 1e6, finished),
            },
            WindowSeconds = seconds,
            BusyForward = Share(line.ForwardBitsPerSecond, settings.Forward.BitsPerSecond),
            BusyReverse = Share(line.ReverseBitsPerSecond, settings.Reverse.BitsPerSecond),
            SutResidentBytesMax = (long?)counters.AtEnd(Server, CounterNames.ResidentBytes),
            CpuShares = PointAnalysis.CpuShares(counters, header.Machine.CpuCount),
            Utilisations = utilisations,
            Bottleneck = Utilisations.Bottleneck(utilisations),
            Books = new BooksSummary
            {
                Offered = 0,
                Accepted = 0,
                Delivered = 0,
                FailedWithDsn = 0,
                Discarded = 0,
                StillQueued = 0,
                Refused = 0,
                Uncertain = 0,
                UncertainArrived = 0,
                Duplicates = 0,
                Lost = 0,
                Unexpected = 0,
                Close = true,
                CountedNotBooked = trial.CountedNotBooked,
            },
            Latencies = samples.ToDictionary(s => s.Key, s => Quantiles.OfNs(s.Value)!),
            Batches = [],
            Flags = [],
            Void = false,
            VoidReasons = [],
            Failure = trial.Failure,
            Features = trial.Features,
        };
        return (Gated(summary, header, trial, settings, counters), samples);
    }

    /// <summary>By intended start within the window. Unfinished: infinite; failed polls have no response and are counted.</summary>
    private static Dictionary<string, double[]> Samples(List<PollBook> due)
    {
        var samples = new Dictionary<string, double[]>();
        if (due.Count == 0) return samples;
        double[] response = [.. due.Where(poll => !poll.Failed).Select(poll => poll.FinishedNs < 0 ? double.PositiveInfinity : poll.FinishedNs - poll.IntendedNs)];
        if (response.Length > 0) samples["response"] = response;
        samples["lateness"] = [.. due.Select(poll => (double)Math.Max(0, poll.LatenessNs))];
        return samples;
    }

    private static PointSummary Gated(PointSummary point, RunHeader header, TrialRecord trial, PointSettings settings, TrialCounters counters)
    {
        var reasons = VoidReasons(point, trial, settings).ToList();
        var flags = new List<string>();
        if (point.Polls is { Failed: > 0 and var failed }) flags.Add(Invariant($"{failed} polls failed"));
        flags.AddRange(Gates.OfTestbed(point, header, trial, settings, counters));
        var flagged = point with { Flags = flags, VoidReasons = reasons, Void = reasons.Count > 0 };
        return flagged.Void
            ? flagged with { Polls = flagged.Polls! with { PerSecond = null, WireOctetsForward = null, WireOctetsReverse = null, CpuMs = null }, Utilisations = [], Bottleneck = "void", Latencies = new Dictionary<string, Percentiles>() }
            : flagged;
    }

    private static IEnumerable<string> VoidReasons(PointSummary point, TrialRecord trial, PointSettings settings)
    {
        if (trial.Failure is { } failure) yield return $"role {failure.Role} failed: {failure.Reason}";
        else if (point.Polls!.Finished == 0) yield return "no poll came to its end in the window";
        if (point.BusyForward > Gates.BusyBound) yield return Invariant($"the line was {point.BusyForward:P1} busy toward the users: more than it can be");
        if (point.BusyReverse > Gates.BusyBound) yield return Invariant($"the line was {point.BusyReverse:P1} busy toward the server: more than it can be");
        foreach (var late in Gates.Lateness(point, settings.Gates)) yield return late.Replace("the source itself", "the users' own loop", StringComparison.Ordinal);
    }

    private static bool IsIn(long atNs, TrialRecord trial) => atNs >= trial.SteadyBeginNs && atNs < trial.SteadyEndNs;

    private static double? Share(double? bitsPerSecond, long capacity) => capacity > 0 ? bitsPerSecond / capacity : null;

    private static double? Ratio(double? numerator, double? denominator) => denominator > 0 ? numerator / denominator : null;
}
