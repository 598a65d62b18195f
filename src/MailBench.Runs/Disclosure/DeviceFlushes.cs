using System.Globalization;
using MailBench.Model.Nodes;

namespace MailBench.Runs.Disclosure;

/// <summary>
/// How often the disk under a directory was told to flush its cache, and for how long it did, by <c>/proc/diskstats</c> (fields 16 and 17 of the kernel's iostats). It is a check on syncs that a program counts
/// itself, and all that is seen of those of a foreign one. The whole machine's: what others sync on the same disk is in it. Syncs that the file system joins are one flush, and a disk without a write cache is told none.
/// </summary>
internal sealed class DeviceFlushes
{
    private const string Statistics = "/proc/diskstats";

    /// <summary>Places in a line that begins with major, minor and name (proc(5)); older kernels have fewer.</summary>
    private const int Count = 18, Milliseconds = 19;

    private readonly string? _device;

    private DeviceFlushes(string? device) => _device = device;

    /// <summary>Of the whole disk, since the kernel counts flushes for no partition. Where there is none (memory, network, another system), nothing is ever read.</summary>
    public static DeviceFlushes Of(string directory) => new(File.Exists(Statistics) ? StorageProbe.DiskUnder(directory) : null);

    /// <summary>Adds what is known to a snapshot.</summary>
    public void AddTo(Dictionary<string, double> counters)
    {
        if (_device is not null && Parse(File.ReadLines(Statistics), _device) is { } flushes) (counters[CounterNames.DeviceFlushes], counters[CounterNames.DeviceFlushNs]) = flushes;
    }

    /// <summary>Null where the device has no line, or the kernel tells no flushes.</summary>
    internal static (double Flushes, double BusyNs)? Parse(IEnumerable<string> lines, string device)
    {
        foreach (var line in lines)
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length < 3 || fields[2] != device) continue;
            return fields.Length > Milliseconds && Read(fields[Count]) is { } flushes && Read(fields[Milliseconds]) is { } busyMs ? (flushes, busyMs * 1e6) : null;
        }

        return null;
    }

    private static long? Read(string field) => long.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
