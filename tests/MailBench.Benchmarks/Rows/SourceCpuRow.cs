using System.Net;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Testing.Processes;

namespace MailBench.Benchmarks.Rows;

/// <summary>
/// Our source's CPU a message against Postfix's smtp-source, same dialogue (no pipelining, sessions reused, 16 of them, 4 KiB) into the same sink in C; ours records every phase in histograms
/// and writes a trial's event file as in a run. <c>--c DIR [--rounds N] [--messages N]</c>.
/// </summary>
internal static class SourceCpuRow
{
    public static void Measure(RowOptions options)
    {
        var smtpSource = new[] { "/usr/sbin/smtp-source", "/usr/bin/smtp-source" }.FirstOrDefault(File.Exists)
            ?? throw new YardstickMissingException("smtp-source is not here; it comes with the package postfix.");
        using var yardstick = new Yardstick(options);
        var messages = (int)options.Number("messages", 50_000);
        var medians = new Medians("Source against smtp-source: 16 sessions, reused, not pipelined, 4 KiB");
        for (var round = 0; round < options.Rounds; round++)
        {
            var before = MachineTime.Now();
            MeasureTheirs(smtpSource, yardstick, messages, medians);
            MeasureOurs(yardstick, medians);
            medians.Add("ours ÷ smtp-source, CPU a message", medians.Last("source, CPU a message, steady") / medians.Last("smtp-source, CPU a message"), "");
            medians.EndRound(round, before);
        }

        medians.Print();
    }

    private static void MeasureTheirs(string program, Yardstick yardstick, int messages, Medians medians)
    {
        using var sink = yardstick.StartSink(out var at);
        var (_, seconds, cpu) = Foreign.Run(program, "-d", "-s", "16", "-m", $"{messages}", "-l", "4096", "-f", "s@source.test", "-t", "u0@d0.test", $"inet:127.0.0.1:{at.Port}");
        medians.Add("smtp-source", messages / seconds, "/s");
        medians.Add("smtp-source, CPU a message", cpu / messages * 1e6, "µs");
    }

    private static void MeasureOurs(Yardstick yardstick, Medians medians)
    {
        var events = Path.GetTempFileName();
        try
        {
            using var sink = yardstick.StartSink(out var at);
            using var source = Node.StartSource();
            source.Load(new SourceOptions { To = at, Load = PeersRow.Closed(16), Workload = new WorkloadOptions { Size = new ByteSize(4096), Pipelining = false } }, events);
            Thread.Sleep(2_000);
            var warm = source.Snap();
            Thread.Sleep(3_000);
            var end = source.Snap();
            source.EndLoad();
            medians.Add("source", end.RateSince(warm, CounterNames.Accepted), "/s");
            medians.Add("source, CPU a message, steady", end.CpuUsSince(warm, CounterNames.Accepted), "µs");
            medians.Add("source, CPU a message, first 2 s and start", warm.CpuUs(CounterNames.Accepted), "µs");
        }
        finally
        {
            File.Delete(events);
        }
    }
}
