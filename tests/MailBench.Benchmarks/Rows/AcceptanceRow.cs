using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using MailBench.Model.Nodes;
using MailBench.Mta.Queue;
using MailBench.Mta.Queue.Disk;

namespace MailBench.Benchmarks.Rows;

/// <summary>
/// Durable acceptance of 4 KiB messages against the disk's own group commit, for 64 and 256 producers, in one run: a probe before and after each measurement writes and syncs, over a file that was
/// written before, the octets that so many messages make, all of them in each group: a connection waits for its reply, so that no larger group is possible, and nothing but the disk takes time; then the queue alone, with so many messages outstanding; then SMTP, with so many connections of the injector in C,
/// while the host that the mail is for keeps silent, so that nothing is delivered meanwhile. The same injector into the sink in C, with as many connections, is what these processors let an MTA
/// reach that does nothing; with what the probe takes of them for a write and a sync it is what they let any MTA reach that accepts durably, whatever the disk ("processors"). <c>--c DIR [--queue DIR] [--rounds N] [--messages N]</c>.
/// </summary>
internal static class AcceptanceRow
{
    private const int RecordBytes = 4096 + 256;
    private const int Warm = 40_000;
    private const long ProbeBytes = 64L << 20;
    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(1);

    public static void Measure(RowOptions options)
    {
        using var yardstick = new Yardstick(options);
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var messages = (int)options.Number("messages", 80_000);
        var medians = new Medians("Durable acceptance against the disk's group commit, 4 KiB");
        for (var round = 0; round < options.Rounds; round++)
        {
            var before = MachineTime.Now();
            foreach (var producers in (int[])[64, 256])
            {
                using var mta = new MtaUnderLoad((IPEndPoint)silent.LocalEndpoint, sessions: 4, options.Text("queue"));
                yardstick.Inject(mta.EndPoint, Warm, producers);
                var first = Probe(mta.Folder, producers);
                var queue = QueueAlone(Path.Combine(mta.Folder, "alone"), producers, messages);
                var second = Probe(mta.Folder, producers);
                var (nothing, nothingUs) = Ceiling(yardstick, messages, producers);
                var begin = mta.Snap();
                var (smtp, injectorUs) = yardstick.Inject(mta.EndPoint, messages, producers);
                var end = mta.Snap();
                var third = Probe(mta.Folder, producers);
                var processors = Environment.ProcessorCount * 1e6 / (injectorUs + nothingUs + ((second.CpuUs + third.CpuUs) / 2));
                medians.Add($"{producers}: disk", (first.Rate + second.Rate + third.Rate) / 3, "/s");
                medians.Add($"{producers}: disk, CPU a message", (second.CpuUs + third.CpuUs) / 2, "µs");
                medians.Add($"{producers}: queue alone", queue, "/s");
                medians.Add($"{producers}: SMTP", smtp, "/s");
                medians.Add($"{producers}: C sink", nothing, "/s");
                medians.Add($"{producers}: processors", processors, "/s");
                medians.Add($"{producers}: MTA, CPU a message", (end[CounterNames.CpuNs] - begin[CounterNames.CpuNs]) / messages / 1e3, "µs");
                medians.Add($"{producers}: C injector, CPU a message", injectorUs, "µs");
                medians.Add($"{producers}: C sink, CPU a message", nothingUs, "µs");
                medians.Add($"{producers}: allocated a message", (end[CounterNames.AllocatedBytes] - begin[CounterNames.AllocatedBytes]) / messages, "B");
                medians.Add($"{producers}: messages a sync", messages / (end[CounterNames.Syncs] - begin[CounterNames.Syncs]), "");
                medians.Add($"{producers}: SMTP ÷ C sink", smtp / nothing, "%");
                medians.Add($"{producers}: queue ÷ disk", queue / ((first.Rate + second.Rate) / 2), "%");
                medians.Add($"{producers}: SMTP ÷ processors", smtp / processors, "%");
                medians.Add($"{producers}: SMTP ÷ disk", smtp / ((second.Rate + third.Rate) / 2), "%");
            }

            medians.EndRound(round, before);
        }

        medians.Print();
    }

    /// <summary>Messages/s and the CPU µs a message of the sink in C, which answers at once.</summary>
    private static (double Rate, double CpuUs) Ceiling(Yardstick yardstick, int messages, int connections)
    {
        using var sink = yardstick.StartSink(out var at);
        var (rate, _) = yardstick.Inject(at, messages, connections);
        return (rate, sink.Stop() / messages * 1e6);
    }

    /// <summary>Messages/s when each group is as large as it can be: one write, one sync; and the CPU µs of a message.</summary>
    private static (double Rate, double CpuUs) Probe(string folder, int producers)
    {
        var path = Path.Combine(folder, "probe");
        var disk = new RealDisk();
        try
        {
            using var file = disk.Create(path);
            var group = new byte[(producers * RecordBytes + 4095) / 4096 * 4096];
            new Random(1).NextBytes(group);
            for (long at = 0; at < ProbeBytes; at += 1 << 20) file.Write(new byte[1 << 20], at);
            file.SyncData();
            var (began, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            long groups = 0, offset = 0;
            do
            {
                if (offset + group.Length > ProbeBytes) offset = 0;
                file.Write(group, offset);
                file.SyncData();
                offset += group.Length;
                groups++;
            }
            while (Stopwatch.GetElapsedTime(began) < ProbeTime);
            var messages = groups * producers;
            return (messages / Stopwatch.GetElapsedTime(began).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / messages);
        }
        finally
        {
            disk.Delete(path);
        }
    }

    /// <summary>Messages/s through the queue without SMTP; each is delivered at once, so that segments are written again as in an MTA that keeps up.</summary>
    private static double QueueAlone(string folder, int producers, int messages)
    {
        var content = new byte[4096];
        new Random(2).NextBytes(content);
        var message = new NewMessage { ReversePath = "sender@source.test"u8.ToArray(), Recipients = ["u1@d1.test"u8.ToArray()], Content = [content] };
        var queue = MessageQueue.Open([folder], TimeProvider.System);
        try
        {
            using var free = new SemaphoreSlim(producers);
            long began = 0;
            for (var i = -messages / 4; i < messages; i++)
            {
                if (i == 0) began = Stopwatch.GetTimestamp();
                free.Wait();
                queue.Enqueue(message, (entry, error) =>
                {
                    if (error is not null) throw error;
                    entry!.Recipients[0].State = RecipientState.Delivered;
                    queue.Record(entry, 0);
                    free.Release();
                });
            }

            for (var i = 0; i < producers; i++) free.Wait();
            return messages / Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        finally
        {
            queue.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
