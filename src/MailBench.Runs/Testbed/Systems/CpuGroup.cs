using System.Globalization;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>
/// A control group (cgroups(7)) that holds a foreign program and all that it starts: the kernel keeps their CPU together, however short they live and whether or not anybody waits for them, which the sums of a
/// process tree cannot (where a parent ignores SIGCHLD, as Exim's sessions do, a child's CPU is nobody's). Version 2, or version 1's <c>cpuacct</c>.
/// </summary>
internal sealed class CpuGroup
{
    private const string Prefix = "mailbench-";
    private const string ProcessList = "cgroup.procs";
    private const int RemovalAttempts = 400;
    private static readonly TimeSpan RemovalPause = TimeSpan.FromMilliseconds(25);
    private static int _made;

    private readonly string _folder;

    private CpuGroup(string folder) => _folder = folder;

    /// <summary>A process that writes 0 into this file, and all that it starts from then on, belong to the group.</summary>
    public string Door => Path.Combine(_folder, ProcessList);

    /// <summary>CPU of all that were ever in it, in nanoseconds; null while nobody was.</summary>
    public double? CpuNs => UsedNs(_folder) is > 0 and var used ? used : null;

    /// <summary>A new, empty group below the runner's own; null where none can be made (no root, no cgroups, a read-only mount). Groups of runners that are gone are taken away first.</summary>
    public static CpuGroup? Create()
    {
        foreach (var parent in Parents())
        {
            try
            {
                RemoveStale(parent);
                var folder = Path.Combine(parent, $"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref _made)}");
                Directory.CreateDirectory(folder);
                if (UsedNs(folder) is not null) return new CpuGroup(folder);
                Directory.Delete(folder);
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
                // The other version may be writable.
            }
        }

        return null;
    }

    /// <summary>Takes the group away when its last process is gone, which the kernel may learn a moment after everybody else; one that stays is taken away by a later run.</summary>
    public async Task RemoveAsync(TimeProvider time)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Directory.Delete(_folder);
                return;
            }
            catch (Exception busy) when (busy is IOException or UnauthorizedAccessException)
            {
                if (attempt == RemovalAttempts) return;
                await Task.Delay(RemovalPause, time);
            }
        }
    }

    /// <summary>Where the runner's own groups are mounted, from <c>/proc/mounts</c> and <c>/proc/self/cgroup</c>: version 2 first, which counts CPU without any controller.</summary>
    internal static IEnumerable<string> Parents(string mounts, string own)
    {
        var places = mounts.Split('\n').Select(line => line.Split(' ')).Where(fields => fields.Length > 3).ToList();
        var groups = own.Split('\n').Select(line => line.Split(':', 3)).Where(fields => fields.Length == 3).ToList();
        foreach (var (mount, group) in new[]
        {
            (places.Find(fields => fields[2] == "cgroup2"), groups.Find(fields => fields[0] == "0")),
            (places.Find(fields => fields[2] == "cgroup" && fields[3].Split(',').Contains("cpuacct")), groups.Find(fields => fields[1].Split(',').Contains("cpuacct"))),
        })
        {
            if (mount is not null && group is not null) yield return Path.Join(mount[1], group[2]);
        }
    }

    private static IEnumerable<string> Parents() => SystemText.Of("/proc/mounts") is { } mounts && SystemText.Of("/proc/self/cgroup") is { } own ? Parents(mounts, own) : [];

    private static double? UsedNs(string folder)
    {
        const string usage = "usage_usec ";
        if (SystemText.Of(Path.Combine(folder, "cpu.stat")) is { } text && text.Split('\n').FirstOrDefault(line => line.StartsWith(usage, StringComparison.Ordinal)) is { } found)
            return double.Parse(found.AsSpan(usage.Length), CultureInfo.InvariantCulture) * 1e3;
        return SystemText.Of(Path.Combine(folder, "cpuacct.usage")) is { } ns ? double.Parse(ns, CultureInfo.InvariantCulture) : null;
    }

    private static void RemoveStale(string parent)
    {
        foreach (var folder in Directory.EnumerateDirectories(parent, $"{Prefix}*"))
        {
            if (int.TryParse(Path.GetFileName(folder)[Prefix.Length..].Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Directory.Exists($"/proc/{pid}")) continue;
            try
            {
                Directory.Delete(folder);
            }
            catch (Exception busy) when (busy is IOException or UnauthorizedAccessException)
            {
                // Somebody is still in it.
            }
        }
    }
}
