using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>Syncing a directory, which .NET has no name for: what makes a new name durable.</summary>
internal static partial class NativeDirectory
{
    private const int ReadOnlyDirectory = 0x10000, CloseOnExec = 0x80000;

    /// <summary>fsync of the directory; nothing where the system has no such call. Throws <see cref="IOException"/>; a failed sync is never tried again (the kernel may have dropped the pages).</summary>
    public static void Sync(string directory)
    {
        if (!OperatingSystem.IsLinux()) return;
        var descriptor = open(directory, ReadOnlyDirectory | CloseOnExec, 0);
        if (descriptor < 0) throw Failure(directory, "cannot be opened");
        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (fsync(handle) != 0) throw Failure(directory, "could not be synced");
    }

    private static IOException Failure(string directory, string what) => new($"{directory} {what}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}", Marshal.GetLastPInvokeError());

#pragma warning disable IDE1006, SYSLIB1054 // Reason: the names of the C library.
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle file);
#pragma warning restore IDE1006, SYSLIB1054
}
