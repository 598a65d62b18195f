using System.Runtime.InteropServices;
using MailBench.Model.Units;
using Microsoft.Win32.SafeHandles;

namespace MailBench.Runs.Disclosure;

/// <summary>Append + fdatasync of one writer: how often a second the storage says "it is safe". A growing file, as a naive queue would write it.</summary>
internal static partial class SyncProbe
{
    private const int BlockBytes = 4096;
    private const int MaxSyncs = 100_000;

    /// <summary>Syncs per second in this directory over about <paramref name="during"/>; the probe's file is removed. Throws <see cref="IOException"/> when the storage refuses.</summary>
    public static double Measure(string directory, TimeSpan during)
    {
        var path = Path.Combine(directory, "sync.probe");
        try
        {
            using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
            var block = new byte[BlockBytes];
            var begin = MonotonicClock.NowNs;
            var end = begin + during.ToNs();
            var syncs = 0;
            long now;
            do
            {
                RandomAccess.Write(file, block, (long)syncs * BlockBytes);
                Sync(file);
                syncs++;
                now = MonotonicClock.NowNs;
            }
            while (now < end && syncs < MaxSyncs);
            return syncs / ((now - begin) / 1e9);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Sync(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux()) RandomAccess.FlushToDisk(file);
        else if (FdataSync(file) != 0) throw new IOException($"fdatasync failed: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FdataSync(SafeFileHandle file);
}
