using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace MailBench.Testing;

/// <summary>A command of the built program (<c>run</c>, <c>report</c> …) as a user starts it in the checkout: all output kept, every wait bounded, its own children seen, killed at the end by its pid. For nodes see <see cref="Processes.MailbenchProcess"/>.</summary>
public sealed class CliProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly SemaphoreSlim _heard = new(0);
    private readonly Task _reading;

    private CliProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _output), ReadAsync(process.StandardError, _error));
    }

    /// <summary>Beside the tests, with everything it needs.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "mailbench.exe" : "mailbench");

    /// <summary>The checkout's root.</summary>
    public static string Checkout
    {
        get
        {
            var directory = new DirectoryInfo(AppContext.BaseDirectory);
            while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "MailBench.sln"))) directory = directory.Parent;
            return directory?.FullName ?? throw new InvalidOperationException("The tests do not run from a checkout.");
        }
    }

    public int Pid => _process.Id;

    public string Output => Text(_output);

    public string Error => Text(_error);

    /// <summary>Starts <c>mailbench ARGUMENTS</c> in the checkout's root, without colour.</summary>
    public static CliProcess Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Checkout };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["NO_COLOR"] = "1";
        return new CliProcess(Process.Start(start)!);
    }

    /// <summary>The exit code. Throws <see cref="TimeoutException"/> with what was said when it does not end in time.</summary>
    public async Task<int> ExitAsync(TimeSpan patience)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(patience);
            await _reading.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"mailbench did not end within {patience}.\n{Output}\n{Error}");
        }

        return _process.ExitCode;
    }

    /// <summary>Waits until standard error has this text. Throws <see cref="TimeoutException"/> when it does not come, or the process ends before.</summary>
    public async Task HearAsync(string text, TimeSpan patience)
    {
        var begin = Stopwatch.StartNew();
        while (!Error.Contains(text, StringComparison.Ordinal))
        {
            if (begin.Elapsed > patience || (_reading.IsCompleted && !Error.Contains(text, StringComparison.Ordinal)))
                throw new TimeoutException($"'{text}' was not said within {patience}.\n{Output}\n{Error}");
            await _heard.WaitAsync(TimeSpan.FromMilliseconds(200));
        }
    }

    /// <summary>Sends a signal by kill(1): <c>INT</c>, <c>TERM</c>, <c>KILL</c>.</summary>
    public static void Signal(int pid, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit(5000);
    }

    /// <summary>Its living child processes: pid and command line, from <c>/proc</c>.</summary>
    public IReadOnlyList<(int Pid, string CommandLine)> Children() =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture)).Where(pid => ParentOf(pid) == Pid).Select(pid => (pid, CommandLineOf(pid)))];

    /// <summary>Whether the process lives (a zombie does not).</summary>
    public static bool Lives(int pid) => StatOf(pid) is { } stat && stat[0] != "Z";

    /// <summary>When it began, in the kernel's ticks (proc(5), field 22): pids begin again at their greatest.</summary>
    public static long StartOf(int pid) => StatOf(pid) is { } stat ? long.Parse(stat[19], CultureInfo.InvariantCulture) : long.MaxValue;

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _heard.Dispose();
    }

    private async Task ReadAsync(StreamReader reader, StringBuilder into)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (into) into.Append(line).Append('\n');
            if (ReferenceEquals(into, _error)) _heard.Release();
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text) return text.ToString();
    }

    private static int ParentOf(int pid) => StatOf(pid) is { } stat ? int.Parse(stat[1], CultureInfo.InvariantCulture) : -1;

    /// <summary>The fields of <c>/proc/PID/stat</c> after the name (which may hold anything): state, parent … (proc(5)).</summary>
    private static string[]? StatOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string CommandLineOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
