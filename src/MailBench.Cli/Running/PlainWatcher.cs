using System.Globalization;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs;
using MailBench.Runs.Sweep;

namespace MailBench.Cli.Running;

/// <summary>Progress as lines: one when a phase begins, then one every five seconds at most.</summary>
internal sealed class PlainWatcher : IRunWatcher
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(5);

    /// <summary>A phase of which less is left is over before anybody wonders.</summary>
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(10);

    private readonly TextWriter _output;
    private readonly TimeProvider _time;
    private string _trial = RunScreen.BeforeTrials;
    private string _phase = "";
    private long _lastLine;

    public PlainWatcher(RunPlan plan, TimeSpan estimate, RunFolder folder, TextWriter output, TimeProvider time)
    {
        (_output, _time) = (output, time);
        output.WriteLine($"{plan.Profile.Name}: {(plan.Points.Any(point => point.Settings.FindsSustainable()) ? "at most " : "")}{plan.Trials.Count} trials, about {RunScreen.Clock(estimate)}, into {Path.GetRelativePath(".", folder.Root)}");
    }

    public void Calibrating(Calibration? done) => _output.WriteLine(done is null
        ? "calibrating: source to sink, line, disk"
        : string.Create(CultureInfo.InvariantCulture, $"calibrated: {string.Join(", ", done.Ceilings.Select(c => $"{c.MessagesPerSecond:0} messages/s at {c.Recipients} recipients"))}; {done.SyncsPerSecondBefore:0} syncs/s"));

    public void TrialBegins(TrialPlan trial, int number, int total, TimeSpan left)
    {
        _trial = $"[{number}/{total}] {RunScreen.NameOf(trial)}";
        _phase = "";
        _output.WriteLine($"{_trial}: about {RunScreen.Clock(left)} left");
    }

    public void Progress(RunProgress progress)
    {
        if (progress.Phase == _phase && _time.GetElapsedTime(_lastLine) < Between) return;
        (_phase, _lastLine) = (progress.Phase, _time.GetTimestamp());
        _output.WriteLine($"{_trial}: {RunScreen.Describe(progress)}{(progress.Left >= LongEnough ? $", {RunScreen.Clock(progress.Left.Value)} left" : "")}");
    }

    public void TrialEnds(TrialPlan trial, TrialRecord record)
    {
        if (record.Failure is { } failure) _output.WriteLine($"{_trial}: void, {failure.Role}: {Printable.Of(failure.Reason)}");
    }
}
