using System.Diagnostics;

namespace MailBench.Testing.Processes;

/// <summary>A program that is not ours: found on the path or in the system's folders, run with a bounded wait, killed when that is over.</summary>
public sealed class ForeignProgram
{
    private static readonly string[] Folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator), "/usr/sbin", "/sbin", "/usr/local/sbin"];

    private readonly string _path;

    private ForeignProgram(string path) => _path = path;

    /// <summary>Null when this machine does not have the program: the test skips, and says which package has it.</summary>
    public static ForeignProgram? Find(string name) =>
        Folders.Where(folder => folder.Length > 0).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists) is { } path ? new ForeignProgram(path) : null;

    /// <summary>Runs to its end; throws <see cref="TimeoutException"/> after <paramref name="patience"/>.</summary>
    public async Task<(int Code, string Output, string Error)> RunAsync(TimeSpan patience, params string[] arguments)
    {
        var start = new ProcessStartInfo(_path, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{_path} did not start.");
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(patience, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{_path} did not end within {patience.TotalSeconds:0} s.");
        }

        return (process.ExitCode, await output, await error);
    }
}
