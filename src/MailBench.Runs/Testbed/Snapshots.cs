using System.Text.Json.Nodes;
using MailBench.Model.Nodes;
using MailBench.Model.Units;

namespace MailBench.Runs.Testbed;

/// <summary>Counters of roles as of now.</summary>
internal static class Snapshots
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public static async Task<IReadOnlyDictionary<string, double>> OfAsync(NodeProcess process, CancellationToken cancellationToken)
    {
        var data = await process.AskAsync(new SnapshotCommand(), Patience, cancellationToken) ?? [];
        var counters = new Dictionary<string, double>(data.Count);
        foreach (var (name, value) in data)
            if (value is JsonValue number && number.TryGetValue(out double counter)) counters[name] = counter;
        return counters;
    }

    /// <summary>The runner's own use, as a role beside the others: it shares their cores.</summary>
    public static Dictionary<string, double> OfRunner() => new()
    {
        [CounterNames.MonotonicNs] = MonotonicClock.NowNs,
        [CounterNames.CpuNs] = Environment.CpuUsage.TotalTime.Ticks * 100.0,
        [CounterNames.ResidentBytes] = Environment.WorkingSet,
    };
}
