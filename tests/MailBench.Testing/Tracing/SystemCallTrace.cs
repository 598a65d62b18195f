using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace MailBench.Testing.Tracing;

/// <summary>One system call of a trace.</summary>
/// <param name="StartSeconds">When it was entered, and <paramref name="EndSeconds"/> when it returned, in seconds of the trace's clock; the end is infinite for a call that never returned.</param>
/// <param name="Path">What its first descriptor is, as <c>strace -y</c> says (a path, or a socket's name), or for an open what it returned; empty when there is none.</param>
/// <param name="Arguments">As printed, strings quoted and cut.</param>
/// <param name="Result">The number returned, -1 on error.</param>
public sealed record SystemCall(int Thread, string Name, double StartSeconds, double EndSeconds, string Path, string Arguments, long Result);

/// <summary>
/// Reads what <c>strace -f -ttt -T -y</c> writes, calls that are interleaved with other threads' included. The trace shows the order of syncs and replies, which a killed
/// process cannot: the page cache survives it (method: durability class).
/// </summary>
public static partial class SystemCallTrace
{
    private const string Calls = "trace=open,openat,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync,sync_file_range,rename,renameat2,unlink,unlinkat";

    /// <summary>Octets of a string that are kept where nothing else is asked: enough for a reply.</summary>
    public const int StringOctets = 64;

    /// <summary>The command line that traces a program into a file; it ends with the program.</summary>
    public static IReadOnlyList<string> Command(string outputPath, params IReadOnlyList<string> program) => Command(outputPath, StringOctets, program);

    /// <summary>As above; <paramref name="stringOctets"/> of each string are kept.</summary>
    public static IReadOnlyList<string> Command(string outputPath, int stringOctets, IReadOnlyList<string> program) =>
        ["strace", "-f", "-ttt", "-T", "-y", "-s", stringOctets.ToString(CultureInfo.InvariantCulture), "-e", Calls, "-o", outputPath, .. program];

    /// <summary>Why nothing can be traced here, and how to change that; null when it can.</summary>
    public static string? WhyNot()
    {
        if (!OperatingSystem.IsLinux()) return "system calls are traced on Linux only";
        try
        {
            using var probe = Process.Start(new ProcessStartInfo("strace", ["-o", "/dev/null", "true"]) { RedirectStandardError = true })!;
            var said = probe.StandardError.ReadToEnd();
            probe.WaitForExit();
            return probe.ExitCode == 0 ? null : $"strace may not trace here ({said.Trim()}); allow ptrace to this user";
        }
        catch (Win32Exception)
        {
            return "strace is missing; install it (apt-get install strace)";
        }
    }

    /// <summary>The calls in order of their start. Lines that are no calls (signals, exits) are passed over.</summary>
    public static IReadOnlyList<SystemCall> Parse(IEnumerable<string> lines)
    {
        var calls = new List<SystemCall>();
        var unfinished = new Dictionary<int, (double Start, string Name, string Arguments)>();
        foreach (var line in lines)
        {
            if (Line().Match(line) is not { Success: true } match) continue;
            var thread = int.Parse(match.Groups["thread"].ValueSpan, CultureInfo.InvariantCulture);
            var time = double.Parse(match.Groups["time"].ValueSpan, CultureInfo.InvariantCulture);
            var rest = match.Groups["rest"].Value;
            if (Unfinished().Match(rest) is { Success: true } begun) unfinished[thread] = (time, begun.Groups["name"].Value, begun.Groups["arguments"].Value);
            else if (Resumed().Match(rest) is { Success: true } resumed)
            {
                if (unfinished.Remove(thread, out var start)) calls.Add(Make(thread, start.Start, start.Name, start.Arguments + resumed.Groups["arguments"].Value, resumed));
            }
            else if (Whole().Match(rest) is { Success: true } whole) calls.Add(Make(thread, time, whole.Groups["name"].Value, whole.Groups["arguments"].Value, whole));
        }

        foreach (var (thread, (start, name, arguments)) in unfinished)
            calls.Add(new SystemCall(thread, name, start, double.PositiveInfinity, PathOf(arguments), arguments, -1));
        calls.Sort((one, other) => one.StartSeconds.CompareTo(other.StartSeconds));
        return calls;
    }

    private static SystemCall Make(int thread, double start, string name, string arguments, Match end)
    {
        var spent = double.Parse(end.Groups["spent"].ValueSpan, CultureInfo.InvariantCulture);
        var result = long.Parse(end.Groups["result"].ValueSpan, CultureInfo.InvariantCulture);
        var path = name.StartsWith("open", StringComparison.Ordinal) ? end.Groups["opened"].Value : PathOf(arguments);
        return new SystemCall(thread, name, start, start + spent, path, arguments, result);
    }

    private static string PathOf(string arguments) => Descriptor().Match(arguments).Groups["path"].Value;

    [GeneratedRegex(@"^(?:\[pid\s+)?(?<thread>\d+)\]?\s+(?<time>\d+\.\d+)\s+(?<rest>.*)$")]
    private static partial Regex Line();

    [GeneratedRegex(@"^(?<name>\w+)\((?<arguments>.*?),?\s*<unfinished \.\.\.>$")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"^<\.\.\. \w+ resumed>(?<arguments>.*)\)\s+= (?<result>-?\d+)(?:<(?<opened>[^>]*)>)?.*<(?<spent>\d+\.\d+)>$")]
    private static partial Regex Resumed();

    [GeneratedRegex(@"^(?<name>\w+)\((?<arguments>.*)\)\s+= (?<result>-?\d+)(?:<(?<opened>[^>]*)>)?.*<(?<spent>\d+\.\d+)>$")]
    private static partial Regex Whole();

    [GeneratedRegex(@"^\d+<(?<path>.*?)>(?:,|$)")]
    private static partial Regex Descriptor();
}
