using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>What .NET has no name for: syncing a directory, which makes a new name durable, and a second name for a file.</summary>
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

    /// <summary>Gives a file a second name; a copy where the system or the file system has no such thing. Throws <see cref="FileNotFoundException"/> when the file is gone.</summary>
    public static void Link(string file, string name)
    {
        if (OperatingSystem.IsLinux() && link(file, name) == 0) return;
        File.Copy(file, name);
        using var copied = File.OpenHandle(name, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(copied);
    }

    private static IOException Failure(string directory, string what) => new($"{directory} {what}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}", Marshal.GetLastPInvokeError());

#pragma warning disable IDE1006, SYSLIB1054 // Reason: the names of the C library.
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int link(string file, string name);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle file);
#pragma warning restore IDE1006, SYSLIB1054
}
