using System.Globalization;
using System.Runtime.InteropServices;
using MailBench.Model.Nodes;
using MailBench.Model.Units;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>
/// What one process has used, from <c>/proc/PID/stat</c> (proc(5)): ticks of its own and of the children that it has waited for.
/// </summary>
internal readonly record struct ProcessUse(int Pid, int Parent, long OwnTicks, long ReapedTicks)
{
    /// <summary>Reads a line of <c>stat</c>; the program's name, which may hold anything, stands in parentheses.</summary>
    public static bool TryParse(string stat, out ProcessUse use)
    {
        use = default;
        var close = stat.LastIndexOf(')');
        var open = stat.IndexOf('(', StringComparison.Ordinal);
        if (open < 1 || close < open || !int.TryParse(stat.AsSpan(0, open - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) return false;
        var fields = stat[(close + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 15 || !int.TryParse(fields[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parent)) return false;
        // After state: utime, stime, cutime, cstime are fields 14 to 17 of the whole line.
        Span<long> ticks = stackalloc long[4];
        for (var i = 0; i < 4; i++)
            if (!long.TryParse(fields[11 + i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out ticks[i])) return false;
        use = new ProcessUse(pid, parent, ticks[0] + ticks[1], ticks[2] + ticks[3]);
        return true;
    }
}

/// <summary>
/// CPU, memory and writes of a process and all its descendants. Processes that came and went are in it by what their parents have waited for: CPU to a clock tick (10 ms) per process,
/// writes by the kernel's own sums. A process that has ended and was not waited for yet is still listed, so that nothing is missing for longer than a moment.
/// </summary>
internal static partial class ProcessTree
{
    private const int ClockTicks = 2;
    private static readonly double NsPerTick = 1e9 / Math.Max(1, sysconf(ClockTicks));

    /// <summary>Counters as of now, by the names of every role's.</summary>
    public static Dictionary<string, double> Read(int root)
    {
        var members = Members(All(), root);
        long ticks = 0, written = 0, anonymous = 0, shared = 0;
        foreach (var process in members)
        {
            ticks += process.OwnTicks + process.ReapedTicks;
            written += WrittenBytes(process.Pid);
            var (resident, ofFiles) = ResidentPages(process.Pid);
            anonymous += resident - ofFiles;
            // Mapped programs and libraries are mostly the same pages in all of them.
            shared = Math.Max(shared, ofFiles);
        }

        return new Dictionary<string, double>
        {
            [CounterNames.MonotonicNs] = MonotonicClock.NowNs,
            [CounterNames.CpuNs] = ticks * NsPerTick,
            [CounterNames.ResidentBytes] = (anonymous + shared) * (double)Environment.SystemPageSize,
            [CounterNames.QueueBytesWritten] = written,
        };
    }

    /// <summary>The only child of a process, or its first; null when there is none.</summary>
    public static int? ChildOf(int pid) => All().Where(process => process.Parent == pid).Select(process => (int?)process.Pid).FirstOrDefault();

    /// <summary>The root and all its descendants.</summary>
    public static IReadOnlyList<ProcessUse> Members(IEnumerable<ProcessUse> all, int root)
    {
        var children = all.ToLookup(process => process.Parent);
        var members = children.SelectMany(group => group).Where(process => process.Pid == root).ToList();
        for (var i = 0; i < members.Count; i++) members.AddRange(children[members[i].Pid].Where(child => child.Pid != members[i].Pid));
        return members;
    }

    private static List<ProcessUse> All()
    {
        var all = new List<ProcessUse>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
            if (char.IsAsciiDigit(Path.GetFileName(directory)[0]) && SystemText.Of(Path.Combine(directory, "stat")) is { } stat && ProcessUse.TryParse(stat, out var use)) all.Add(use);
        return all;
    }

    /// <summary>Octets sent towards a device, those of waited-for children included (proc(5), io).</summary>
    private static long WrittenBytes(int pid)
    {
        const string field = "\nwrite_bytes: ";
        var text = SystemText.Of($"/proc/{pid}/io") ?? "";
        var at = text.IndexOf(field, StringComparison.Ordinal);
        if (at < 0) return 0;
        var end = text.IndexOf('\n', at + 1);
        return long.TryParse(text.AsSpan(at + field.Length, (end < 0 ? text.Length : end) - at - field.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : 0;
    }

    private static (long Resident, long OfFiles) ResidentPages(int pid)
    {
        var fields = (SystemText.Of($"/proc/{pid}/statm") ?? "").Split(' ');
        return fields.Length > 2 && long.TryParse(fields[1], CultureInfo.InvariantCulture, out var resident) && long.TryParse(fields[2], CultureInfo.InvariantCulture, out var ofFiles) ? (resident, ofFiles) : default;
    }

#pragma warning disable IDE1006, SYSLIB1054 // Reason: the name of the C library.
    [LibraryImport("libc")]
    private static partial long sysconf(int name);
#pragma warning restore IDE1006, SYSLIB1054
}
