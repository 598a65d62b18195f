using System.Globalization;
using MailBench.Model.Options;

namespace MailBench.Peers.Poll;

/// <summary>The limits of the process that the users live in.</summary>
internal static class SystemLimits
{
    private const string PortRange = "/proc/sys/net/ipv4/ip_local_port_range";

    public static PollLimits For(PollOptions options) =>
        PollLimits.Compute(options, ReadDescriptors(), PollLimits.PortsOf(File.Exists(PortRange) ? File.ReadAllText(PortRange) : null));

    /// <summary>From <c>/proc/self/limits</c>: the soft limit, which the runtime has raised to the hard one.</summary>
    private static long ReadDescriptors()
    {
        if (!OperatingSystem.IsLinux()) return PollLimits.UsualDescriptors;
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(static line => line.StartsWith("Max open files", StringComparison.Ordinal));
        var words = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is { Length: > 3 } && long.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : PollLimits.UsualDescriptors;
    }
}
