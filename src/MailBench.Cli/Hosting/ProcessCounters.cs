using System.Globalization;
using MailBench.Model.Nodes;
using MailBench.Model.Units;

namespace MailBench.Cli.Hosting;

/// <summary>What this process has used: the part of a snapshot that every role has.</summary>
internal static class ProcessCounters
{
    public static IEnumerable<(string Name, double Value)> Read()
    {
        yield return (CounterNames.MonotonicNs, MonotonicClock.NowNs);
        yield return (CounterNames.CpuNs, System.Environment.CpuUsage.TotalTime.Ticks * 100.0);
        yield return (CounterNames.ResidentBytes, System.Environment.WorkingSet);
        yield return (CounterNames.AllocatedBytes, GC.GetTotalAllocatedBytes());
        yield return (CounterNames.ManagedBytes, GC.GetTotalMemory(forceFullCollection: false));
        yield return (CounterNames.BusiestThreadCpuNs, BusiestThreadCpuNs());
        if (TcpBufferBytes() is { } bytes) yield return (CounterNames.TcpBufferBytes, bytes);
    }

    /// <summary>From <c>/proc/self/net/sockstat</c>, <c>TCP: inuse 5 … mem 12</c>, in pages.</summary>
    private static double? TcpBufferBytes()
    {
        const string File = "/proc/self/net/sockstat";
        if (!System.IO.File.Exists(File)) return null;
        var words = System.IO.File.ReadLines(File).FirstOrDefault(static line => line.StartsWith("TCP:", StringComparison.Ordinal))?.Split(' ');
        return words is not null && Array.IndexOf(words, "mem") is > 0 and var at && at + 1 < words.Length && long.TryParse(words[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var pages)
            ? (double)pages * System.Environment.SystemPageSize
            : null;
    }

    /// <summary>From <c>/proc/self/task/*/schedstat</c>, whose first field is the thread's CPU time in ns; 0 where there is none.</summary>
    private static double BusiestThreadCpuNs()
    {
        if (!OperatingSystem.IsLinux()) return 0;
        var busiest = 0L;
        foreach (var task in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                var text = File.ReadAllText(Path.Combine(task, "schedstat"));
                var end = text.IndexOf(' ', StringComparison.Ordinal);
                if (end > 0 && long.TryParse(text.AsSpan(0, end), NumberStyles.None, CultureInfo.InvariantCulture, out var ns)) busiest = Math.Max(busiest, ns);
            }
            catch (IOException)
            {
                // The thread ended between the listing and the read: it has no further part in the maximum.
            }
        }

        return busiest;
    }
}
