using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Disclosure;
using MailBench.Runs.Phases;
using MailBench.Runs.Records;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;

namespace MailBench.Runs;

/// <summary>
/// A run's way, top to bottom: Profile → Testbed (calibrate) → nodes → events and samples → run folder. The caller goes on with Analysis → Report, which read nothing but the folder.
/// </summary>
public sealed class RunFlow(RunPlan plan, RunFolder folder, NodeProgram program, string command, TryJudge judge, IRunWatcher watcher, TimeProvider time)
{
    /// <summary>Runs what the folder's journal lacks. Cancelling <paramref name="stop"/> abandons the trial under way and keeps the finished ones. Throws only for defects and a full disk.</summary>
    public async Task<RunOutcome> RunAsync(CancellationToken stop)
    {
        // Profile.
        using var record = RunRecord.Open(plan, folder, command, time);
        var scratch = new RunScratch(folder, record.QueueRoot, watcher, time);
        var rest = plan.Trials.Where(trial => !record.Finished.ContainsKey((trial.Point.Number, trial.Repetition))).ToList();
        RoleFailure? failure = null;
        string? left;
        try
        {
            failure = await MeasureAsync(record, rest, scratch, stop);
        }
        catch (RoleFailedException failed)
        {
            failure = failed.Failure;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            record.DropUnfinished();
        }
        finally
        {
            left = await scratch.EndAsync(stop);
        }

        return new RunOutcome(record.Finished.Count, record.Finished.Count + rest.Count, stop.IsCancellationRequested, failure, left);
    }

    /// <summary>Stands as the failing role of a point whose rate is a share of a rate that was not measured: the point is void and the run goes on.</summary>
    internal const string NoRate = "schedule";

    /// <summary>What the journal lacks, trial by trial, each of which leaves <paramref name="rest"/> when the journal has it; the failure that ends the run, or null.</summary>
    private async Task<RoleFailure?> MeasureAsync(RunRecord record, List<TrialPlan> rest, RunScratch scratch, CancellationToken stop)
    {
        await scratch.ClearAsync(stop);
        var done = record.Finished;
        var searches = new Searches(judge, done);

        // Testbed.
        await using var bench = await Bench.StartAsync(program, folder, plan.Points[0].Settings, plan.Points.Max(point => point.Settings.Integer("dns.mx")), TestbedPorts.Of(plan), plan.LineBackend, time, stop);
        using var samples = new SampleFile(folder.Samples);
        var observer = new Observer(bench, DeviceFlushes.Of(record.QueueRoot), samples, watcher, time);
        var calibration = new CalibrationPhase(bench, observer, plan, record.Run, record.QueueRoot);
        watcher.Calibrating(null);
        watcher.Calibrating(record.Calibration ?? await record.CalibratedAsync(calibration.RunAsync(stop)));

        // Nodes → events and samples → run folder.
        var phases = new TrialPhasesFactory(bench, observer, folder, program, record, scratch, TestbedPorts.Of(plan), time);
        while (rest.Count > 0)
        {
            var next = rest[0];
            var tried = searches.Next(next.Point);
            if (tried is null && searches.HasEnded(next.Point))
            {
                rest.RemoveAll(other => other.Point == next.Point);
                continue;
            }

            if (tried is not null) next = Searches.At(next, tried);
            watcher.TrialBegins(next, done.Count + 1, done.Count + rest.Count, TimeLeft(rest));
            var trial = await RunTrialAsync(phases, next, done, stop);
            if (tried is not null) trial = Searches.Of(trial, tried);
            // First the journal: what was measured is not lost to a clean-up of minutes that somebody breaks off.
            record.Append(trial);
            rest.RemoveAt(0);
            watcher.TrialEnds(next, trial);
            await scratch.RemoveAsync(next, stop);
            // A system that cannot be probed to the end is a result of its own; the next one is asked all the same.
            if (trial is { Failure.Role: not NoRate, Findings: null }) return trial.Failure;
        }

        record.Completed(calibration.SyncsAfter());
        return null;
    }

    private static async Task<TrialRecord> RunTrialAsync(
        TrialPhasesFactory phases, TrialPlan trial, Dictionary<(int Point, int Repetition), TrialRecord> done, CancellationToken stop)
    {
        if (trial.Point.Settings.CrossChecks()) return await phases.CreateCrossCheck(trial).RunAsync(trial, stop);
        if (trial.Point.Settings.HasProbes()) return await phases.CreateProbes(trial).RunAsync(trial, stop);
        if (trial.Point.Settings.HasUsers()) return await phases.CreateUsers().RunAsync(trial, stop);
        if (trial.Point.BasePoint is not { } origin) return await phases.Create().RunAsync(trial, null, stop);
        var whole = done.TryGetValue((origin, trial.Repetition), out var measured) ? DeliveredRate.MessagesOf(measured, trial.Point.Settings.Integer("workload.recipients")) : null;
        return whole is null
            ? TrialPhases.Void(trial, new RoleFailure(NoRate, $"its rate is {trial.Point.Settings.Text(trial.Point.Settings.OfferedPath())}, and point {origin} of that sweep is void", []))
            : await phases.Create().RunAsync(trial, whole, stop);
    }

    private static TimeSpan TimeLeft(List<TrialPlan> rest) => rest.Aggregate(TimeSpan.Zero, (sum, trial) => sum + RunEstimate.Of(trial));
}
