using System.Net;
using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Testing.Processes;

namespace MailBench.Benchmarks.Rows;

/// <summary>A node of ours under control, as a run has it.</summary>
internal sealed class Node : IDisposable
{
    private readonly MailbenchProcess _process;

    private Node(MailbenchProcess process) => _process = process;

    public IPEndPoint EndPoint { get; private init; } = new(IPAddress.None, 0);

    public static Node StartSink() => Listening("sink", "--listen", "127.0.0.1:0");

    public static Node Listening(string role, params string[] arguments)
    {
        var process = MailbenchProcess.Start([role, .. arguments, "--control"]);
        return new Node(process) { EndPoint = process.ReadReady(role) };
    }

    public static Node StartSource() => new(MailbenchProcess.Start("source", "--control"));

    public NodeReply Ask(NodeCommand command) => _process.Ask(command);

    public Snapshot Snap() => new((JsonObject)_process.Ask(new SnapshotCommand()).Data!);

    /// <summary>A trial of this load begins; the source goes off at once.</summary>
    public void Load(SourceOptions options, string? eventsPath)
    {
        Ask(new BeginTrialCommand(new TrialId("row", 0, 0), eventsPath) { Source = options });
        Ask(new StartLoadCommand());
    }

    /// <summary>The load halts and drains; the trial's counts.</summary>
    public JsonObject EndLoad()
    {
        Ask(new HaltLoadCommand());
        return Ask(new EndTrialCommand()).Data!;
    }

    /// <summary><c>kill -9</c>.</summary>
    public void Kill()
    {
        _process.Signal(9);
        _process.WaitForEndAsync().GetAwaiter().GetResult();
    }

    public void Dispose() => _process.DisposeAsync().AsTask().GetAwaiter().GetResult();
}

/// <summary>A node's counters at an instant.</summary>
internal sealed class Snapshot(JsonObject counters)
{
    public double this[string name] => (double)counters[name]!;

    /// <summary>How much <paramref name="count"/> grew a second since then.</summary>
    public double RateSince(Snapshot before, string count) => (this[count] - before[count]) / (this[CounterNames.MonotonicNs] - before[CounterNames.MonotonicNs]) * 1e9;

    /// <summary>CPU µs for each of <paramref name="count"/> since then.</summary>
    public double CpuUsSince(Snapshot before, string count) => (this[CounterNames.CpuNs] - before[CounterNames.CpuNs]) / (this[count] - before[count]) / 1e3;

    /// <summary>CPU µs for each of <paramref name="count"/> since the process began, its start included.</summary>
    public double CpuUs(string count) => this[CounterNames.CpuNs] / this[count] / 1e3;
}
