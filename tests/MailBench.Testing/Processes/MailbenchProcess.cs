using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using MailBench.Model.Nodes;

namespace MailBench.Testing.Processes;

/// <summary>A node in the foreground as a child: its ready lines, its control line, its last line, its exit code. Ended with the test, whatever happens. For commands see <see cref="CliProcess"/>.</summary>
public sealed class MailbenchProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly BlockingCollection<string> _lines = [];
    private readonly Task _reading;
    private readonly Task<string> _error;
    private long _asked;

    private MailbenchProcess(Process process)
    {
        _process = process;
        _reading = ReadLinesAsync();
        _error = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Standard error, once the process has ended.</summary>
    public Task<string> Error => _error;

    public static MailbenchProcess Start(params string[] arguments) => StartProgram([CliProcess.Program, .. arguments]);

    /// <summary>Under strace, which writes into the file and passes standard input on; skip where <see cref="Tracing.SystemCallTrace.WhyNot"/> has a reason.</summary>
    public static MailbenchProcess StartTraced(string tracePath, params string[] arguments) => StartTraced(tracePath, Tracing.SystemCallTrace.StringOctets, arguments);

    /// <summary>As above; <paramref name="stringOctets"/> of each string are kept, for a proof that must recognise content.</summary>
    public static MailbenchProcess StartTraced(string tracePath, int stringOctets, params string[] arguments) =>
        StartProgram(Tracing.SystemCallTrace.Command(tracePath, stringOctets, [CliProcess.Program, .. arguments]));

    /// <summary>With a limit of open files, by sh's ulimit.</summary>
    public static MailbenchProcess StartLimited(int openFiles, params string[] arguments) =>
        StartProgram(["sh", "-c", "ulimit -n \"$0\" && exec \"$@\"", openFiles.ToString(System.Globalization.CultureInfo.InvariantCulture), CliProcess.Program, .. arguments]);

    private static MailbenchProcess StartProgram(IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        return new MailbenchProcess(Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start."));
    }

    /// <summary>The next line of standard output; null at its end. Throws <see cref="TimeoutException"/> when none comes.</summary>
    public string? ReadLine() => _lines.TryTake(out var line, Patience) ? line : _lines.IsCompleted ? null : throw new TimeoutException("mailbench said nothing.");

    /// <summary>The next line, which must be <c>ready ROLE ADDRESS:PORT</c>; throws <see cref="InvalidDataException"/> with what a node that ended instead said on standard error.</summary>
    public IPEndPoint ReadReady(string role)
    {
        var line = ReadLine() ?? (_error.Wait(Patience) ? _error.Result : "");
        return line.StartsWith($"ready {role} ", StringComparison.Ordinal) ? IPEndPoint.Parse(line[(role.Length + 7)..]) : throw new InvalidDataException($"'{line}' is no ready line of {role}.");
    }

    /// <summary>Says a line on its standard input.</summary>
    public void WriteLine(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Says a command to a node under <c>--control</c> and returns its answer; notices that come before it are passed over. Throws when the node says no.</summary>
    public NodeReply Ask(NodeCommand command)
    {
        var id = ++_asked;
        WriteLine(ControlLine.Encode(command with { Id = id }));
        while (ReadLine() is { } line)
        {
            if (line.StartsWith("{\"notice\"", StringComparison.Ordinal)) continue;
            var reply = JsonSerializer.Deserialize<NodeReply>(line, ControlLine.Json)!;
            if (reply.Id == id) return reply.Ok ? reply : throw new InvalidOperationException($"{command.GetType().Name}: {reply.Error}");
        }

        throw new InvalidOperationException($"mailbench ended before it answered {command.GetType().Name}.");
    }

    public void CloseInput() => _process.StandardInput.Close();

    /// <summary>SIGTERM, as an operator ends a node.</summary>
    public void Terminate() => Signal(15);

    /// <summary>Sends a signal by its number (Linux: 15 SIGTERM, 9 SIGKILL, 19 SIGSTOP, 18 SIGCONT).</summary>
    public void Signal(int signal)
    {
        if (Kill(_process.Id, signal) != 0) throw new InvalidOperationException($"Signal {signal} could not be sent to mailbench.");
    }

    /// <summary>Waits for the end; returns the exit code and the last line of output.</summary>
    public async Task<(int Code, string? LastLine)> WaitForEndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Patience, TimeProvider.System);
        await _reading.WaitAsync(Patience, TimeProvider.System);
        string? last = null;
        while (_lines.TryTake(out var line)) last = line;
        return (_process.ExitCode, last);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync().WaitAsync(Patience, TimeProvider.System);
        await _reading;
        _process.Dispose();
        _lines.Dispose();
    }

    private async Task ReadLinesAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line) _lines.Add(line);
        _lines.CompleteAdding();
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
