using System.Globalization;
using System.Text;
using MailBench.Model.Nodes;
using Microsoft.Win32.SafeHandles;

namespace MailBench.Mta.Queue.Disk;

/// <summary>
/// One process per queue directory: an advisory lock on the file <c>queue.lock</c>, which names the holder. The kernel drops it with the process, so a killed MTA leaves nothing
/// to clean up; the file itself stays.
/// </summary>
internal static class DirectoryLock
{
    public const string FileName = "queue.lock";

    public static IDisposable Take(string directory)
    {
        var path = Path.Combine(directory, FileName);
        return OperatingSystem.IsLinux() ? TakeFlock(directory, path) : TakeShare(directory, path);
    }

    private static SafeFileHandle TakeFlock(string directory, string path)
    {
        var file = NativeDisk.Open(path, NativeDisk.ReadWrite | NativeDisk.CreateIfMissing | NativeDisk.NoFollow);
        try
        {
            if (!NativeDisk.TryLock(file, path))
            {
                Span<byte> holder = stackalloc byte[20];
                var length = RandomAccess.Read(file, holder, 0);
                throw Refuse(directory, Encoding.ASCII.GetString(holder[..length]).Trim());
            }

            RandomAccess.Write(file, Encoding.ASCII.GetBytes($"{Environment.ProcessId.ToString(CultureInfo.InvariantCulture),-10}\n"), 0);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static FileStream TakeShare(string directory, string path)
    {
        if (new FileInfo(path).LinkTarget is not null) throw new DiskException(DiskFault.Failed, $"{path} cannot be opened: it is a symbolic link");
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw Refuse(directory, "");
        }
    }

    private static NodeRefusedException Refuse(string directory, string holder) => new(
        $"Queue directory {directory} is in use by {(holder.Length > 0 ? $"process {holder}" : "another process")}; stop that one, or name another directory with --queue.");
}
