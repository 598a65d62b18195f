using System.Globalization;
using MailBench.Model.Nodes;

namespace MailBench.Runs.Disclosure;

/// <summary>CPU time of the whole machine, in clock ticks, from the first line of <c>/proc/stat</c> (proc(5)); zero where there is none. <paramref name="Steal"/>: what the hypervisor gave to others.</summary>
internal readonly record struct CpuTicks(long Total, long Idle, long Steal)
{
    public static CpuTicks Read()
    {
        if (!File.Exists("/proc/stat")) return default;
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(field => long.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) ? ticks : 0).Take(8).ToArray();
        return fields.Length > 7 ? new CpuTicks(fields.Sum(), fields[3] + fields[4], fields[7]) : default;
    }

    /// <summary>Share of all CPU time since <paramref name="before"/> that was stolen, 0–1.</summary>
    public double StealShareSince(CpuTicks before) => Total > before.Total ? (double)(Steal - before.Steal) / (Total - before.Total) : 0;

    /// <summary>Share of all CPU time since <paramref name="before"/> that was neither idle, nor stolen, nor used by the run's own roles: other programs of the machine, and kernel threads.</summary>
    public double OthersShareSince(CpuTicks before, double rolesCpuNs)
    {
        var busy = Total - Idle - Steal - (before.Total - before.Idle - before.Steal);
        return Total > before.Total ? Math.Max(0, (busy - rolesCpuNs / NsPerTick) / (Total - before.Total)) : 0;
    }

    /// <summary>CPU time of all roles between two snapshots.</summary>
    public static double RolesCpuNs(IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> begin, IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> end) =>
        end.Sum(role => role.Value.GetValueOrDefault(CounterNames.CpuNs) - (begin.TryGetValue(role.Key, out var before) ? before.GetValueOrDefault(CounterNames.CpuNs) : 0));

    /// <summary>USER_HZ is 100 in every Linux ABI that .NET runs on.</summary>
    private const double NsPerTick = 1e7;
}
