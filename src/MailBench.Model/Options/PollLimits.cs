using System.Globalization;

namespace MailBench.Model.Options;

/// <summary>
/// What a system lets users do, computed before they begin (method: Users): sessions at once from file descriptors, client addresses from ports. A port that a session has used may
/// rest for a minute (TIME_WAIT, RFC 9293 §3.6.1). Pure.
/// </summary>
/// <param name="Sessions">Sessions that may be open at once; polls beyond wait.</param>
/// <param name="Addresses">Client addresses to spread them over.</param>
/// <param name="Descriptors">File descriptors that a process may have.</param>
/// <param name="PortsPerAddress">Ports that the system gives to one client address.</param>
public sealed record PollLimits(int Sessions, int Addresses, long Descriptors, int PortsPerAddress)
{
    /// <summary>How many client addresses of 127.64.0.0/10 there are to take.</summary>
    public const int MostAddresses = 64 * 250 * 250;

    /// <summary>Where the system does not tell: an ordinary Linux.</summary>
    public const long UsualDescriptors = 1024;
    public const int UsualPorts = 28_232;

    /// <summary>Descriptors of a testbed's process that are no sessions: libraries, logs, event files, listeners.</summary>
    public const int OtherFiles = 200;

    /// <summary>Descriptors that the process needs for itself.</summary>
    private const int Reserve = 100;
    private const double RestSeconds = 60;

    /// <summary>Descriptors that a session takes of a testbed's fullest process: the line holds two sockets of it, without a line the server one.</summary>
    public static int FilesPerSession(bool hasLine) => hasLine ? 2 : 1;

    public static PollLimits Compute(PollOptions options, long descriptors, int ports) => Compute(options.Users, options.Interval, options.MaxSessions, descriptors, ports);

    /// <param name="mostSessions">A bound that somebody set on sessions at once; 0: none.</param>
    public static PollLimits Compute(int users, TimeSpan interval, int mostSessions, long descriptors, int ports)
    {
        var room = (int)Math.Clamp(descriptors - Reserve, 1, int.MaxValue);
        var sessions = Math.Min(Math.Min(users, room), mostSessions > 0 ? mostSessions : int.MaxValue);
        var pollsPerSecond = users / interval.TotalSeconds;

        // Half of an address's ports: the kernel searches long for the last free ones.
        var needed = Math.Ceiling((pollsPerSecond * RestSeconds + sessions) / (ports / 2.0));
        return new PollLimits(sessions, (int)Math.Clamp(needed, 1, MostAddresses), descriptors, ports);
    }

    /// <summary>Ports of a range as the kernel writes it: <c>32768 60999</c>, with any separator.</summary>
    public static int PortsOf(string? range)
    {
        var ends = range?.Split(['\t', ' ', '\n', '-'], StringSplitOptions.RemoveEmptyEntries);
        return ends is [var first, var last] && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var low) && int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var high) && high >= low
            ? high - low + 1
            : UsualPorts;
    }

    /// <summary>A sentence for a person, before the run.</summary>
    public string Describe(PollOptions options) => string.Create(CultureInfo.InvariantCulture,
        $"{options.Users:N0} users every {options.Interval.TotalSeconds:0.###} s are {options.Users / options.Interval.TotalSeconds:0.###} polls/s from {Addresses:N0} client address{(Addresses == 1 ? "" : "es")} of {PortsPerAddress:N0} ports; of {Descriptors:N0} file descriptors {Sessions:N0} sessions may be open at once{(Sessions < options.Users ? ", beyond it polls wait" : "")}");
}
