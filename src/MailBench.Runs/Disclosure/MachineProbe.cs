using System.Globalization;
using System.Reflection;
using System.Runtime;
using System.Runtime.InteropServices;
using MailBench.Model.Records;

namespace MailBench.Runs.Disclosure;

/// <summary>What the machine is, from <c>/proc</c> and the runtime; no host name and no path.</summary>
internal static class MachineProbe
{
    public static MachineDisclosure Read()
    {
        var version = (typeof(MachineProbe).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown").Split('+');
        return new MachineDisclosure
        {
            MailBenchVersion = version[0],
            Commit = version.Length > 1 ? version[1] : null,
            Os = OsName(),
            Kernel = Text("/proc/sys/kernel/osrelease") ?? RuntimeInformation.OSDescription,
            Runtime = RuntimeInformation.FrameworkDescription,
            GcMode = GCSettings.IsServerGC ? "server" : GCSettings.LatencyMode == GCLatencyMode.Batch ? "workstation, not concurrent" : "workstation, concurrent",
            CpuModel = Field("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
            CpuCount = Environment.ProcessorCount,
            MemoryBytes = MemoryBytes(),
            BootId = Text("/proc/sys/kernel/random/boot_id"),
            TimeNamespace = LinkOf("/proc/self/ns/time"),
            OpenFilesLimit = OpenFilesLimit(),
            PortRange = Text("/proc/sys/net/ipv4/ip_local_port_range")?.Replace('\t', '-'),
        };
    }

    /// <summary>The soft limit of open files of this process, which children inherit; <see cref="long.MaxValue"/> when there is none to read.</summary>
    public static long OpenFilesLimit()
    {
        if (!File.Exists("/proc/self/limits")) return long.MaxValue;
        foreach (var line in File.ReadLines("/proc/self/limits"))
        {
            if (!line.StartsWith("Max open files", StringComparison.Ordinal)) continue;
            var soft = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
            return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : long.MaxValue;
        }

        return long.MaxValue;
    }

    private static string OsName()
    {
        if (!File.Exists("/etc/os-release")) return RuntimeInformation.OSDescription;
        var line = File.ReadLines("/etc/os-release").FirstOrDefault(text => text.StartsWith("PRETTY_NAME=", StringComparison.Ordinal));
        return line is null ? RuntimeInformation.OSDescription : line["PRETTY_NAME=".Length..].Trim('"');
    }

    private static long MemoryBytes()
    {
        var total = Field("/proc/meminfo", "MemTotal")?.Split(' ')[0];
        return long.TryParse(total, NumberStyles.None, CultureInfo.InvariantCulture, out var kib) ? kib * 1024 : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    }

    private static string? Field(string file, string name)
    {
        if (!File.Exists(file)) return null;
        var line = File.ReadLines(file).FirstOrDefault(text => text.StartsWith(name, StringComparison.Ordinal));
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }

    private static string? Text(string file) => SystemText.Of(file)?.Trim();

    private static string? LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
