using System.Runtime.InteropServices;
using System.Text;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>
/// What the kernel can say of files from memory: a look that would have to wait for a disk comes to nothing instead, so a loop may take it. openat2(2) with RESOLVE_CACHED (Linux 5.12) finds only names that are
/// cached, preadv2(2) with RWF_NOWAIT only octets that are. Elsewhere nothing is ever at hand. For file systems of this machine only: of a network's even the times would be asked for.
/// </summary>
internal static unsafe partial class CachedFiles
{
    private const int OpenAt2 = 437, CurrentDirectory = -100, CloseOnExec = 0x80000, NonBlocking = 0x800, PathOnly = 0x200000;
    private const int EmptyPath = 0x1000, StatxMtime = 0x40, StatxBytes = 256, MtimeAt = 112, NoWait = 8;
    private const ulong ResolveCached = 0x20;
    private const int NoEntry = 2, MostPath = 1024, MostSuffix = 300;

    /// <summary>What .NET says is the time of what is not there, in <see cref="Directory.GetLastWriteTimeUtc(string)"/>.</summary>
    private static readonly DateTime Never = DateTime.FromFileTimeUtc(0);

    private static readonly bool IsSupported = Probe();

    /// <summary>When <c>new</c> and <c>cur</c> of a maildir were last changed, as <see cref="Directory.GetLastWriteTimeUtc(string)"/> has it; false: not to be said without a wait.</summary>
    public static bool TryTimes(string maildir, out DateTime ofNew, out DateTime ofCur)
    {
        ofNew = ofCur = Never;
        Span<byte> path = stackalloc byte[MostPath];
        if (!IsSupported || !Encoding.UTF8.TryGetBytes(maildir, path[..^MostSuffix], out var length)) return false;
        "/new\0"u8.CopyTo(path[length..]);
        if (!TryTime(path, out ofNew)) return false;
        "/cur\0"u8.CopyTo(path[length..]);
        return TryTime(path, out ofCur);
    }

    /// <summary>Reads a file of a maildir whole; returns its octets, less than there is room for. -1: it is larger, not there, or not in memory.</summary>
    public static int Read(string maildir, ReadOnlySpan<byte> folder, string name, Span<byte> into)
    {
        Span<byte> path = stackalloc byte[MostPath];
        if (!IsSupported || !Encoding.UTF8.TryGetBytes(maildir, path[..^MostSuffix], out var length)) return -1;
        folder.CopyTo(path[length..]);
        length += folder.Length;
        if (!Encoding.UTF8.TryGetBytes(name, path[length..^1], out var added)) return -1;
        path[length + added] = 0;

        // Non-blocking: what lies there under a message's name may be a pipe.
        var file = Open(path, NonBlocking | CloseOnExec);
        if (file < 0) return -1;
        var octets = ReadAll(file, into);
        _ = close(file);
        return octets;
    }

    private static int ReadAll(int file, Span<byte> into)
    {
        var total = 0;
        fixed (byte* start = into)
        {
            while (total < into.Length)
            {
                var vector = new Vector { At = start + total, Bytes = (nuint)(into.Length - total) };
                var read = (int)preadv2(file, &vector, 1, total, NoWait);
                if (read == 0) return total;
                if (read < 0) return -1;
                total += read;
            }
        }

        return -1;
    }

    private static bool TryTime(ReadOnlySpan<byte> path, out DateTime time)
    {
        time = Never;
        var folder = Open(path, PathOnly | CloseOnExec);
        if (folder < 0) return Marshal.GetLastPInvokeError() == NoEntry;
        var fields = stackalloc byte[StatxBytes];
        var empty = (byte)0;
        var known = statx(folder, &empty, EmptyPath, StatxMtime, fields) == 0;
        _ = close(folder);
        if (known) time = DateTime.UnixEpoch.AddTicks(*(long*)(fields + MtimeAt) * TimeSpan.TicksPerSecond + *(uint*)(fields + MtimeAt + sizeof(long)) / TimeSpan.NanosecondsPerTick);
        return known;
    }

    private static int Open(ReadOnlySpan<byte> path, int flags)
    {
        var how = stackalloc ulong[] { (ulong)flags, 0, ResolveCached };
        fixed (byte* octets = path) return (int)syscall(OpenAt2, CurrentDirectory, (nint)octets, (nint)how, 3 * sizeof(ulong));
    }

    /// <summary>Whether system and C library have all of it.</summary>
    private static bool Probe()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            // An old kernel knows no openat2 or no such flag; an old C library has not the other two.
            return TryTime("/\0"u8, out var time) && time != Never && preadv2(-1, null, 0, 0, NoWait) < 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Vector
    {
        public byte* At;
        public nuint Bytes;
    }

#pragma warning disable IDE1006, SYSLIB1054 // Reason: the names of the C library.
    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint directory, nint path, nint how, nint bytes);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int statx(int directory, byte* path, int flags, uint mask, byte* fields);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint preadv2(int file, Vector* vectors, int count, long offset, int flags);

    [LibraryImport("libc")]
    private static partial int close(int file);
#pragma warning restore IDE1006, SYSLIB1054
}
