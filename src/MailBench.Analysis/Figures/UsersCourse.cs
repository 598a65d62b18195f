using MailBench.Analysis.Books;
using MailBench.Model.Nodes;
using MailBench.Model.Records;

namespace MailBench.Analysis.Figures;

/// <summary>The figures of a trial in which the number of users changed: each step by itself, the knee, and the course of it all.</summary>
internal sealed class UsersCourse
{
    /// <summary>Rows of a course: as many as a plot can show.</summary>
    private const int MostRows = 160;
    private const double ShortestRowSeconds = 0.25;

    private readonly TrialRecord _trial;
    private readonly PointSettings _settings;
    private readonly List<PollBook> _polls;
    private readonly long[] _due;
    private readonly long[] _ended;

    public UsersCourse(RunHeader header, PlannedPoint planned, TrialRecord trial, PollBooks books)
    {
        (_trial, _settings) = (trial, new PointSettings(planned));
        _polls = [.. books.Polls];
        _due = [.. _polls.Select(poll => poll.IntendedNs).Order()];
        _ended = [.. _polls.Select(poll => poll.EndedNs).Order()];
        Steps = [.. trial.Steps.Select(step => Of(step, header))];
        Knee = _settings.FindsKnee ? FindKnee() : null;
        Timeline = trial.Steps.Count == 0 ? [] : Rows();
    }

    public IReadOnlyList<StepFigures> Steps { get; }

    public KneeFigures? Knee { get; }

    public IReadOnlyList<TimelineRow> Timeline { get; }

    /// <summary>The busiest step with room: what a prediction is made from. Null: there is none.</summary>
    public (StepFigures Figures, TrialRecord Window)? Roomy(double unsaturated)
    {
        var best = Steps.Select((figures, i) => (Figures: figures, Step: _trial.Steps[i]))
            .Where(pair => pair.Figures.Carried && pair.Step.Name != UsersStep.Recovery && (pair.Figures.BusyForward ?? 0) < unsaturated && (pair.Figures.BusyReverse ?? 0) < unsaturated)
            .OrderBy(pair => pair.Figures.PerSecond).LastOrDefault();
        return best.Figures is null ? null : (best.Figures, WindowOf(best.Step));
    }

    private StepFigures Of(UsersStep step, RunHeader header)
    {
        var seconds = (step.WindowEndNs - step.WindowBeginNs) / 1e9;
        var due = _polls.Where(poll => IsIn(poll.IntendedNs, step)).ToList();
        var finished = _polls.Where(poll => poll.FinishedNs >= 0 && IsIn(poll.FinishedNs, step)).ToList();
        var failed = _polls.Count(poll => poll.Failed && IsIn(poll.FailedNs, step));
        var slow = finished.Count(poll => (poll.FinishedNs - poll.IntendedNs) / 1e6 > _settings.WithinMs);
        var response = Quantiles.OfNs([.. due.Where(poll => !poll.Failed).Select(poll => poll.FinishedNs < 0 ? double.PositiveInfinity : poll.FinishedNs - poll.IntendedNs)]);
        var counters = new TrialCounters(WindowOf(step));
        var line = LineFigures.Of(counters).Exchanged;
        return new StepFigures
        {
            Name = step.Name,
            Users = step.Users,
            Seconds = seconds,
            OfferedPerSecond = due.Count / seconds,
            PerSecond = finished.Count / seconds,
            Failed = failed,
            P50Ms = response?.P50,
            P95Ms = response?.P95,
            BusyForward = line.ForwardBitsPerSecond / _settings.Forward.BitsPerSecond is { } forward && double.IsFinite(forward) ? forward : null,
            BusyReverse = line.ReverseBitsPerSecond / _settings.Reverse.BitsPerSecond is { } reverse && double.IsFinite(reverse) ? reverse : null,
            Bottleneck = Utilisations.Bottleneck(Utilisations.Of(counters, _settings, line, finished.Count / seconds, header.Machine, header.Calibration, UsersAnalysis.Server)),
            Carried = CarriedUsers.Are(due.Count, finished.Count, failed, slow),
        };
    }

    private KneeFigures FindKnee()
    {
        // A number that was tried more than once was carried if it was at last.
        var tried = Steps.Where(step => step.Name == UsersStep.Search).GroupBy(step => step.Users).Select(group => group.Last()).ToList();
        var carried = tried.Where(step => step.Carried).Select(step => step.Users).DefaultIfEmpty(0).Max();
        var notCarried = tried.Where(step => !step.Carried && step.Users > carried).Select(step => (int?)step.Users).Min();
        var knee = new KneeFigures { CarriedUsers = carried, NotCarriedUsers = notCarried, CarriedAfter = Named(UsersStep.After)?.Carried };
        if (_trial.Steps.FirstOrDefault(step => step.Name == UsersStep.Recovery) is not { } recovery || Named(UsersStep.Below) is not { } below) return knee;
        var usual = 2 * Owed(_trial.Steps.First(step => step.Name == UsersStep.Below).WindowEndNs) + 2;
        var backlog = Owed(recovery.BeginNs);
        var spare = Steps.Max(step => step.PerSecond) - below.OfferedPerSecond;
        return knee with
        {
            BacklogPolls = backlog,
            RecoverySeconds = backlog <= usual ? 0 : RecoveredNs(recovery.BeginNs, usual) is { } atNs ? (atNs - recovery.BeginNs) / 1e9 : null,
            RecoveryExpectedSeconds = spare > 0 ? Math.Max(0, backlog - usual) / spare : null,
        };
    }

    /// <summary>The first end of a poll after which no more are owed than that.</summary>
    private long? RecoveredNs(long fromNs, double usual)
    {
        for (var i = CountUpTo(_ended, fromNs); i < _ended.Length && _ended[i] != long.MaxValue; i++)
            if (CountUpTo(_due, _ended[i]) - (i + 1) <= usual) return _ended[i];
        return null;
    }

    /// <summary>Polls due by then and not ended.</summary>
    private double Owed(long atNs) => CountUpTo(_due, atNs) - CountUpTo(_ended, atNs);

    private List<TimelineRow> Rows()
    {
        var (fromNs, toNs) = (_trial.Steps[0].BeginNs, _trial.Steps[^1].WindowEndNs);
        var rowNs = (long)(Math.Max(ShortestRowSeconds, (toNs - fromNs) / 1e9 / MostRows) * 1e9);
        var byRow = _polls.Where(poll => poll.IntendedNs >= fromNs && poll.IntendedNs < toNs).ToLookup(poll => (poll.IntendedNs - fromNs) / rowNs);
        var rows = new List<TimelineRow>();
        for (var i = 0L; fromNs + (i + 1) * rowNs <= toNs; i++)
        {
            var (beginNs, endNs) = (fromNs + i * rowNs, fromNs + (i + 1) * rowNs);
            var step = _trial.Steps.Last(step => step.BeginNs <= beginNs);
            double[] responses = [.. byRow[i].Where(poll => !poll.Failed).Select(poll => poll.FinishedNs < 0 ? double.PositiveInfinity : (double)(poll.FinishedNs - poll.IntendedNs))];
            rows.Add(new TimelineRow(
                (beginNs - fromNs) / 1e9, step.Users, step.Name, byRow[i].Count() / (rowNs / 1e9), (CountUpTo(_ended, endNs) - CountUpTo(_ended, beginNs)) / (rowNs / 1e9),
                responses.Length == 0 ? null : Quantiles.OfNs(responses)!.P95, Owed(endNs)));
        }

        return rows;
    }

    private StepFigures? Named(string name) => Steps.LastOrDefault(step => step.Name == name);

    private TrialRecord WindowOf(UsersStep step) => _trial with { AtBegin = step.AtBegin, AtEnd = step.AtEnd, SteadyBeginNs = step.WindowBeginNs, SteadyEndNs = step.WindowEndNs };

    private static bool IsIn(long atNs, UsersStep step) => atNs >= step.WindowBeginNs && atNs < step.WindowEndNs;

    private static int CountUpTo(long[] sorted, long value)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sorted[middle] <= value) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
