using MailBench.Model.Nodes;
using MailBench.Model.Records;

namespace MailBench.Analysis.Figures;

/// <summary>Demand, capacity and utilisation of every resource (method: ceilings, bottleneck). U = X·D ÷ C.</summary>
public static class Utilisations
{
    public const string LineForward = "line forward";
    public const string LineReverse = "line reverse";
    public const string MachineCpu = "cpu of the machine";
    public const string BusiestThread = "cpu of the SUT's busiest thread";
    public const string Storage = "storage syncs";
    public const string Concurrency = "outbound sessions";
    public const string Connections = "connections";
    public const string Dns = "dns responder";
    public const string Unattributed = "unattributed";
    private const double Bound = 0.9;

    public static IReadOnlyList<Utilisation> Of(
        TrialCounters counters, PointSettings settings, LineFigures line, double deliveriesPerSecond, MachineDisclosure machine, Calibration? calibration, string sut)
    {
        var rows = new List<Utilisation>();
        if (deliveriesPerSecond <= 0) return rows;
        if (settings.HasLine)
        {
            Add(LineForward, line.ForwardBitsPerSecond, settings.Forward.BitsPerSecond, "bit");
            Add(LineReverse, line.ReverseBitsPerSecond, settings.Reverse.BitsPerSecond, "bit");
        }

        Add(MachineCpu, counters.Roles.Sum(role => PerSecond(role, CounterNames.CpuNs) ?? 0) / 1e9, machine.CpuCount, "cpu s");
        Add(BusiestThread, PerSecond(sut, CounterNames.BusiestThreadCpuNs) / 1e9, 1, "cpu s");

        // A committer that groups is busy, not counted: its share of time inside syncs is the utilisation, and the probed rate of lone syncs only a yardstick.
        if (PerSecond(sut, CounterNames.SyncBusyNs) is { } busyNs) Add(Storage, busyNs / 1e9, 1, "sync s");
        else Add(Storage, PerSecond(sut, CounterNames.Syncs), calibration?.SyncsPerSecondBefore, "sync");

        if (PerSecond(sut, CounterNames.SessionOutBusyNs) is { } busySessionNs) Add(Concurrency, busySessionNs / 1e9, SessionLimit(settings), "session s");
        Add(Dns, PerSecond("dns", CounterNames.Queries), calibration?.DnsAnswersPerSecond, "query");
        return rows;

        double? PerSecond(string role, string counter) =>
            counters.InWindow(role, counter) is { } growth && counters.Window(role) is { } window ? growth / ((window.EndNs - window.BeginNs) / 1e9) : null;

        void Add(string resource, double? perSecond, double? capacity, string unit)
        {
            if (perSecond is not { } use) return;
            rows.Add(new Utilisation(resource, use / deliveriesPerSecond, unit, capacity, capacity > 0 ? use / capacity : null));
        }
    }

    /// <summary>
    /// The resource with U ≥ 0.9. Sessions, outbound or of users, that wait for a full line, CPU or disk are all open because of it, so they are named only when nothing physical is full.
    /// </summary>
    public static string Bottleneck(IReadOnlyList<Utilisation> rows)
    {
        var full = rows.Where(row => row.Share >= Bound).OrderByDescending(row => row.Resource is not (Concurrency or Connections)).ThenByDescending(row => row.Share).FirstOrDefault();
        return full?.Resource ?? Unattributed;
    }

    /// <summary>Outbound sessions that may be open at once; null where the settings do not say.</summary>
    internal static double? SessionLimit(PointSettings settings)
    {
        // Sites: one per MX host or set (per-mx-…), one per domain otherwise.
        var sites = settings.Strategy is "per-mx-host" or "per-mx-set" ? settings.MxHosts : settings.Domains;
        if (settings.SessionsPerSite * sites is not { } bySite) return settings.SessionsOut;
        return Math.Min(bySite, settings.SessionsOut ?? int.MaxValue);
    }
}
