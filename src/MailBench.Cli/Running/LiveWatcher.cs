using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs;
using MailBench.Runs.Sweep;
using Spectre.Console;

namespace MailBench.Cli.Running;

/// <summary>Progress as two bars: the run with its time left, and the trial under way with phase and rate.</summary>
internal sealed class LiveWatcher : IRunWatcher
{
    private readonly ProgressTask _run;
    private readonly ProgressTask _phase;
    private readonly TimeProvider _time;
    private readonly double _totalSeconds;
    private TimeSpan _left;
    private long _since;
    private string _trial = RunScreen.BeforeTrials;
    private PhaseSettings? _phases;

    public LiveWatcher(RunPlan plan, TimeSpan estimate, ProgressContext bars, TimeProvider time)
    {
        (_time, _totalSeconds, _left, _since) = (time, estimate.TotalSeconds, estimate, time.GetTimestamp());
        _run = bars.AddTask(Markup.Escape($"{plan.Profile.Name}: about {RunScreen.Clock(estimate)}"), maxValue: estimate.TotalSeconds);
        _phase = bars.AddTask("starting the testbed", maxValue: 1);
    }

    public void Calibrating(Calibration? done)
    {
        _phase.Description = done is null ? "calibrating: source to sink, line, disk" : "calibrated";
        _phase.IsIndeterminate = done is null;
    }

    public void TrialBegins(TrialPlan trial, int number, int total, TimeSpan left)
    {
        (_left, _since) = (left, _time.GetTimestamp());
        _trial = RunScreen.NameOf(trial);
        _phases = trial.Point.Settings.ToPhases();
        _run.Description = Markup.Escape($"trial {number} of {total}, {RunScreen.Clock(left)} left");
        _phase.IsIndeterminate = false;
        _phase.Value = 0;
        _phase.Description = Markup.Escape($"{_trial}: starting the SUT");
        Advance();
    }

    public void Progress(RunProgress progress)
    {
        var length = progress.Phase switch { "warm-up" => _phases?.WarmUp, "steady" => _phases?.Steady, _ => _phases?.Drain };
        _phase.IsIndeterminate = progress.Left is null;
        if (progress.Left is { } left && length is { Ticks: > 0 } known)
        {
            _phase.MaxValue = known.TotalSeconds;
            _phase.Value = Math.Max(0, (known - left).TotalSeconds);
        }

        _phase.Description = Markup.Escape($"{_trial}: {RunScreen.Describe(progress)}");
        Advance();
    }

    public void TrialEnds(TrialPlan trial, TrialRecord record) => Advance();

    private void Advance() => _run.Value = Math.Clamp(_totalSeconds - (_left - _time.GetElapsedTime(_since)).TotalSeconds, 0, _totalSeconds);
}
