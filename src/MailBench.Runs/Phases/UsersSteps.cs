using MailBench.Model.Nodes;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Sweep;
using Counters = System.Collections.Generic.IReadOnlyDictionary<string, System.Collections.Generic.IReadOnlyDictionary<string, double>>;

namespace MailBench.Runs.Phases;

/// <summary>
/// The parts of a trial in which the number of users changes: a day's shape, or the search for the knee with what follows it. All in one trial on one server, without a pause, so that what one part
/// leaves behind the next one meets.
/// </summary>
internal sealed class UsersSteps(UsersLoad load, Observer observer, SettingValues settings)
{
    /// <summary>How often it is looked whether a backlog is gone.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly List<UsersStep> _steps = [];
    private readonly TimeSpan _interval = settings.Span("users.interval");
    private readonly PhaseSettings _phases = settings.ToPhases();

    /// <summary>Whole intervals: then every user comes equally often in a window.</summary>
    private TimeSpan Window => _interval * Math.Max(1, Math.Round(_phases.Steady / _interval));

    /// <summary>Shares of all users, one after the other.</summary>
    public async Task<IReadOnlyList<UsersStep>> DayAsync(CancellationToken cancellationToken)
    {
        foreach (var stage in settings.List("users.schedule").Select(UsersStageText.Parse))
            await StepAsync(stage.Name, Math.Max(1, (int)Math.Round(settings.Integer("users.count") * stage.Share)), TimeSpan.Zero, stage.During, cancellationToken);
        return _steps;
    }

    /// <summary>The knee; then 80, 100 and 120 % of it, back to 80 until what was owed is done, and 100 % again: does the same load that was carried before get carried after?</summary>
    public async Task<IReadOnlyList<UsersStep>> KneeAsync(KneeSearch search, CancellationToken cancellationToken)
    {
        while (search.TryNext(out var users))
        {
            var step = await StepAsync(UsersStep.Search, users, _interval, Window, cancellationToken);
            var carried = IsCarried(step);
            search.Took(users, carried, Busy(step));
            if (!carried) await CalmAsync(Math.Max(1, search.Carried == 0 ? users / 8 : search.Carried / 2), 0, cancellationToken);
        }

        if (search.Carried == 0) return _steps;
        var below = await StepAsync(UsersStep.Below, Share(search.Carried, 0.8), _interval, Window, cancellationToken);
        await StepAsync(UsersStep.AtCapacity, search.Carried, _interval, Window, cancellationToken);
        await StepAsync(UsersStep.Over, Share(search.Carried, 1.2), _interval, Window, cancellationToken);
        await RecoverAsync(Share(search.Carried, 0.8), UsersLoad.Outstanding(below.AtEnd["poll"]), cancellationToken);
        await StepAsync(UsersStep.After, search.Carried, _interval, Window, cancellationToken);
        return _steps;
    }

    private async Task<UsersStep> StepAsync(string name, int users, TimeSpan settle, TimeSpan window, CancellationToken cancellationToken)
    {
        var phase = $"{name}, {users:#,0} users";
        var beginNs = MonotonicClock.NowNs;
        await load.ChangeAsync(users, cancellationToken);
        if (settle > TimeSpan.Zero) await observer.LastAsync(phase, settle, cancellationToken);
        var atBegin = await observer.SnapshotAsync(cancellationToken);
        await observer.LastAsync(phase, window, cancellationToken);
        return Add(name, users, beginNs, atBegin, await observer.SnapshotAsync(cancellationToken));
    }

    private async Task RecoverAsync(int users, double usual, CancellationToken cancellationToken)
    {
        var (beginNs, atBegin) = (MonotonicClock.NowNs, await observer.SnapshotAsync(cancellationToken));
        await CalmAsync(users, usual, cancellationToken);
        Add(UsersStep.Recovery, users, beginNs, atBegin, await observer.SnapshotAsync(cancellationToken));
    }

    /// <summary>The window is between the users' own two stamps: then counters and events speak of the same time.</summary>
    private UsersStep Add(string name, int users, long beginNs, Counters atBegin, Counters atEnd)
    {
        var step = new UsersStep { Name = name, Users = users, BeginNs = beginNs, WindowBeginNs = StampOf(atBegin), WindowEndNs = StampOf(atEnd), AtBegin = atBegin, AtEnd = atEnd };
        _steps.Add(step);
        return step;
    }

    /// <summary>Fewer users, until hardly more is owed than <paramref name="usual"/>; no longer than a drain and ten intervals.</summary>
    private async Task CalmAsync(int users, double usual, CancellationToken cancellationToken)
    {
        await load.ChangeAsync(users, cancellationToken);
        var most = Math.Max(2 * usual, users / 50.0) + 2;
        var untilNs = MonotonicClock.NowNs + (_phases.Drain + 10 * _interval).ToNs();
        while (await load.OutstandingAsync(cancellationToken) > most && MonotonicClock.NowNs < untilNs) await observer.PauseAsync(Look, cancellationToken);
    }

    private static long StampOf(Counters snapshot) => (long)snapshot["poll"].GetValueOrDefault(CounterNames.MonotonicNs);

    private static bool IsCarried(UsersStep step)
    {
        return CarriedUsers.Are(Of(CounterNames.Offered), Of(CounterNames.Polls), Of(CounterNames.Failed), Of(CounterNames.Slow));

        double Of(string counter) => step.AtEnd["poll"].GetValueOrDefault(counter) - step.AtBegin["poll"].GetValueOrDefault(counter);
    }

    /// <summary>Of the direction that is busier; the line's far side is the server.</summary>
    private double? Busy(UsersStep step)
    {
        var capacity = settings.Capacity("line.capacity");
        return capacity.Forward.IsUnlimited || !step.AtEnd.ContainsKey("line") ? null : Math.Max(Of(CounterNames.WireOctetsReverse, capacity.Forward), Of(CounterNames.WireOctetsForward, capacity.Reverse));

        double Of(string counter, BitRate rate)
        {
            var (begin, end) = (step.AtBegin["line"], step.AtEnd["line"]);
            var seconds = (end.GetValueOrDefault(CounterNames.MonotonicNs) - begin.GetValueOrDefault(CounterNames.MonotonicNs)) / 1e9;
            return rate.IsUnlimited || seconds <= 0 ? 0 : (end.GetValueOrDefault(counter) - begin.GetValueOrDefault(counter)) * 8 / (rate.BitsPerSecond * seconds);
        }
    }

    private static int Share(int users, double share) => Math.Max(1, (int)Math.Round(users * share));
}
