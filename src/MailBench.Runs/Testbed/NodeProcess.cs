using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using MailBench.Model.Nodes;
using MailBench.Model.Records;

namespace MailBench.Runs.Testbed;

/// <summary>
/// A role in a process of its own, under control over standard input and output (NDJSON). It cannot outlive the runner: the end of its standard input ends it, and the runner kills by
/// pid what does not go. All members may be called from any thread.
/// </summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(12);

    private readonly Process _process;
    private readonly RoleLog _log;
    private readonly TimeProvider _time;
    private readonly Action<NodeNotice>? _notice;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly ConcurrentDictionary<long, TaskCompletionSource<NodeReply>> _asked = new();
    private readonly TaskCompletionSource<RoleFailure> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<ReadyListener> _listeners = [];
    private readonly int _expectedListeners;
    private readonly Task _reading;
    private long _lastId;
    private volatile bool _stopping;

    private NodeProcess(string role, Process process, RoleLog log, int listeners, Action<NodeNotice>? notice, TimeProvider time)
    {
        (Role, _process, _log, _expectedListeners, _notice, _time) = (role, process, log, listeners, notice, time);
        if (listeners == 0) _ready.SetResult();
        _reading = Task.WhenAll(ReadOutputAsync(), DrainErrorAsync()).ContinueWith(_ => EndedAsync(), TaskScheduler.Default).Unwrap();
    }

    public string Role { get; }

    public int Pid => _process.Id;

    public IReadOnlyList<ReadyListener> Listeners => _listeners;

    /// <summary>Ends, with the reason, when the role ends unasked or says that it failed; never when it was stopped.</summary>
    public Task<RoleFailure> Failed => _failed.Task;

    /// <summary>Starts <c>PROGRAM ROLE ARGUMENTS --control</c> and waits until it has said <c>ready</c> for each listener. Throws <see cref="RoleFailedException"/> when it does not.</summary>
    public static async Task<NodeProcess> StartAsync(
        NodeProgram program, string role, IReadOnlyList<string> arguments, int listeners, RoleLog log, Action<NodeNotice>? notice, TimeProvider time, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program.Path) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in (string[])[.. program.Prefix, role, .. arguments, "--control"]) start.ArgumentList.Add(argument);
        Process process;
        try
        {
            process = Process.Start(start) ?? throw new Win32Exception("no process");
        }
        catch (Win32Exception refused)
        {
            log.Dispose();
            throw new RoleFailedException(new RoleFailure(role, $"{program.Path} cannot be started: {refused.Message}", []));
        }

        var node = new NodeProcess(role, process, log, listeners, notice, time);
        try
        {
            await Task.WhenAny(node._ready.Task, node.Failed).WaitAsync(StartPatience, time, cancellationToken);
            node.ThrowIfFailed();
            return node;
        }
        catch (Exception unready)
        {
            await node.DisposeAsync();
            if (unready is TimeoutException) throw new RoleFailedException(new RoleFailure(role, $"was not ready after {StartPatience.TotalSeconds:0} s", log.LastLines));
            throw;
        }
    }

    /// <summary>Sends a command and waits for its reply's data. Throws <see cref="RoleFailedException"/> when the role answers <c>ok:false</c>, dies or is silent for so long.</summary>
    public async Task<JsonObject?> AskAsync(NodeCommand command, TimeSpan patience, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref _lastId);
        var answer = new TaskCompletionSource<NodeReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[id] = answer;
        try
        {
            await WriteAsync(command with { Id = id }, cancellationToken);
            await Task.WhenAny(answer.Task, Failed).WaitAsync(patience, _time, cancellationToken);
            if (!answer.Task.IsCompleted) ThrowIfFailed();
            var reply = await answer.Task;
            if (!reply.Ok) throw new RoleFailedException(new RoleFailure(Role, $"refused '{NameOf(command)}': {reply.Error}", _log.LastLines));
            return reply.Data;
        }
        catch (TimeoutException)
        {
            throw new RoleFailedException(new RoleFailure(Role, $"no answer to '{NameOf(command)}' after {patience.TotalSeconds:0} s", _log.LastLines));
        }
        finally
        {
            _asked.TryRemove(id, out _);
        }
    }

    /// <summary>Sends a command whose reply nobody waits for (credits).</summary>
    public Task PostAsync(NodeCommand command, CancellationToken cancellationToken) => WriteAsync(command with { Id = Interlocked.Increment(ref _lastId) }, cancellationToken);

    /// <summary>Asks the role to end, waits, and kills it by pid when it does not.</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        try
        {
            await WriteAsync(new StopCommand { Id = Interlocked.Increment(ref _lastId) }, CancellationToken.None);
            _process.StandardInput.Close();
        }
        catch (Exception gone) when (gone is RoleFailedException or IOException or ObjectDisposedException)
        {
            // It went before it was asked to.
        }

        try
        {
            using var patience = new CancellationTokenSource(StopPatience, _time);
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Kill();
        }

        await _reading;
        _process.Dispose();
        _writing.Dispose();
        _log.Dispose();
    }

    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself meanwhile.
        }
    }

    private void ThrowIfFailed()
    {
        if (Failed.IsCompletedSuccessfully) throw new RoleFailedException(Failed.Result);
    }

    private async Task WriteAsync(NodeCommand command, CancellationToken cancellationToken)
    {
        var line = ControlLine.Encode(command);
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await _process.StandardInput.WriteLineAsync(line.AsMemory(), CancellationToken.None);
            await _process.StandardInput.FlushAsync(CancellationToken.None);
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException)
        {
            // The pipe breaks a moment before the exit is seen; the exit's reason is the better one.
            await Task.WhenAny(Failed, Task.Delay(TimeSpan.FromSeconds(2), _time, cancellationToken));
            ThrowIfFailed();
            throw new RoleFailedException(new RoleFailure(Role, "its control channel broke", _log.LastLines));
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadOutputAsync()
    {
        while (await ReadLineAsync(_process.StandardOutput) is { } line)
        {
            if (line.StartsWith("ready ", StringComparison.Ordinal)) AddListener(line);
            else if (line.StartsWith("{\"reply\"", StringComparison.Ordinal)) Answer(line);
            else if (line.StartsWith("{\"notice\"", StringComparison.Ordinal)) Hear(line);
            // Else it is the last line of counts, which snapshots have told already.
        }
    }

    private async Task DrainErrorAsync()
    {
        while (await ReadLineAsync(_process.StandardError) is { } line) _log.Add(line);
    }

    private static async Task<string?> ReadLineAsync(StreamReader reader)
    {
        try
        {
            return await reader.ReadLineAsync();
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            return null;
        }
    }

    private void AddListener(string line)
    {
        var words = line.Split(' ');
        if (words.Length != 3 || !IPEndPoint.TryParse(words[2], out var endPoint)) return;
        _listeners.Add(new ReadyListener(words[1], endPoint));
        if (_listeners.Count == _expectedListeners) _ready.TrySetResult();
    }

    private void Answer(string line)
    {
        if (JsonSerializer.Deserialize<NodeReply>(line, ControlLine.Json) is { } reply && _asked.TryRemove(reply.Id, out var waiting)) waiting.TrySetResult(reply);
    }

    private void Hear(string line)
    {
        if (JsonSerializer.Deserialize<NodeNotice>(line, ControlLine.Json) is not { } notice) return;
        if (notice.Kind == "failed") _failed.TrySetResult(new RoleFailure(Role, notice.Reason ?? "it failed", _log.LastLines));
        else _notice?.Invoke(notice);
    }

    private async Task EndedAsync()
    {
        await _process.WaitForExitAsync(CancellationToken.None);
        if (_stopping) return;
        var code = _process.ExitCode;
        var how = code > 128 ? $"was killed by signal {code - 128}" : $"ended by itself with exit code {code}";
        var last = _log.LastLines;
        _failed.TrySetResult(new RoleFailure(Role, last.Count > 0 ? $"{how}; its last words: {last[^1]}" : how, last));
    }

    private static string NameOf(NodeCommand command) => command.GetType().Name.Replace("Command", "", StringComparison.Ordinal);
}
