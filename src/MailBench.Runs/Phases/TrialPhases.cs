using System.Globalization;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Disclosure;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;
using MailBench.Runs.Testbed.Systems;
using Counters = System.Collections.Generic.IReadOnlyDictionary<string, System.Collections.Generic.IReadOnlyDictionary<string, double>>;

namespace MailBench.Runs.Phases;

/// <summary>One repetition of a point: fresh SUT, warm-up, steady window, drain, books.</summary>
internal sealed class TrialPhases(Bench bench, SutStart startSut, Observer observer, RunFolder folder, string run)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan DrainLook = TimeSpan.FromMilliseconds(100);
    private static readonly Counters None = new Dictionary<string, IReadOnlyDictionary<string, double>>();

    private Counters _atTrialBegin = None;
    private Counters _atBegin = None;
    private Counters _atEnd = None;
    private Counters _afterDrain = None;
    private long _warmUpNs;
    private long _steadyNs;
    private long _steadyEndNs;
    private long _drainEndNs;
    private double _steal;
    private double _others;

    /// <summary>
    /// Runs it. A role's failure comes back in the record (<see cref="TrialRecord.Failure"/>), which then is void. <paramref name="whole"/>: the messages per second that its rates are shares of; null: they are absolute.
    /// </summary>
    public async Task<TrialRecord> RunAsync(TrialPlan trial, Rate? whole, CancellationToken cancellationToken)
    {
        var settings = trial.Point.Settings;
        var mark = new TrialMark(trial.Point.Number, trial.Repetition);
        var features = MailSystems.FeaturesOf(trial.Point.System, settings);
        var countedNotBooked = false;
        IReadOnlyList<string> lastWords = [];
        RoleFailure? failure = null;
        try
        {
            await bench.ApplyAsync(settings, cancellationToken);
            await using var sut = await startSut(trial.Point, mark, cancellationToken);
            (features, countedNotBooked) = (CachingResolver.Tell(sut.Features, settings), sut.CountedNotBooked);
            observer.Trial = (mark, sut);
            await MeasureAsync(settings, whole, mark, sut, cancellationToken);
            lastWords = sut.LastWords;
        }
        catch (RoleFailedException failed)
        {
            failure = failed.Failure;
        }
        finally
        {
            observer.Trial = default;
        }

        return new TrialRecord
        {
            Point = mark.Point,
            Repetition = mark.Repetition,
            Derived = whole is null ? new Dictionary<string, string>() : Derived(settings, whole.Value),
            WarmUpBeginNs = _warmUpNs,
            SteadyBeginNs = _steadyNs,
            SteadyEndNs = _steadyEndNs,
            DrainEndNs = _drainEndNs,
            AtTrialBegin = _atTrialBegin,
            AtBegin = _atBegin,
            AtEnd = _atEnd,
            AfterDrain = _afterDrain,
            CountedNotBooked = countedNotBooked,
            Failure = failure,
            LastWords = lastWords,
            StealShare = _steal,
            OthersShare = _others,
            Features = features,
        };
    }

    /// <summary>A trial that could not begin.</summary>
    public static TrialRecord Void(TrialPlan trial, RoleFailure failure) => Unmeasured(trial) with { Failure = failure };

    /// <summary>A trial of which nothing has been measured, or nothing is: no times, no counters, and the features that its system declares.</summary>
    public static TrialRecord Unmeasured(TrialPlan trial) => new()
    {
        Point = trial.Point.Number,
        Repetition = trial.Repetition,
        WarmUpBeginNs = 0,
        SteadyBeginNs = 0,
        SteadyEndNs = 0,
        DrainEndNs = 0,
        AtTrialBegin = None,
        AtBegin = None,
        AtEnd = None,
        AfterDrain = None,
        Features = MailSystems.FeaturesOf(trial.Point.System, trial.Point.Settings),
    };

    /// <summary>The rates that the shares came to, by the setting that holds them.</summary>
    private static Dictionary<string, string> Derived(SettingValues settings, Rate whole)
    {
        var stages = settings.ToLoad(whole).Stages;
        return settings.Find("load.stages") is { Length: > 0 }
            ? new() { ["load.stages"] = string.Join(SettingForm.ItemSeparator, stages.Select(PlannedStage.Format)) }
            : new() { ["load.rate"] = stages[0].Rate.ToString() };
    }

    private async Task MeasureAsync(SettingValues settings, Rate? whole, TrialMark mark, ISystemUnderTest sut, CancellationToken cancellationToken)
    {
        var phases = settings.ToPhases();
        var load = settings.ToLoad(whole);
        var trial = new TrialId(run, mark.Point, mark.Repetition);
        await BeginAsync(trial, new SourceOptions { To = sut.Door, Load = load, Workload = settings.ToWorkload(), DrainTimeout = phases.Drain }, settings.Burden(), sut, cancellationToken);
        _atTrialBegin = await observer.SnapshotAsync(cancellationToken);

        _warmUpNs = MonotonicClock.NowNs;
        await bench.Source.AskAsync(new StartLoadCommand(), Patience, cancellationToken);
        await observer.LastAsync("warm-up", phases.WarmUp, cancellationToken);

        var ticks = CpuTicks.Read();
        _steadyNs = MonotonicClock.NowNs;
        _atBegin = await observer.SnapshotAsync(cancellationToken);
        await observer.LastAsync("steady", phases.Steady, cancellationToken);
        _steadyEndNs = MonotonicClock.NowNs;
        _atEnd = await observer.SnapshotAsync(cancellationToken);
        var now = CpuTicks.Read();
        (_steal, _others) = (now.StealShareSince(ticks), now.OthersShareSince(ticks, CpuTicks.RolesCpuNs(_atBegin, _atEnd)));

        await DrainAsync(load.Model, phases.Drain, sut, cancellationToken);
        _drainEndNs = MonotonicClock.NowNs;
        _afterDrain = await observer.SnapshotAsync(cancellationToken);
        await sut.WriteBooksAsync(cancellationToken);
        await EndAsync(sut, cancellationToken);
    }

    private async Task BeginAsync(TrialId trial, SourceOptions source, double burden, ISystemUnderTest sut, CancellationToken cancellationToken)
    {
        string Events(string role) => folder.EventsOf(role, trial.Point, trial.Repetition);
        await sut.BeginTrialAsync(trial, Events("mta"), cancellationToken);
        await bench.Sink.AskAsync(new BeginTrialCommand(trial, Events("sink")) { Burden = burden, Credits = source.Load.Model == LoadModel.Backlog }, Patience, cancellationToken);
        foreach (var process in bench.Processes.Where(process => process.Role is "dns" or "line")) await process.AskAsync(new BeginTrialCommand(trial, null), Patience, cancellationToken);
        await bench.Source.AskAsync(new BeginTrialCommand(trial, Events("source")) { Source = source, Burden = burden }, Patience, cancellationToken);
    }

    /// <summary>
    /// Nothing new is offered, and the SUT goes on until its queue is empty or the time is over. A saturated point has been measured, so its line is opened wide and the rest goes quickly;
    /// an open point's deliveries still count as latencies and keep their line.
    /// </summary>
    private async Task DrainAsync(LoadModel model, TimeSpan patience, ISystemUnderTest sut, CancellationToken cancellationToken)
    {
        var until = MonotonicClock.NowNs + patience.ToNs();
        if (model == LoadModel.Backlog) await bench.SetCapacityAsync(default, cancellationToken);
        await bench.Source.AskAsync(new HaltLoadCommand(), patience + Patience, cancellationToken);
        var nextSampleNs = MonotonicClock.NowNs;
        while ((await sut.SnapshotAsync(cancellationToken)).GetValueOrDefault(CounterNames.Queued) > 0 && MonotonicClock.NowNs < until)
        {
            await observer.PauseAsync(DrainLook, cancellationToken);
            if (MonotonicClock.NowNs < nextSampleNs) continue;
            nextSampleNs += 1_000_000_000;
            await observer.SampleAsync("drain", TimeSpan.FromTicks(Math.Max(0, until - MonotonicClock.NowNs) / 100), cancellationToken);
        }
    }

    private async Task EndAsync(ISystemUnderTest sut, CancellationToken cancellationToken)
    {
        await sut.EndTrialAsync(cancellationToken);
        foreach (var process in bench.Processes) await process.AskAsync(new EndTrialCommand(), Patience, cancellationToken);
    }
}

/// <summary>Starts a fresh system under test for a trial.</summary>
internal delegate Task<ISystemUnderTest> SutStart(PointPlan point, TrialMark mark, CancellationToken cancellationToken);

/// <summary>What a finished trial delivered, from the sink's own counters at the window's edges.</summary>
internal static class DeliveredRate
{
    /// <summary>Recipients per second at the sinks, or null when the trial failed or delivered nothing.</summary>
    public static double? Of(TrialRecord record)
    {
        if (record.Failure is not null || !record.AtBegin.TryGetValue("sink", out var begin) || !record.AtEnd.TryGetValue("sink", out var end)) return null;
        var seconds = (end.GetValueOrDefault(CounterNames.MonotonicNs) - begin.GetValueOrDefault(CounterNames.MonotonicNs)) / 1e9;
        var recipients = end.GetValueOrDefault(CounterNames.Recipients) - begin.GetValueOrDefault(CounterNames.Recipients);
        return seconds > 0 && recipients > 0 ? recipients / seconds : null;
    }

    /// <summary>The same in messages per second.</summary>
    public static Rate? MessagesOf(TrialRecord record, int recipientsPerMessage) =>
        Of(record) is { } rate ? new Rate(double.Parse((rate / recipientsPerMessage).ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)) : null;
}
