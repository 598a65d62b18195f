using System.Runtime.InteropServices;

namespace MailBench.Mta.Queue.Disk;

/// <summary>Sleeps of less than a millisecond, which .NET has no call for.</summary>
internal static partial class ShortSleep
{
    /// <summary>Sleeps about so long on Linux (the kernel adds a thread's timer slack, 50 µs as a rule); elsewhere not at all.</summary>
    public static void For(long ns)
    {
        if (!OperatingSystem.IsLinux()) return;
        var time = new Time { Nanoseconds = (nint)ns };
        _ = nanosleep(in time, nint.Zero);
    }

#pragma warning disable IDE1006, SYSLIB1054 // Reason: the name of the C library.
    [LibraryImport("libc")]
    private static partial int nanosleep(in Time wanted, nint left);
#pragma warning restore IDE1006, SYSLIB1054

    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
