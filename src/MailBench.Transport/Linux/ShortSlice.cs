using System.Runtime.InteropServices;

namespace MailBench.Transport.Linux;

/// <summary>
/// Asks the scheduler for short time slices for the calling thread: since Linux 6.12 a normal thread may name its slice (sched_setattr's <c>sched_runtime</c>, 0.1–100 ms). The share of the
/// processor stays what it is; the thread is put on sooner and for less long, which is what deadlines need. No privilege; older kernels ignore it.
/// </summary>
internal static unsafe partial class ShortSlice
{
    private const ulong SliceNs = 100_000;

    public static void Request()
    {
        var (get, set) = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => (315, 314),
            Architecture.Arm64 => (275, 274),
            _ => (0, 0),
        };
        if (set == 0) return;
        Attributes attributes;
        if (syscall(get, 0, &attributes, (nint)sizeof(Attributes), 0) != 0 || attributes.Policy != 0) return;
        attributes.RuntimeNs = SliceNs;
        // Refused (a seccomp filter, say): the loop runs with the usual slices, and lateness is measured in any case.
        _ = syscall(set, 0, &attributes, 0, 0);
    }

    [LibraryImport("libc")]
    private static partial nint syscall(nint number, nint pid, Attributes* attributes, nint sizeOrFlags, nint flags);

    /// <summary>struct sched_attr, first version (sched_setattr(2)).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Attributes
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Nice;
        public uint Priority;
        public ulong RuntimeNs;
        public ulong DeadlineNs;
        public ulong PeriodNs;
    }
}
