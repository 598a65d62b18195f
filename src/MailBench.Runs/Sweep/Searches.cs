using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Searching;
using MailBench.Model.Units;
using MailBench.Runs.Phases;

namespace MailBench.Runs.Sweep;

/// <summary>
/// The searches of a run, each replayed over the tries that are done: nothing of them is kept beside the journal. <paramref name="done"/> grows as trials finish, those of an earlier part of the run included.
/// </summary>
internal sealed class Searches(TryJudge judge, IReadOnlyDictionary<(int Point, int Repetition), TrialRecord> done)
{
    private readonly Dictionary<(int Point, int Repetition), TryVerdict> _verdicts = [];

    /// <summary>What the point's next trial offers; null: it is no search, its search has ended, or the rate that its most is a share of was not measured.</summary>
    public TryMark? Next(PointPlan point)
    {
        if (!point.Settings.FindsSustainable() || MostOf(point) is not { } most) return null;
        var search = new SustainableSearch(most.PerSecond, point.Settings.Share("load.resolution"));
        foreach (var (tried, verdict) in Tries(point.Number)) search.Took(tried, verdict);
        return search.Next;
    }

    /// <summary>No trial of the point is left to be run: one that could not begin says so once.</summary>
    public bool HasEnded(PointPlan point) => point.Settings.FindsSustainable() && Next(point) is null && done.ContainsKey((point.Number, 0));

    /// <summary>The trial with the rate of its try.</summary>
    public static TrialPlan At(TrialPlan trial, TryMark tried)
    {
        var rate = new Rate(tried.PerSecond).ToString();
        var planned = trial.Point.Planned with { Axes = new Dictionary<string, string>(trial.Point.Planned.Axes) { ["load.rate"] = rate } };
        return trial with { Point = trial.Point with { Planned = planned, Settings = trial.Point.Settings.With("load.rate", rate), BasePoint = null } };
    }

    /// <summary>What such a trial gave, as the journal keeps it.</summary>
    public static TrialRecord Of(TrialRecord trial, TryMark tried) => trial with { Try = tried, Derived = new Dictionary<string, string> { ["load.rate"] = new Rate(tried.PerSecond).ToString() } };

    private Rate? MostOf(PointPlan point)
    {
        if (!OfferedRate.TryParse(point.Settings.Find("load.rate"), out var most)) return null;
        if (point.BasePoint is not { } origin) return most.Absolute;
        return done.TryGetValue((origin, 0), out var measured) && DeliveredRate.MessagesOf(measured, point.Settings.Integer("workload.recipients")) is { } whole ? most.Of(whole) : null;
    }

    private IEnumerable<(TryMark Tried, TryVerdict Verdict)> Tries(int point)
    {
        for (var i = 0; done.TryGetValue((point, i), out var trial) && trial.Try is { } tried; i++)
        {
            if (!_verdicts.TryGetValue((point, i), out var verdict)) _verdicts[(point, i)] = verdict = judge(trial);
            yield return (tried, verdict);
        }
    }
}
