using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace MailBench.Benchmarks.Rows;

/// <summary>A foreign program as a child, one at a time where its CPU time is wanted: the system tells that of children only when they have ended.</summary>
internal sealed partial class Foreign : IDisposable
{
    private const int ChildrenOfThisProcess = -1;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);

    private readonly Process _process;
    private readonly Task<string> _output;

    private Foreign(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
    }

    public static Foreign Start(string program, params IEnumerable<string> arguments) =>
        new(Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new InvalidOperationException($"{program} did not start."));

    /// <summary>Runs to its end; returns what it printed, the seconds it took and its CPU seconds.</summary>
    public static (string Output, double Seconds, double CpuSeconds) Run(string program, params IEnumerable<string> arguments)
    {
        var cpu = EndedCpuSeconds();
        var began = Stopwatch.GetTimestamp();
        using var child = Start(program, arguments);
        var output = child.WaitForEnd();
        return (output, Stopwatch.GetElapsedTime(began).TotalSeconds, EndedCpuSeconds() - cpu);
    }

    /// <summary>SIGTERM, then its end; returns its CPU seconds.</summary>
    public double Stop()
    {
        var cpu = EndedCpuSeconds();
        _ = kill(_process.Id, 15);
        WaitForEnd();
        return EndedCpuSeconds() - cpu;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string WaitForEnd()
    {
        if (!_process.WaitForExit(Patience)) throw new TimeoutException($"{_process.StartInfo.FileName} did not end.");
        var output = _output.Result;
        if (_process.ExitCode is not (0 or 143)) throw new InvalidOperationException($"{_process.StartInfo.FileName} ended with {_process.ExitCode}: {output}");
        return output;
    }

    /// <summary>User and system time of all children that have ended (getrusage(2)).</summary>
    private static unsafe double EndedCpuSeconds()
    {
        var usage = stackalloc long[18];
        if (getrusage(ChildrenOfThisProcess, usage) != 0) throw new InvalidOperationException("getrusage failed.");
        return usage[0] + usage[2] + (usage[1] + usage[3]) / 1e6;
    }

    /// <summary>The number behind <c>name=</c> in a line of results.</summary>
    public static double Figure(string output, string name)
    {
        var at = output.IndexOf($"{name}=", StringComparison.Ordinal) + name.Length + 1;
        var end = output.IndexOfAny([' ', '\n'], at);
        return double.Parse(output.AsSpan(at, (end < 0 ? output.Length : end) - at), CultureInfo.InvariantCulture);
    }

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int getrusage(int who, long* usage);

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int kill(int process, int signal);
}
