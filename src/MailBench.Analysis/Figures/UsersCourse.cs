using MailBench.Analysis.Books;
using MailBench.Model.Nodes;
using MailBench.Model.Records;

namespace MailBench.Analysis.Figures;

/// <summary>The figures of a trial in which the number of users changed: each step by itself, the knee, and the course of it all.</summary>
internal sealed class UsersCourse
{
    private readonly TrialRecord _trial;
    private readonly PointSettings _settings;
    private readonly List<PollBook> _polls;
    private readonly Outstanding _owed;

    public UsersCourse(RunHeader header, PlannedPoint planned, TrialRecord trial, PollBooks books)
    {
        (_trial, _settings) = (trial, new PointSettings(planned));
        _polls = [.. books.Polls];
        _owed = new Outstanding(_polls.Select(poll => poll.IntendedNs), _polls.Select(poll => poll.EndedNs).Where(ended => ended != long.MaxValue));
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
        var usual = 2 * _owed.At(_trial.Steps.First(step => step.Name == UsersStep.Below).WindowEndNs) + 2;
        var backlog = _owed.At(recovery.BeginNs);
        var spare = Steps.Max(step => step.PerSecond) - below.OfferedPerSecond;
        return knee with
        {
            BacklogPolls = backlog,
            RecoverySeconds = (_owed.FirstWithin(usual, recovery.BeginNs, long.MaxValue) - recovery.BeginNs) / 1e9,
            RecoveryExpectedSeconds = spare > 0 ? Math.Max(0, backlog - usual) / spare : null,
        };
    }

    private List<TimelineRow> Rows()
    {
        var (fromNs, toNs) = (_trial.Steps[0].BeginNs, _trial.Steps[^1].WindowEndNs);
        var cut = new CourseRows(fromNs, toNs);
        var byRow = _polls.Where(poll => poll.IntendedNs >= fromNs && poll.IntendedNs < toNs).ToLookup(poll => cut.RowOf(poll.IntendedNs));
        var rows = new List<TimelineRow>();
        for (var i = 0; i < cut.Count; i++)
        {
            var (beginNs, endNs) = cut[i];
            var step = _trial.Steps.Last(step => step.BeginNs <= beginNs);
            double[] responses = [.. byRow[i].Where(poll => !poll.Failed).Select(poll => poll.FinishedNs < 0 ? double.PositiveInfinity : (double)(poll.FinishedNs - poll.IntendedNs))];
            // A poll that ends at a row's very end is that row's.
            rows.Add(new TimelineRow(
                (beginNs - fromNs) / 1e9, step.Users, step.Name, byRow[i].Count() / cut.Seconds, _owed.EndedIn(beginNs + 1, endNs + 1) / cut.Seconds, Quantiles.OfNs(responses)?.P95, _owed.At(endNs)));
        }

        return rows;
    }

    private StepFigures? Named(string name) => Steps.LastOrDefault(step => step.Name == name);

    private TrialRecord WindowOf(UsersStep step) => _trial with { AtBegin = step.AtBegin, AtEnd = step.AtEnd, SteadyBeginNs = step.WindowBeginNs, SteadyEndNs = step.WindowEndNs };

    private static bool IsIn(long atNs, UsersStep step) => atNs >= step.WindowBeginNs && atNs < step.WindowEndNs;
}
