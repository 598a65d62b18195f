using System.Globalization;
using MailBench.Model.Options;

namespace MailBench.Peers.Poll;

/// <summary>
/// What the system lets these users do, computed before they begin (method: Users): sessions at once from file descriptors, client addresses from ports. A port that a session
/// has used may rest for a minute (TIME_WAIT, RFC 9293 §3.6.1).
/// </summary>
internal sealed record PollLimits(int Sessions, int Addresses, long Descriptors, int PortsPerAddress)
{
    /// <summary>Descriptors that the process needs for itself.</summary>
    private const int Reserve = 100;
    private const double RestSeconds = 60;

    /// <summary>Where the system does not tell: an ordinary Linux.</summary>
    private const long UsualDescriptors = 1024;
    private const int UsualPorts = 28_232;

    public static PollLimits Compute(PollOptions options) => Compute(options, ReadDescriptors(), ReadPorts());

    public static PollLimits Compute(PollOptions options, long descriptors, int ports)
    {
        var room = (int)Math.Clamp(descriptors - Reserve, 1, int.MaxValue);
        var sessions = Math.Min(Math.Min(options.Users, room), options.MaxSessions > 0 ? options.MaxSessions : int.MaxValue);
        var pollsPerSecond = options.Users / options.Interval.TotalSeconds;

        // Half of an address's ports: the kernel searches long for the last free ones.
        var needed = Math.Ceiling((pollsPerSecond * RestSeconds + sessions) / (ports / 2.0));
        return new PollLimits(sessions, (int)Math.Clamp(needed, 1, AddressSpread.Most), descriptors, ports);
    }

    /// <summary>A sentence for a person, before the run.</summary>
    public string Describe(PollOptions options) => string.Create(CultureInfo.InvariantCulture,
        $"{options.Users:N0} users every {options.Interval.TotalSeconds:0.###} s are {options.Users / options.Interval.TotalSeconds:0.###} polls/s from {Addresses:N0} client address{(Addresses == 1 ? "" : "es")} of {PortsPerAddress:N0} ports; of {Descriptors:N0} file descriptors {Sessions:N0} sessions may be open at once{(Sessions < options.Users ? ", beyond it polls wait" : "")}");

    /// <summary>From <c>/proc/self/limits</c>: the soft limit, which the runtime has raised to the hard one.</summary>
    private static long ReadDescriptors()
    {
        if (!OperatingSystem.IsLinux()) return UsualDescriptors;
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(static line => line.StartsWith("Max open files", StringComparison.Ordinal));
        var words = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is { Length: > 3 } && long.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : UsualDescriptors;
    }

    private static int ReadPorts()
    {
        const string file = "/proc/sys/net/ipv4/ip_local_port_range";
        if (!File.Exists(file)) return UsualPorts;
        var range = File.ReadAllText(file).Split(['\t', ' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return range.Length == 2 && int.TryParse(range[0], out var first) && int.TryParse(range[1], out var last) && last >= first ? last - first + 1 : UsualPorts;
    }
}
