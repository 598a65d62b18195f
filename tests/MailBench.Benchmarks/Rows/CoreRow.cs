using MailBench.Model.Nodes;

namespace MailBench.Benchmarks.Rows;

/// <summary>
/// The MTA from end to end between the roles in C: durable acceptance and delivery at once, timed from the first injection to the last delivery, each round on a fresh queue.
/// <c>--c DIR [--queue DIR] [--rounds N] [--connections N] [--sessions N] [--recipients N] [--messages N] [--warm N]</c>; recipients are in 100 domains on one MX, sessions are those to it.
/// </summary>
internal static class CoreRow
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static void Measure(RowOptions options)
    {
        using var yardstick = new Yardstick(options);
        var connections = (int)options.Number("connections", 64);
        var sessions = (int)options.Number("sessions", 16);
        var recipients = (int)options.Number("recipients", 1);
        var messages = (int)options.Number("messages", 60_000);
        var warm = (int)options.Number("warm", 60_000);
        var medians = new Medians($"MTA end to end: {connections} connections in, {sessions} sessions out, pipelined, 4 KiB, {recipients} recipients a message, synced");
        for (var round = 0; round < options.Rounds; round++)
        {
            var before = MachineTime.Now();
            using var sink = yardstick.StartSink(out var at);
            using var mta = new MtaUnderLoad(at, sessions, options.Text("queue"));
            yardstick.Inject(mta.EndPoint, warm, connections, recipients);
            mta.AwaitDrained(Patience);
            var begin = mta.Snap();
            var (accepted, injectorUs) = yardstick.Inject(mta.EndPoint, messages, connections, recipients);
            mta.AwaitDrained(Patience);
            var end = mta.Snap();

            medians.Add("accepted", accepted, "/s");
            medians.Add("delivered", end.RateSince(begin, CounterNames.Delivered), "/s");
            medians.Add("MTA, CPU a message", end.CpuUsSince(begin, CounterNames.Accepted), "µs");
            medians.Add("C injector, CPU a message", injectorUs, "µs");
            medians.Add("C sink, CPU a message", sink.Stop() / (warm + messages) * 1e6, "µs");
            medians.Add("MTA ÷ both, CPU a message", medians.Last("MTA, CPU a message") / (medians.Last("C injector, CPU a message") + medians.Last("C sink, CPU a message")), "");
            medians.Add("allocated a message", Per(CounterNames.AllocatedBytes), "B");
            medians.Add("transactions a message", Per(CounterNames.TransactionsOut), "");
            medians.Add("messages a sync", 1 / Per(CounterNames.Syncs), "");
            medians.EndRound(round, before);

            double Per(string count) => (end[count] - begin[count]) / (end[CounterNames.Accepted] - begin[CounterNames.Accepted]);
        }

        medians.Print();
    }
}
