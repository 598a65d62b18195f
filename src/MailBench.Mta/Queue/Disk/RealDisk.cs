using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MailBench.Mta.Queue.Disk;

/// <summary>The machine's filesystem. Elsewhere than on Linux directories are not synced (the system offers no call) and fdatasync becomes fsync or its like.</summary>
public sealed class RealDisk : IDisk
{
    public void CreateDirectory(string directory)
    {
        directory = Path.GetFullPath(directory);
        if (Directory.Exists(directory)) return;
        if (File.Exists(directory)) throw new DiskException(DiskFault.Failed, $"{directory} is a file, not a directory");
        var parent = Path.GetDirectoryName(directory);
        if (parent is not null) CreateDirectory(parent);
        Try(directory, "cannot be created", () =>
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(directory);
            else Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return true;
        });
        if (parent is not null) SyncDirectory(parent);
    }

    public ulong DeviceOf(string directory) => OperatingSystem.IsLinux()
        ? NativeDisk.DeviceOf(directory)
        : (ulong)string.GetHashCode(Path.GetPathRoot(Path.GetFullPath(directory)), StringComparison.OrdinalIgnoreCase);

    public IDisposable Lock(string directory) => DirectoryLock.Take(directory);

    public IReadOnlyList<string> List(string directory) =>
        Try(directory, "cannot be listed", () => Directory.EnumerateFiles(directory).Select(path => Path.GetFileName(path)).ToArray());

    public IDiskFile Create(string path) => Try(path, "cannot be created", () =>
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new RealFile(path, new FileStream(path, options));
    });

    public IDiskFile Open(string path, bool writable) => Try(path, "cannot be opened", () => new RealFile(path, new FileStream(path, new FileStreamOptions
    {
        Mode = FileMode.Open,
        Access = writable ? FileAccess.ReadWrite : FileAccess.Read,
        Share = FileShare.ReadWrite | FileShare.Delete,
        BufferSize = 0,
    })));

    public void Delete(string path) => Try(path, "cannot be deleted", () =>
    {
        File.Delete(path);
        return true;
    });

    public void Rename(string path, string newPath) => Try(path, "cannot be renamed", () =>
    {
        File.Move(path, newPath, overwrite: true);
        return true;
    });

    public void SyncDirectory(string directory)
    {
        if (OperatingSystem.IsLinux()) NativeDisk.SyncDirectory(directory);
    }

    /// <summary>The exception for a Linux error number.</summary>
    internal static DiskException Fail(int error, string path, string what)
    {
        var fault = error switch
        {
            NativeDisk.NoSpace or NativeDisk.QuotaExceeded => DiskFault.Full,
            NativeDisk.ReadOnlyFileSystem or NativeDisk.NoPermission or NativeDisk.NotPermitted => DiskFault.ReadOnly,
            _ => DiskFault.Failed,
        };
        return new DiskException(fault, $"{path} {what}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    private static T Try<T>(string path, string what, Func<T> operation)
    {
        try
        {
            return operation();
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileNotFoundException($"{path} {what}: it is not there", path, gone);
        }
        catch (Exception failed) when (failed is (IOException and not DiskException) or UnauthorizedAccessException)
        {
            throw Translate(failed, path, what);
        }
    }

    private static DiskException Translate(Exception failed, string path, string what)
    {
        const int windowsDiskFull = unchecked((int)0x80070070);
        var fault = failed switch
        {
            UnauthorizedAccessException => DiskFault.ReadOnly,
            { HResult: NativeDisk.NoSpace or NativeDisk.QuotaExceeded or windowsDiskFull } => DiskFault.Full,
            { HResult: NativeDisk.ReadOnlyFileSystem } => DiskFault.ReadOnly,
            _ => DiskFault.Failed,
        };
        return new DiskException(fault, $"{path} {what}: {failed.Message}", failed);
    }

    private sealed class RealFile(string path, FileStream stream) : IDiskFile
    {
        private readonly SafeFileHandle _handle = stream.SafeFileHandle;

        public long Length => RandomAccess.GetLength(_handle);

        public int Read(Span<byte> target, long offset)
        {
            try
            {
                var done = 0;
                while (done < target.Length)
                {
                    var read = RandomAccess.Read(_handle, target[done..], offset + done);
                    if (read == 0) break;
                    done += read;
                }

                return done;
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                throw Translate(failed, path, "cannot be read");
            }
        }

        public void Write(ReadOnlySpan<byte> octets, long offset)
        {
            try
            {
                RandomAccess.Write(_handle, octets, offset);
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                throw Translate(failed, path, "cannot be written");
            }
        }

        public bool Preallocate(long offset, long length) => OperatingSystem.IsLinux() && NativeDisk.Allocate(_handle, offset, length, path);

        public void SyncData()
        {
            if (OperatingSystem.IsLinux())
            {
                NativeDisk.SyncData(_handle, path);
                return;
            }

            try
            {
                RandomAccess.FlushToDisk(_handle);
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                throw Translate(failed, path, "could not be synced");
            }
        }

        public void Dispose() => stream.Dispose();
    }
}
