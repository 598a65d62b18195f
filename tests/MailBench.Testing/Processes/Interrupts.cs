using System.Globalization;

namespace MailBench.Testing.Processes;

/// <summary>Whether SIGINT reaches what the tests start: a shell starts its background jobs with the signal ignored, and children inherit that.</summary>
public static class Interrupts
{
    private const ulong Sigint = 1UL << 1;

    /// <summary>Why a test of SIGINT cannot run here; null when it can.</summary>
    public static string? WhyNot()
    {
        if (!OperatingSystem.IsLinux()) return OperatingSystem.IsWindows() ? "needs POSIX signals" : null;
        var ignored = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))["SigIgn:".Length..];
        return (ulong.Parse(ignored, NumberStyles.HexNumber | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture) & Sigint) == 0 ? null
            : "SIGINT is ignored here, as in a shell's background jobs: run the tests in the foreground";
    }
}
