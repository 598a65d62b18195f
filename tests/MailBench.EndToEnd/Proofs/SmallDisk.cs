using System.Diagnostics;
using Xunit;

namespace MailBench.EndToEnd.Proofs;

/// <summary>A tmpfs that holds a few MiB, gone with the test.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    public static SmallDisk Mount(string path)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "only root may mount a small filesystem; run the tests as root in a container");
        Directory.CreateDirectory(path);
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", path) == 0, "this container does not let root mount (CAP_SYS_ADMIN)");
        return new SmallDisk(path);
    }

    /// <summary>Takes what is left, to the last page.</summary>
    public void Stuff()
    {
        using var file = new FileStream(System.IO.Path.Combine(Path, "ballast"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true) file.Write(new byte[4096]);
        }
        catch (IOException)
        {
            // Full, as wanted.
        }
    }

    public void Dispose() => Run("umount", "-l", Path);

    private static int Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
