using System.Net;
using MailBench.Model.Nodes;

namespace MailBench.Benchmarks.Rows;

/// <summary>
/// The MTA from end to end between an injector in C and a sink, durable acceptance and delivery at once, timed from the first injection to the last delivery, each round on a fresh queue.
/// <c>--c DIR [--queue DIR] [--rounds N] [--connections N] [--sessions N] [--recipients N] [--messages N] [--warm N] [--sink c|ours] [--variants SETTINGS|SETTINGS…]</c>; recipients are in 100
/// domains on one MX, sessions are those to it. Variants are settings of the MTA, as <c>overlap: false; chunking: false</c>, that take turns within each round. The sink in C offers no CHUNKING, ours does.
/// </summary>
internal static class CoreRow
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static void Measure(RowOptions options)
    {
        using var yardstick = new Yardstick(options);
        var load = new CoreLoad(options);
        var variants = (options.Text("variants") ?? "").Split('|', StringSplitOptions.TrimEntries);
        var medians = new Medians($"MTA end to end: {load.Connections} connections in, {load.Sessions} sessions out, pipelined, 4 KiB, {load.Recipients} recipients a message, synced, sink {(load.OurSink ? "ours" : "in C")}");
        for (var round = 0; round < options.Rounds; round++)
        {
            var before = MachineTime.Now();
            foreach (var variant in variants) MeasureOne(yardstick, load, variant, options.Text("queue"), medians);
            medians.EndRound(round, before);
        }

        medians.Print();
    }

    private static void MeasureOne(Yardstick yardstick, CoreLoad load, string variant, string? queue, Medians medians)
    {
        using var sink = SinkOfRow.Start(yardstick, load.OurSink);
        using var mta = new MtaUnderLoad(sink.EndPoint, load.Sessions, queue, variant);
        yardstick.Inject(mta.EndPoint, load.Warm, load.Connections, load.Recipients);
        mta.AwaitDrained(Patience);
        var begin = mta.Snap();
        var (accepted, injectorUs) = yardstick.Inject(mta.EndPoint, load.Messages, load.Connections, load.Recipients);
        mta.AwaitDrained(Patience);
        var end = mta.Snap();
        var sinkUs = sink.Stop() / (load.Warm + load.Messages) * 1e6;
        var mtaUs = (end[CounterNames.CpuNs] - begin[CounterNames.CpuNs]) / load.Messages / 1e3;

        Add("accepted", accepted, "/s");
        Add("delivered", end.RateSince(begin, CounterNames.Delivered), "/s");
        Add("MTA, CPU a message", mtaUs, "µs");
        Add("C injector, CPU a message", injectorUs, "µs");
        Add("sink, CPU a message", sinkUs, "µs");
        Add("MTA ÷ both, CPU a message", mtaUs / (injectorUs + sinkUs), "");
        Add("allocated a message", Per(CounterNames.AllocatedBytes), "B");
        Add("transactions a message", Per(CounterNames.TransactionsOut), "");
        Add("messages a sync", 1 / Per(CounterNames.Syncs), "");

        void Add(string name, double value, string unit) => medians.Add(variant.Length == 0 ? name : $"[{variant}] {name}", value, unit);
        double Per(string count) => (end[count] - begin[count]) / load.Messages;
    }

    /// <summary>What is injected, and over how much.</summary>
    private sealed class CoreLoad(RowOptions options)
    {
        public int Connections { get; } = (int)options.Number("connections", 64);
        public int Sessions { get; } = (int)options.Number("sessions", 16);
        public int Recipients { get; } = (int)options.Number("recipients", 1);
        public int Messages { get; } = (int)options.Number("messages", 60_000);
        public int Warm { get; } = (int)options.Number("warm", 60_000);
        public bool OurSink { get; } = options.Text("sink") == "ours";
    }
}

/// <summary>The sink in C, or ours; either tells its CPU time when it has ended.</summary>
internal sealed class SinkOfRow : IDisposable
{
    private readonly Foreign? _inC;
    private readonly Node? _ours;

    private SinkOfRow(Foreign inC) => _inC = inC;

    private SinkOfRow(Node ours) => _ours = ours;

    public IPEndPoint EndPoint { get; private init; } = new(IPAddress.None, 0);

    public static SinkOfRow Start(Yardstick yardstick, bool ours)
    {
        if (!ours) return new SinkOfRow(yardstick.StartSink(out var at)) { EndPoint = at };
        var node = Node.StartSink();
        return new SinkOfRow(node) { EndPoint = node.EndPoint };
    }

    /// <summary>CPU seconds since its start.</summary>
    public double Stop() => _inC?.Stop() ?? _ours!.Snap()[CounterNames.CpuNs] / 1e9;

    public void Dispose()
    {
        _inC?.Dispose();
        _ours?.Dispose();
    }
}
