using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MailBench.Mta.Queue.Disk;

/// <summary>The Linux calls that .NET has no name for: fdatasync, directory fsync, posix_fallocate, flock, the device number.</summary>
internal static unsafe partial class NativeDisk
{
    public const int NoSpace = 28, QuotaExceeded = 122, ReadOnlyFileSystem = 30, NoPermission = 13, NotPermitted = 1, Interrupted = 4, WouldBlock = 11, NotSupported = 95, InvalidArgument = 22;

    public const int ReadWrite = 2, CreateIfMissing = 0x40, CloseOnExec = 0x80000, Exclusive = 0x80;

    /// <summary>O_NOFOLLOW: a symbolic link is not opened, whoever laid it there. Its number is not the same everywhere.</summary>
    public static readonly int NoFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 or Architecture.Armv6 or Architecture.Ppc64le ? 0x8000 : 0x20000;

    private const int LockExclusive = 2, LockNonBlocking = 4;
    private const int CurrentDirectory = -100;
    private const int StatxBytes = 256, StatxDeviceMajor = 136, StatxDeviceMinor = 140;

    /// <summary>Opens for the few things that <see cref="File"/> cannot: a directory, or a file without .NET's own advisory lock. Throws <see cref="DiskException"/>.</summary>
    public static SafeFileHandle Open(string path, int flags, int mode = 0x180)
    {
        int descriptor;
        while ((descriptor = open(path, flags | CloseOnExec, mode)) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Interrupted) throw RealDisk.Fail(error, path, "cannot be opened");
        }

        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    public static void SyncDirectory(string directory)
    {
        using var handle = Open(directory, 0);
        // A failed sync is not tried again: the kernel may have dropped what it could not write, and would answer 0 the second time.
        if (fsync(handle) != 0) throw RealDisk.Fail(Marshal.GetLastPInvokeError(), directory, "could not be synced");
    }

    public static void SyncData(SafeFileHandle file, string path)
    {
        if (fdatasync(file) != 0) throw RealDisk.Fail(Marshal.GetLastPInvokeError(), path, "could not be synced");
    }

    /// <summary>False when the filesystem cannot: then the zeros written by the caller allocate.</summary>
    public static bool Allocate(SafeFileHandle file, long offset, long length, string path)
    {
        int error;
        while ((error = posix_fallocate(file, offset, length)) == Interrupted)
        {
        }

        return error switch
        {
            0 => true,
            NotSupported or InvalidArgument => false,
            _ => throw RealDisk.Fail(error, path, "cannot be extended"),
        };
    }

    /// <summary>False when another open file holds it.</summary>
    public static bool TryLock(SafeFileHandle file, string path)
    {
        while (flock(file, LockExclusive | LockNonBlocking) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error == WouldBlock) return false;
            if (error != Interrupted) throw RealDisk.Fail(error, path, "cannot be locked");
        }

        return true;
    }

    public static ulong DeviceOf(string path)
    {
        var answer = stackalloc byte[StatxBytes];
        if (statx(CurrentDirectory, path, 0, 0, answer) != 0) throw RealDisk.Fail(Marshal.GetLastPInvokeError(), path, "cannot be examined");
        return ((ulong)*(uint*)(answer + StatxDeviceMajor) << 32) | *(uint*)(answer + StatxDeviceMinor);
    }

#pragma warning disable IDE1006, SYSLIB1054 // Reason: the names of the C library.
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle file);

    [LibraryImport("libc")]
    private static partial int posix_fallocate(SafeFileHandle file, long offset, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, byte* answer);
#pragma warning restore IDE1006, SYSLIB1054
}
