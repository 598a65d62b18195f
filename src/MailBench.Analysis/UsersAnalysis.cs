using MailBench.Analysis.Books;
using MailBench.Analysis.Figures;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Records;
using static System.FormattableString;

namespace MailBench.Analysis;

/// <summary>Figures of one trial of users who poll: rates by completion, responses by intended start, octets and CPU a poll, utilisations, then the gates.</summary>
internal static class UsersAnalysis
{
    /// <summary>The role whose counters are the SUT's.</summary>
    internal const string Server = "mailbox";

    /// <summary>Fewer sessions hardly show in a server's memory.</summary>
    private const int ManySessions = 1000;

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
        var sessions = counters.AtEnd("poll", CounterNames.SessionsOpen);
        var utilisations = Demands(counters, perSecond, due);
        var samples = Samples(due, [.. books.Pushes.Where(push => IsIn(push.AcceptedNs, trial))]);
        var course = new UsersCourse(header, planned, trial, books);
        // A poll takes what came in an interval: in a shorter window its user has that for the interval's time.
        var shares = UserShares.Of(due, books.Polls.Where(poll => IsIn(poll.FinishedNs, trial)), Math.Max(seconds, settings.IntervalSeconds ?? 0));

        // Octets and polls between the line's own two stamps, so that they speak of the same time.
        double? crossed = Crossed(counters);
        var summary = new PointSummary
        {
            Point = trial.Point,
            Repetition = trial.Repetition,
            Sweep = planned.Sweep,
            Axes = planned.Axes,
            CapacityBitsPerSecond = settings.Forward.BitsPerSecond,
            Strategy = "none",
            LoadModel = "users",
            Users = trial.Derived.TryGetValue("users.count", out var found) ? int.Parse(found, System.Globalization.CultureInfo.InvariantCulture) : settings.Users,
            IntervalSeconds = settings.IntervalSeconds,
            Polls = new PollFigures
            {
                Action = settings.Text("users.action") ?? "unknown",
                Setup = PollSetup.Of(planned),
                OfferedPerSecond = seconds > 0 ? due.Count / seconds : 0,
                PerSecond = perSecond,
                Finished = finished,
                Failed = due.Count(poll => poll.Failed),
                Unfinished = due.Count(poll => !poll.Failed && poll.FinishedNs < 0),
                WireOctetsForward = Ratio(line.ForwardOctets, crossed),
                WireOctetsReverse = Ratio(line.ReverseOctets, crossed),
                // A foreign server does not count them; what the source saw accepted and the users took is the same mail.
                StoredPerSecond = (counters.InWindow(Server, CounterNames.Delivered) ?? counters.InWindow("source", CounterNames.Accepted)) / seconds,
                RetrievedPerSecond = (counters.InWindow(Server, CounterNames.Retrieved) ?? counters.InWindow("poll", CounterNames.Retrieved)) / seconds,
                CpuMs = Ratio(counters.CpuInWindowNs(Server) / 1e6, finished),
                AllAtOnce = settings.Text("users.phase") == "synchronised",
                WithinMs = settings.WithinMs,
                KbitPerUser = shares?.Median / 1000,
                KbitPerUserLow = shares?.Low / 1000,
                Fairness = shares?.Fairness,
                SessionsMean = counters.Window("poll") is { } stood ? counters.InWindow("poll", CounterNames.SessionNs) / (stood.EndNs - stood.BeginNs) : null,
                SessionsMost = (long?)counters.AtEnd("poll", CounterNames.SessionsMost),
                SessionsOpen = (long?)sessions,
                ServerBytesPerSession = PerSession(CounterNames.ResidentBytes),
                ServerManagedBytesPerSession = PerSession(CounterNames.ManagedBytes),
                TcpBufferBytesPerSession = PerSession(CounterNames.TcpBufferBytes),
                Pushed = settings.Text("users.action") == "idle" ? (long?)counters.InWindow("poll", CounterNames.Pushed) : null,
                Dropped = settings.Text("users.action") == "idle" ? (long?)counters.AtEnd("poll", CounterNames.Dropped) : null,
                RoomyDemands = RoomyDemands(),
                Steps = course.Steps,
                Knee = course.Knee,
                Timeline = course.Timeline,
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

        double? PerSession(string counter) => sessions >= ManySessions ? (counters.AtEnd(Server, counter) - counters.AtTrialBegin(Server, counter)) / sessions : null;

        double? Crossed(TrialCounters within) => within.Window("line") is { } window ? finishes.Count(at => at >= window.BeginNs && at < window.EndNs) : null;

        IReadOnlyList<Utilisation> Demands(TrialCounters within, double rate, List<PollBook> polls) =>
            [.. Utilisations.Of(within, settings, LineFigures.Of(within).Exchanged, rate, header.Machine, header.Calibration, Server), .. Sessions(settings, header, rate, polls, sessions)];

        // Of the point itself where it had room, of a step of it where the number of users changed; at the rate between the line's own stamps.
        IReadOnlyList<Utilisation> RoomyDemands()
        {
            if (trial.Steps.Count > 0)
            {
                if (course.Roomy(UsersCapacity.Unsaturated) is not { } roomy) return [];
                var within = new TrialCounters(roomy.Window);
                return Demands(within, LineRate(within) ?? roomy.Figures.PerSecond, [.. books.Polls.Where(poll => IsIn(poll.IntendedNs, roomy.Window))]);
            }

            var share = Math.Max(line.ForwardBitsPerSecond / settings.Forward.BitsPerSecond ?? 0, line.ReverseBitsPerSecond / settings.Reverse.BitsPerSecond ?? 0);
            return settings.HasLine && share >= UsersCapacity.Unsaturated || utilisations.Any(row => row.Share >= 0.9) ? [] : Demands(counters, LineRate(counters) ?? perSecond, due);
        }

        double? LineRate(TrialCounters within) => within.Window("line") is { } window ? Crossed(within) / ((window.EndNs - window.BeginNs) / 1e9) : null;
    }

    /// <summary>The connections term: a poll holds a session for its response time, with IDLE each user has one; each session needs two descriptors of the line's process, or where there is none one of the server's.</summary>
    private static IEnumerable<Utilisation> Sessions(PointSettings settings, RunHeader header, double perSecond, List<PollBook> due, double? open)
    {
        var most = (header.Machine.OpenFilesLimit - PollLimits.OtherFiles) / (double)PollLimits.FilesPerSession(hasLine: settings.Text("line.backend") != "none");
        if (settings.Text("users.action") == "idle")
        {
            if (open > 0 && perSecond > 0) yield return new Utilisation(Utilisations.Connections, open.Value / perSecond, "session s", most, open.Value / most);
            yield break;
        }

        var ended = due.Where(poll => poll.FinishedNs >= 0).Select(poll => (poll.FinishedNs - poll.IntendedNs) / 1e9).ToList();
        if (ended.Count == 0) yield break;
        var capacity = settings.UserSessions ?? most;
        yield return new Utilisation(Utilisations.Connections, ended.Average(), "session s", capacity, perSecond * ended.Average() / capacity);
    }

    /// <summary>By intended start within the window. Unfinished: infinite; failed polls have no response and are counted.</summary>
    private static Dictionary<string, double[]> Samples(List<PollBook> due, List<PushBook> pushes)
    {
        var samples = new Dictionary<string, double[]>();
        if (pushes.Count > 0)
        {
            // The server may announce a message a moment before its 250 is read.
            samples["push"] = [.. pushes.Select(push => push.SeenNs < 0 ? double.PositiveInfinity : Math.Max(0, push.SeenNs - push.AcceptedNs))];
            samples["push.fetch"] = [.. pushes.Select(push => push.SeenNs < 0 ? double.PositiveInfinity : push.FetchNs)];
        }

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
        foreach (var late in Gates.Lateness(point, trial.StealShare, settings.Gates)) yield return late.Replace("the source itself", "the users' own loop", StringComparison.Ordinal);
    }

    private static bool IsIn(long atNs, TrialRecord trial) => atNs >= trial.SteadyBeginNs && atNs < trial.SteadyEndNs;

    private static double? Share(double? bitsPerSecond, long capacity) => capacity > 0 ? bitsPerSecond / capacity : null;

    private static double? Ratio(double? numerator, double? denominator) => denominator > 0 ? numerator / denominator : null;
}
