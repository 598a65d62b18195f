using System.Net;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Benchmarks.Rows;

/// <summary>
/// Sink and source, each against the same role in C: 16 connections, pipelined, 4 KiB, one recipient. Rates are those of the pair (C injector into our sink; our source into the C sink; both in
/// C), CPU is the role's own. <c>--c DIR [--rounds N] [--messages N]</c>.
/// </summary>
internal static class PeersRow
{
    /// <summary>Before the steady part: tiers of compiled code and caches.</summary>
    private const int WarmMessages = 60_000;

    public static void Measure(RowOptions options)
    {
        using var yardstick = new Yardstick(options);
        var messages = (int)options.Number("messages", 150_000);
        var medians = new Medians("Sink and source against the same role in C: 16 connections, pipelined, 4 KiB");
        for (var round = 0; round < options.Rounds; round++)
        {
            var before = MachineTime.Now();
            MeasureC(yardstick, messages, medians);
            MeasureSink(yardstick, messages, medians);
            MeasureSource(yardstick, medians);
            medians.Add("sink ÷ C, rate", medians.Last("C injector → our sink") / medians.Last("C injector → C sink"), "");
            medians.Add("source ÷ C, rate", medians.Last("our source → C sink") / medians.Last("C injector → C sink"), "");
            medians.EndRound(round, before);
        }

        medians.Print();
    }

    public static LoadOptions Closed(int users) => new()
    {
        Model = LoadModel.Closed,
        Stages = [new LoadStage(LoadStageKind.KeepConstant, default, users, TimeSpan.Zero)],
        Sessions = users,
    };

    private static void MeasureC(Yardstick yardstick, int messages, Medians medians)
    {
        using var sink = yardstick.StartSink(out var at);
        var (rate, cpu) = yardstick.Inject(at, messages);
        medians.Add("C injector → C sink", rate, "/s");
        medians.Add("C injector, CPU a message", cpu, "µs");
        medians.Add("C sink, CPU a message", sink.Stop() / messages * 1e6, "µs");
    }

    private static void MeasureSink(Yardstick yardstick, int messages, Medians medians)
    {
        using var sink = Node.StartSink();
        yardstick.Inject(sink.EndPoint, WarmMessages);
        var warm = sink.Snap();
        var (rate, _) = yardstick.Inject(sink.EndPoint, messages);
        var end = sink.Snap();
        medians.Add("C injector → our sink", rate, "/s");
        medians.Add("our sink, CPU a message, steady", end.CpuUsSince(warm, CounterNames.Messages), "µs");
        medians.Add($"our sink, CPU a message, first {WarmMessages / 1000}k and start", warm.CpuUs(CounterNames.Messages), "µs");
    }

    private static void MeasureSource(Yardstick yardstick, Medians medians)
    {
        using var sink = yardstick.StartSink(out var at);
        using var source = Node.StartSource();
        source.Load(new SourceOptions { To = at, Load = Closed(16), Workload = new WorkloadOptions { Size = new ByteSize(4096) } }, eventsPath: null);
        Thread.Sleep(2_000);
        var warm = source.Snap();
        Thread.Sleep(3_000);
        var end = source.Snap();
        source.EndLoad();
        medians.Add("our source → C sink", end.RateSince(warm, CounterNames.Accepted), "/s");
        medians.Add("our source, CPU a message, steady", end.CpuUsSince(warm, CounterNames.Accepted), "µs");
        medians.Add("our source, CPU a message, first 2 s and start", warm.CpuUs(CounterNames.Accepted), "µs");
    }
}
