using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using MailBench.Model.Nodes;
using MailBench.Model.Units;

namespace MailBench.Cli.Hosting;

/// <summary>
/// Runs one node in this process: <c>ready</c> lines, control channel, signals, last line of counts, exit code (cli.md: Nodes). Standard output belongs to
/// the host; nodes log on standard error.
/// </summary>
internal sealed class NodeHost(INode node, bool control, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _output = new();
    private readonly TaskCompletionSource<string> _stopAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _signals;

    /// <summary>Serves until the node is done, a signal, a stop command or the end of the control channel; returns the exit code.</summary>
    public async Task<int> RunAsync()
    {
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        node.Notify = notice => WriteLine(ControlLine.Encode(notice));

        try
        {
            foreach (var listener in await node.StartAsync(CancellationToken.None)) WriteLine($"ready {listener.Role} {listener.EndPoint}");
        }
        catch (NodeRefusedException refused)
        {
            await Console.Error.WriteLineAsync($"mailbench {node.Role}: {refused.Message}");
            await node.DisposeAsync();
            return ExitCode.Environment;
        }

        if (control) _ = Task.Factory.StartNew(ReadControlAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        var ended = await Task.WhenAny(node.Completion, _stopAsked.Task);
        var code = ExitCode.Good;
        if (ended == node.Completion && node.Completion.IsFaulted)
        {
            var reason = node.Completion.Exception!.InnerException!;
            await Console.Error.WriteLineAsync($"mailbench {node.Role}: {reason.Message}");
            code = ExitCode.Environment;
        }

        using (var patience = new CancellationTokenSource(Patience, time))
        {
            try
            {
                await node.StopAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                await Console.Error.WriteLineAsync($"mailbench {node.Role}: transactions still open after {Patience.TotalSeconds:0} s were cut");
            }
        }

        WriteLine(node.Counts().ToJsonString());
        await node.DisposeAsync();
        return code;
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;

        // Ctrl-C reaches the whole foreground group; a child's orders come from the runner, which finishes in its own order.
        if (control && context.Signal == PosixSignal.SIGINT) return;
        if (Interlocked.Increment(ref _signals) > 1) System.Environment.Exit(ExitCode.Interrupted);
        _stopAsked.TrySetResult(context.Signal.ToString());
    }

    private async Task ReadControlAsync()
    {
        using var input = new StreamReader(Console.OpenStandardInput());
        try
        {
            while (await input.ReadLineAsync() is { } line)
                if (line.Length > 0) await AnswerAsync(line);
        }
        catch (IOException)
        {
            // The channel broke: the same as its end, the parent is gone.
        }
        finally
        {
            // Whatever ended the reading: a node that hears nobody any more must not stay behind.
            _stopAsked.TrySetResult("end of the control channel");
        }
    }

    private async Task AnswerAsync(string line)
    {
        NodeCommand command;
        try
        {
            command = ControlLine.DecodeCommand(line);
        }
        catch (Exception malformed) when (malformed is JsonException or NotSupportedException)
        {
            // NotSupportedException: a JSON object that names no cmd.
            WriteLine(ControlLine.Encode(new NodeReply(0, false, $"Not a command: {malformed.Message}", null)));
            return;
        }

        switch (command)
        {
            case StopCommand:
                WriteLine(ControlLine.Encode(new NodeReply(command.Id, true, null, null)));
                _stopAsked.TrySetResult("stop command");
                break;
            case SnapshotCommand:
                WriteLine(ControlLine.Encode(new NodeReply(command.Id, true, null, Snapshot())));
                break;
            case HaltLoadCommand:
                // Its reply comes when open transactions have ended; snapshots go on meanwhile.
                _ = PerformAsync(command);
                break;
            default:
                await PerformAsync(command);
                break;
        }
    }

    private async Task PerformAsync(NodeCommand command)
    {
        NodeReply reply;
        try
        {
            reply = new NodeReply(command.Id, true, null, await node.HandleAsync(command, CancellationToken.None));
        }
        catch (Exception failed) when (failed is not OutOfMemoryException)
        {
            reply = new NodeReply(command.Id, false, failed.Message, null);
        }

        WriteLine(ControlLine.Encode(reply));
    }

    private JsonObject Snapshot()
    {
        var data = new JsonObject();
        foreach (var (name, value) in ProcessCounters.Read()) data[name] = value;

        // A node that stamps its counters itself (the line, on its loop) knows the instant better.
        foreach (var (name, value) in node.Counters()) data[name] = value;
        return data;
    }

    private void WriteLine(string line)
    {
        lock (_output)
        {
            try
            {
                Console.Out.WriteLine(line);
                Console.Out.Flush();
            }
            catch (IOException)
            {
                // Nobody reads any more; the end of the control channel or a signal ends the node.
            }
        }
    }
}
