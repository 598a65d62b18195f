using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
using MailBench.Runs.Phases;
using MailBench.Runs.Records;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;

namespace MailBench.Runs;

/// <summary>
/// A run's way, top to bottom: Profile → Testbed (calibrate) → nodes → events and samples → run folder. The caller goes on with Analysis → Report, which read nothing but the folder.
/// </summary>
public sealed class RunFlow(RunPlan plan, RunFolder folder, NodeProgram program, string command, IRunWatcher watcher, TimeProvider time)
{
    /// <summary>Runs what the folder's journal lacks. Cancelling <paramref name="stop"/> abandons the trial under way and keeps the finished ones. Throws only for defects and a full disk.</summary>
    public async Task<RunOutcome> RunAsync(CancellationToken stop)
    {
        // Profile.
        using var record = RunRecord.Open(plan, folder, command, time);
        var done = record.Finished;
        var rest = plan.Trials.Where(trial => !done.ContainsKey((trial.Point.Number, trial.Repetition))).ToArray();
        RoleFailure? failure = null;
        try
        {
            // Testbed.
            await using var bench = await Bench.StartAsync(program, folder, plan.Points[0].Settings, plan.Points.Max(point => point.Settings.Integer("dns.mx")), TestbedPorts.Of(plan), plan.LineBackend, time, stop);
            using var samples = new SampleFile(folder.Samples);
            var observer = new Observer(bench, samples, watcher, time);
            var calibration = new CalibrationPhase(bench, observer, plan, record.Run, record.QueueRoot);
            watcher.Calibrating(null);
            watcher.Calibrating(record.Calibration ?? await record.CalibratedAsync(calibration.RunAsync(stop)));

            // Nodes → events and samples → run folder.
            var phases = new TrialPhasesFactory(bench, observer, folder, program, record, TestbedPorts.Of(plan), time);
            for (var i = 0; i < rest.Length && failure is null; i++)
            {
                watcher.TrialBegins(rest[i], plan.Trials.Count - rest.Length + i + 1, plan.Trials.Count, TimeLeft(rest, i));
                var trial = await RunTrialAsync(phases, rest[i], done, stop);
                record.Append(trial);
                done[(trial.Point, trial.Repetition)] = trial;
                watcher.TrialEnds(rest[i], trial);
                // A system that cannot be probed to the end is a result of its own; the next one is asked all the same.
                if (trial is { Failure.Role: not NoRate, Findings: null }) failure = trial.Failure;
            }

            if (failure is null) record.Completed(calibration.SyncsAfter());
        }
        catch (RoleFailedException failed)
        {
            failure = failed.Failure;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            record.DropUnfinished(done);
            return new RunOutcome(done.Count, plan.Trials.Count, Interrupted: true, null);
        }

        return new RunOutcome(done.Count, plan.Trials.Count, Interrupted: false, failure);
    }

    /// <summary>Stands as the failing role of a point whose rate is a share of a rate that was not measured: the point is void and the run goes on.</summary>
    internal const string NoRate = "schedule";

    private static async Task<TrialRecord> RunTrialAsync(
        TrialPhasesFactory phases, TrialPlan trial, Dictionary<(int Point, int Repetition), TrialRecord> done, CancellationToken stop)
    {
        if (trial.Point.Settings.CrossChecks()) return await phases.CreateCrossCheck(trial.Point.Settings.Integer("seed")).RunAsync(trial, stop);
        if (trial.Point.Settings.HasProbes()) return await phases.CreateProbes().RunAsync(trial, stop);
        if (trial.Point.Settings.HasUsers()) return await phases.CreateUsers().RunAsync(trial, stop);
        if (trial.Point.BasePoint is not { } origin) return await phases.Create().RunAsync(trial, null, stop);
        OfferedRate.TryParse(trial.Point.Settings.Text("load.rate"), out var share);
        var derived = done.TryGetValue((origin, trial.Repetition), out var measured)
            ? DeliveredRate.ShareOf(measured, share.Share, trial.Point.Settings.Integer("workload.recipients"))
            : null;
        return derived is null
            ? TrialPhases.Void(trial, new RoleFailure(NoRate, $"its rate is {share}, and point {origin} of that sweep is void", []))
            : await phases.Create().RunAsync(trial, derived, stop);
    }

    private static TimeSpan TimeLeft(TrialPlan[] rest, int from) => rest[from..].Aggregate(TimeSpan.Zero, (sum, trial) => sum + RunEstimate.Of(trial));
}
