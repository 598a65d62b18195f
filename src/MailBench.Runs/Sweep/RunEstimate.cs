using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Searching;
using MailBench.Runs.CrossCheck;

namespace MailBench.Runs.Sweep;

/// <summary>How long a run will take. Windows are exact; starts, drains and probes are from experience on two cores.</summary>
public static class RunEstimate
{
    /// <summary>Start and stop of a fresh SUT, books, flushing of event files.</summary>
    private static readonly TimeSpan AroundTrial = TimeSpan.FromSeconds(1.6);

    /// <summary>A mailbox with a message or two, made before a trial and removed after it: 10,000 took some ten seconds.</summary>
    private static readonly TimeSpan AroundMailbox = TimeSpan.FromMilliseconds(1);

    /// <summary>A saturated point drains over the line opened wide; an open one holds little.</summary>
    private static readonly TimeSpan UsualDrain = TimeSpan.FromSeconds(0.7);

    /// <summary>Six numbers of users until the knee is known to 5 %, four steps around an overload, and the time to get over those that were too many.</summary>
    private const int UsualKneeSteps = 11;

    /// <summary>Start of the testbed, disk probes before and after.</summary>
    private static readonly TimeSpan AroundRun = TimeSpan.FromSeconds(3);

    /// <summary>Postfix accepting a message, and later delivering it.</summary>
    private static readonly TimeSpan UsualPostfixMessage = TimeSpan.FromMilliseconds(5);

    /// <summary>All probes of a system; half of it waits for a message to expire.</summary>
    private static readonly TimeSpan AroundProbes = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan AroundProbe = TimeSpan.FromSeconds(0.6);

    /// <summary>What is to be expected: of a search as many tries as one takes that nothing contradicts.</summary>
    public static TimeSpan Of(RunPlan plan) => Around(plan) + plan.Trials.Aggregate(TimeSpan.Zero, (sum, trial) => sum + Of(trial));

    /// <summary>The same with all tries that searches may take, each with all its drain.</summary>
    public static TimeSpan MostOf(RunPlan plan) => Around(plan) + plan.Trials.Aggregate(TimeSpan.Zero, (sum, trial) => sum + (trial.Point.Settings.FindsSustainable() ? Try(trial.Point.Settings.ToPhases()) : Of(trial)));

    private static TimeSpan Around(RunPlan plan) => AroundRun + Probes(plan) * (plan.Profile.Settings.Span("phases.calibrate") + AroundProbe);

    private static TimeSpan Try(PhaseSettings phases) => AroundTrial + phases.WarmUp + phases.Steady + phases.Drain;

    /// <summary>One trial, from the SUT's start to its end. A try that is rarely needed takes no time.</summary>
    public static TimeSpan Of(TrialPlan trial)
    {
        if (trial.Point.Settings.FindsSustainable() && trial.Repetition >= SustainableSearch.UsualTries(trial.Point.Settings.Share("load.resolution"))) return TimeSpan.Zero;
        var phases = trial.Point.Settings.ToPhases();
        if (trial.Point.Settings.CrossChecks()) return trial.Point.Settings.Integer("crossCheck.rounds") * ToolChoice.All.Count * (2 * AroundTrial + trial.Point.Settings.Integer("crossCheck.messages") * UsualPostfixMessage);
        if (trial.Point.Settings.HasProbes()) return AroundProbes;
        return AroundTrial + Mailboxes(trial.Point.Settings) * AroundMailbox + phases.WarmUp + Window(trial.Point.Settings, phases.Steady) + (phases.Drain < UsualDrain ? phases.Drain : UsualDrain);
    }

    private static int Mailboxes(SettingValues settings) =>
        settings.HasUsers() && (settings.Integer("users.mailbox.messages") > 0 || settings.Flag("users.mailbox.waiting")) ? settings.Integer("users.count") : 0;

    /// <summary>The steady window, or what stands in its place where the number of users changes.</summary>
    private static TimeSpan Window(SettingValues settings, TimeSpan steady)
    {
        if (!settings.HasUsers()) return steady;
        if (settings.Text("users.find") == "knee") return UsualKneeSteps * (settings.Span("users.interval") + steady);
        return settings.List("users.schedule").Aggregate((TimeSpan?)null, (sum, stage) => (sum ?? TimeSpan.Zero) + UsersStageText.Parse(stage).During) ?? steady;
    }

    /// <summary>Two ceilings per workload, one probe per limited capacity.</summary>
    private static int Probes(RunPlan plan) =>
        plan.Points.Where(point => point.Settings.SendsMail()).SelectMany(point => WorkloadKey.ShapesOf(point.Settings)).Distinct().Count()
        + plan.Points.Where(point => !point.Settings.HasProbes()).Select(point => point.Settings.Capacity("line.capacity")).Where(capacity => !capacity.Forward.IsUnlimited).Distinct().Count();
}

/// <summary>What makes two source-to-sink ceilings the same probe: content, recipients per message, dialogue.</summary>
internal sealed record WorkloadKey(string Content, int Recipients, bool Pipelining, bool Reuse)
{
    /// <summary>The point's own shape, and one recipient a message (a sink's ceiling of transactions).</summary>
    public static IEnumerable<WorkloadKey> ShapesOf(SettingValues settings)
    {
        var workload = settings.ToWorkload();
        var content = workload switch
        {
            { Messages: { } messages } => $"messages {Path.GetFileName(Path.TrimEndingDirectorySeparator(messages))}",
            { Mix: { } mix } => $"mix {mix}",
            _ => $"size {workload.Size}",
        };
        yield return new WorkloadKey(content, workload.Recipients, workload.Pipelining, workload.Reuse);
        if (workload.Recipients != 1) yield return new WorkloadKey(content, 1, workload.Pipelining, workload.Reuse);
    }
}
