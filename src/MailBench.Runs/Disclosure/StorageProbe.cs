using MailBench.Model.Records;

namespace MailBench.Runs.Disclosure;

/// <summary>What a directory is stored on: the mount from <c>/proc/self/mountinfo</c>, the device from <c>/sys/dev/block</c>.</summary>
internal static class StorageProbe
{
    /// <summary>A flush to a durable device takes longer than 20 µs; what syncs faster than this acknowledges from a cache or from memory.</summary>
    private const double PlausibleSyncsPerSecond = 50_000;

    private static readonly string[] MemoryFileSystems = ["tmpfs", "ramfs", "devtmpfs"];

    public static StorageDisclosure Read(string role, string directory, double? syncsPerSecond)
    {
        var mount = MountOf(Path.GetFullPath(directory));
        var block = mount is null ? null : BlockDevice(mount.Value.Device);
        var name = block is null ? null : Path.GetFileName(block);
        var raid = block is null ? null : RaidLevel(block);
        var memory = mount is { } found && (MemoryFileSystems.Contains(found.FileSystem) || name?.StartsWith("ram", StringComparison.Ordinal) == true || name?.StartsWith("zram", StringComparison.Ordinal) == true);
        return new StorageDisclosure
        {
            Role = role,
            Device = name,
            FileSystem = mount?.FileSystem,
            RaidLevel = raid,
            WriteCache = block is null ? null : ReadText(Path.Combine(DiskOf(block), "queue", "write_cache")),
            Striped = raid switch
            {
                "raid0" or "raid10" or "raid4" or "raid5" or "raid6" => true,
                "raid1" or "linear" => false,
                // A virtual or mapped disk may be anything beneath.
                _ => null,
            },
            MemoryBacked = memory,
            SyncsPerSecond = syncsPerSecond,
            ImplausiblyFast = syncsPerSecond > PlausibleSyncsPerSecond,
        };
    }

    /// <summary>The disk that a directory is on, by its name in <c>/sys/block</c>; null where it is on none.</summary>
    public static string? DiskUnder(string directory) =>
        MountOf(Path.GetFullPath(directory)) is { } mount && BlockDevice(mount.Device) is { } block ? Path.GetFileName(DiskOf(block)) : null;

    /// <summary>The longest mount point above the directory. Mountinfo's fields: ID, parent, MAJOR:MINOR, root, mount point, options …, "-", type, source (proc(5)).</summary>
    private static (string Device, string FileSystem)? MountOf(string directory)
    {
        if (!File.Exists("/proc/self/mountinfo")) return null;
        (string Device, string FileSystem)? best = null;
        var length = -1;
        foreach (var line in File.ReadLines("/proc/self/mountinfo"))
        {
            var fields = line.Split(' ');
            var dash = Array.IndexOf(fields, "-");
            if (fields.Length < 6 || dash < 0 || dash + 1 >= fields.Length) continue;
            var point = fields[4].Replace("\\040", " ", StringComparison.Ordinal);
            var contains = point == "/" || directory == point || directory.StartsWith(point + "/", StringComparison.Ordinal);
            if (!contains || point.Length < length) continue;
            (best, length) = ((fields[2], fields[dash + 1]), point.Length);
        }

        return best;
    }

    /// <summary>The device's directory under <c>/sys</c>, or null for what has none (overlay, network, memory).</summary>
    private static string? BlockDevice(string majorMinor)
    {
        var link = $"/sys/dev/block/{majorMinor}";
        try
        {
            return Directory.Exists(link) ? Directory.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>A partition's disk is the directory above it.</summary>
    private static string DiskOf(string block) => File.Exists(Path.Combine(block, "partition")) ? Path.GetDirectoryName(block)! : block;

    /// <summary><c>md/level</c> of the device or of what it is mapped onto, five layers down at most.</summary>
    private static string? RaidLevel(string block, int depth = 0)
    {
        if (ReadText(Path.Combine(DiskOf(block), "md", "level")) is { Length: > 0 } level) return level;
        var slaves = Path.Combine(block, "slaves");
        if (depth > 5 || !Directory.Exists(slaves)) return null;
        return Directory.EnumerateFileSystemEntries(slaves).Select(slave => Directory.ResolveLinkTarget(slave, true)?.FullName)
            .OfType<string>().Select(slave => RaidLevel(slave, depth + 1)).FirstOrDefault(found => found is not null);
    }

    private static string? ReadText(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllText(file).Trim() : null;
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
