using MailBench.Model.Records;
using MailBench.Runs.Sweep;

namespace MailBench.Runs;

/// <summary>Which trial: point 0 is the calibration.</summary>
public readonly record struct TrialMark(int Point, int Repetition);

/// <summary>How a run stands, once a second. Rate: recipients per second at the sinks, or polls of users; null when not known yet. Left: of this phase, null where nobody knows.</summary>
public sealed record RunProgress(TrialMark Trial, string Phase, double? RatePerSecond, TimeSpan? Left)
{
    public string RateUnit { get; init; } = "deliveries/s";

    /// <summary>How far it is, in words; may be empty.</summary>
    public string Detail { get; init; } = "";
}

/// <summary>Who watches a run (a terminal). Called from the run's own task, one call at a time; must not throw.</summary>
public interface IRunWatcher
{
    /// <summary>Calibration begins, or has given this.</summary>
    void Calibrating(Calibration? done);

    /// <summary>Trial <paramref name="number"/> of <paramref name="total"/> begins; <paramref name="left"/>: estimate for it and all that follow.</summary>
    void TrialBegins(TrialPlan trial, int number, int total, TimeSpan left);

    void Progress(RunProgress progress);

    void TrialEnds(TrialPlan trial, TrialRecord record);
}

/// <summary>How a run ended. Failure: a role died or refused (exit code 4). Left: what of its queues and mailboxes was not removed, and why; null: nothing.</summary>
public sealed record RunOutcome(int TrialsFinished, int TrialsPlanned, bool Interrupted, RoleFailure? Failure, string? Left);
