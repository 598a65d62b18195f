using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using MailBench.Model.Records;
using MailBench.Runs.Testbed;

namespace MailBench.Runs.CrossCheck;

/// <summary>
/// <c>smtp-source -c</c> or <c>smtp-sink -c</c>: a program that writes a running count to its standard output, each time behind a carriage return. It ends with the runner, however that ends.
/// </summary>
internal sealed class CountingTool : ICountingEnd
{
    private const int KeptErrors = 20;

    /// <summary>The tool's end closes standard output; the shell's standard input ends with the runner, and with it the tool.</summary>
    private const string Guard = """
        "$@" </dev/null & tool=$!
        exec >/dev/null
        cat
        kill -TERM $tool 2>/dev/null
        """;

    private readonly Process _process;
    private readonly string _name;
    private readonly long _endsAfter;
    private readonly Queue<string> _errors = new();
    private readonly TaskCompletionSource<RoleFailure> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading, _draining;
    private long _count;
    private volatile bool _stopping;

    private CountingTool(string name, Process process, long endsAfter)
    {
        (_name, _process, _endsAfter) = (name, process, endsAfter);
        _draining = DrainAsync();
        _reading = ReadAsync();
    }

    /// <summary>Ends with the reason when the tool ends unasked.</summary>
    public Task<RoleFailure> Failed => _failed.Task;

    /// <summary>The tool's path, where Postfix's package puts it or on PATH; null when it is not here.</summary>
    public static string? Find(string name) =>
        ((string[])["/usr/sbin", "/usr/local/sbin", "/sbin", .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)])
        .Select(place => Path.Combine(place, name)).FirstOrDefault(File.Exists);

    /// <summary>Starts it. It may end by itself when it has counted <paramref name="endsAfter"/>. Throws <see cref="RoleFailedException"/> when it is not installed.</summary>
    public static CountingTool Start(string name, IEnumerable<string> arguments, long endsAfter = long.MaxValue)
    {
        if (Find(name) is not { } path) throw new RoleFailedException(new RoleFailure(name, "it is not installed (Debian: apt-get install postfix)", []));
        try
        {
            var start = new ProcessStartInfo("/bin/sh", ["-c", Guard, name, path, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
            return new CountingTool(name, Process.Start(start)!, endsAfter);
        }
        catch (Win32Exception refused)
        {
            throw new RoleFailedException(new RoleFailure(name, $"/bin/sh cannot be started: {refused.Message}", []));
        }
    }

    /// <summary>The last number of a line such as <c>sess=3 quit=2 mesg=41</c>, or null.</summary>
    internal static long? LastNumber(string line)
    {
        var end = line.AsSpan().LastIndexOfAnyInRange('0', '9') + 1;
        if (end == 0) return null;
        var begin = line.AsSpan(0, end).LastIndexOfAnyExceptInRange('0', '9') + 1;
        return long.TryParse(line.AsSpan(begin, end - begin), out var number) ? number : null;
    }

    public Task<double> CountAsync(CancellationToken cancellationToken) => Task.FromResult((double)Volatile.Read(ref _count));

    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        await Task.WhenAll(_reading, _draining);
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        var (buffer, line) = (new char[4096], new StringBuilder());
        while (await _process.StandardOutput.ReadAsync(buffer) is > 0 and var read)
        {
            foreach (var c in buffer.AsMemory(0, read).ToArray())
            {
                if (c is not ('\r' or '\n')) line.Append(c);
                else
                {
                    if (LastNumber(line.ToString()) is { } number) Volatile.Write(ref _count, number);
                    line.Clear();
                }
            }
        }

        if (_stopping || Volatile.Read(ref _count) >= _endsAfter) return;
        lock (_errors) _failed.TrySetResult(new RoleFailure(_name, $"it ended by itself{(_errors.Count > 0 ? $"; its last words: {_errors.Last()}" : "")}", [.. _errors]));
    }

    private async Task DrainAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errors)
            {
                if (_errors.Count == KeptErrors) _errors.Dequeue();
                _errors.Enqueue(line);
            }
        }
    }
}
