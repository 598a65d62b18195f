using MailBench.Model.Nodes;
using MailBench.Model.Records;

namespace MailBench.Analysis.Figures;

/// <summary>Differences of a trial's snapshots. Unknown roles and counters are null, never 0: what was not measured is not nothing.</summary>
public sealed class TrialCounters(TrialRecord trial)
{
    /// <summary>Growth of a counter over the steady window.</summary>
    public double? InWindow(string role, string counter) => Read(trial.AtEnd, role, counter) - Read(trial.AtBegin, role, counter);

    /// <summary>CPU in the window, in ns. Null where the count has fallen, as a process tree's does with children that nobody waits for: it is not known then, and no figure is better than a wrong one.</summary>
    public double? CpuInWindowNs(string role) => InWindow(role, CounterNames.CpuNs) is >= 0 and var used ? used : null;

    /// <summary>Growth from the trial's begin to the end of drain.</summary>
    public double? InTrial(string role, string counter) => Read(trial.AfterDrain, role, counter) - Read(trial.AtTrialBegin, role, counter);

    public double? AtEnd(string role, string counter) => Read(trial.AtEnd, role, counter);

    public double? AtTrialBegin(string role, string counter) => Read(trial.AtTrialBegin, role, counter);

    /// <summary>The role's own window: the stamps of its two snapshots, in ns.</summary>
    public (long BeginNs, long EndNs)? Window(string role) =>
        Read(trial.AtBegin, role, CounterNames.MonotonicNs) is { } begin && Read(trial.AtEnd, role, CounterNames.MonotonicNs) is { } end && end > begin
            ? ((long)begin, (long)end)
            : null;

    public IEnumerable<string> Roles => trial.AtEnd.Keys;

    private static double? Read(IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> snapshots, string role, string counter) =>
        snapshots.TryGetValue(role, out var counters) && counters.TryGetValue(counter, out var value) ? value : null;
}
