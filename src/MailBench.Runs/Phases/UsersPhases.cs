using System.Globalization;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Disclosure;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;
using MailBench.Runs.Testbed.Systems;

namespace MailBench.Runs.Phases;

/// <summary>One repetition of a point about users who poll: fresh mailbox server, warm-up, steady window, drain; mail arrives meanwhile if the profile says so. What is open or owed keeps its line while it drains: it still counts as response.</summary>
internal sealed class UsersPhases(Bench bench, SutStart startServer, Observer observer, RunFolder folder, string run)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs it. A role's failure comes back in the record (<see cref="TrialRecord.Failure"/>), which then is void.</summary>
    public async Task<TrialRecord> RunAsync(TrialPlan plan, CancellationToken cancellationToken)
    {
        var settings = plan.Point.Settings;
        var record = TrialPhases.Unmeasured(plan) with { CountedNotBooked = true };
        var mark = new TrialMark(record.Point, record.Repetition);
        try
        {
            await bench.ApplyAsync(settings, cancellationToken);
            await using var server = await StartAsync(plan.Point, mark, cancellationToken);
            if (server.UsersDoor is { } door) await bench.LeadUsersAsync(settings, door, cancellationToken);
            observer.Trial = (mark, server);
            return await MeasureAsync(settings, record with { Features = server.Features }, server, cancellationToken);
        }
        catch (RoleFailedException failed)
        {
            return record with { Failure = failed.Failure };
        }
        finally
        {
            observer.Trial = default;
        }
    }

    /// <summary>On a thread of its own and shown: filling mailboxes takes as long as the disk does.</summary>
    private Task<ISystemUnderTest> StartAsync(PointPlan point, TrialMark mark, CancellationToken cancellationToken)
    {
        var starting = Task.Run(() => startServer(point, mark, cancellationToken), CancellationToken.None);
        return observer.ShowAsync(string.Create(CultureInfo.InvariantCulture, $"making mailboxes of {point.Settings.Integer("users.count"):#,0} users and starting their server"), mark, starting);
    }

    private async Task<TrialRecord> MeasureAsync(SettingValues settings, TrialRecord record, ISystemUnderTest server, CancellationToken cancellationToken)
    {
        var phases = settings.ToPhases();
        var trial = new TrialId(run, record.Point, record.Repetition);
        var knee = settings.Text("users.find") == "knee" ? new KneeSearch(settings.Integer("users.count"), settings.Share("users.resolution")) : null;
        var days = settings.List("users.schedule").Select(UsersStageText.Parse).ToList();
        var load = new UsersLoad(bench, settings, trial, server);
        await server.BeginTrialAsync(trial, folder.EventsOf("mta", record.Point, record.Repetition), cancellationToken);
        foreach (var line in bench.Processes.Where(process => process.Role == "line")) await line.AskAsync(new BeginTrialCommand(trial, null), Patience, cancellationToken);
        await load.BeginAsync(FirstUsers(settings, knee, days), folder.EventsOf("poll", record.Point, record.Repetition), folder.EventsOf("source", record.Point, record.Repetition), cancellationToken);
        record = record with { AtTrialBegin = await observer.SnapshotAsync(cancellationToken), WarmUpBeginNs = MonotonicClock.NowNs };

        await load.StartAsync(cancellationToken);
        await observer.LastAsync("warm-up", phases.WarmUp, cancellationToken);

        var ticks = CpuTicks.Read();
        if (knee is not null || days.Count > 0)
        {
            var steps = new UsersSteps(load, observer, settings);
            record = Stepped(record, knee is null ? await steps.DayAsync(cancellationToken) : await steps.KneeAsync(knee, cancellationToken), knee);
        }
        else
        {
            record = record with { SteadyBeginNs = MonotonicClock.NowNs, AtBegin = await observer.SnapshotAsync(cancellationToken) };
            await observer.LastAsync("steady", phases.Steady, cancellationToken);
            record = record with { SteadyEndNs = MonotonicClock.NowNs, AtEnd = await observer.SnapshotAsync(cancellationToken) };
        }

        var now = CpuTicks.Read();
        record = record with { StealShare = now.StealShareSince(ticks), OthersShare = knee is null && days.Count == 0 ? now.OthersShareSince(ticks, CpuTicks.RolesCpuNs(record.AtBegin, record.AtEnd)) : 0 };
        await load.HaltAsync(cancellationToken);
        record = record with { DrainEndNs = MonotonicClock.NowNs, AfterDrain = await observer.SnapshotAsync(cancellationToken) };
        await server.EndTrialAsync(cancellationToken);
        foreach (var process in bench.Processes) await process.AskAsync(new EndTrialCommand(), Patience, cancellationToken);
        return record;
    }

    private static int FirstUsers(SettingValues settings, KneeSearch? knee, List<UsersStage> days)
    {
        if (knee is not null && knee.TryNext(out var first)) return first;
        return days.Count > 0 ? Math.Max(1, (int)(settings.Integer("users.count") * days[0].Share)) : settings.Integer("users.count");
    }

    /// <summary>The window of a trial whose users changed: of a search the step at capacity, of a day the whole of it.</summary>
    private static TrialRecord Stepped(TrialRecord record, IReadOnlyList<UsersStep> steps, KneeSearch? knee)
    {
        var (first, last) = knee is null ? (steps[0], steps[^1]) : Twice(steps.LastOrDefault(step => step.Name == UsersStep.AtCapacity) ?? steps[^1]);
        return record with
        {
            Steps = steps,
            SteadyBeginNs = first.WindowBeginNs,
            AtBegin = first.AtBegin,
            SteadyEndNs = last.WindowEndNs,
            AtEnd = last.AtEnd,
            Derived = knee is null ? record.Derived : new Dictionary<string, string> { ["users.count"] = last.Users.ToString(CultureInfo.InvariantCulture) },
        };

        static (UsersStep, UsersStep) Twice(UsersStep step) => (step, step);
    }
}
