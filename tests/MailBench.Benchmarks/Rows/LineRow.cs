using System.Net;
using MailBench.Model.Nodes;
using MailBench.Model.Units;
using MailBench.Transport;

namespace MailBench.Benchmarks.Rows;

/// <summary>
/// The user-space line, a process of its own, saturated from this process by bulk (4 connections) and by messages (16 connections: 4 KiB and a short reply). Prints wire octets ÷ (capacity ×
/// time) per capacity. <c>[--rounds N] [--seconds S] [--capacity RATE,…] [--load bulk|messages]</c>.
/// </summary>
internal static class LineRow
{
    private const int MessageBytes = 4096 + 120;
    private const int ReplyBytes = 40;

    public static void Measure(RowOptions options)
    {
        var window = options.Seconds("seconds", 10);
        var capacities = (options.Text("capacity") ?? "1.5Mbit/s,10Mbit/s,100Mbit/s,1Gbit/s").Split(',');
        var loads = options.Text("load") is { } one ? new[] { one } : ["bulk", "messages"];
        var medians = new Medians($"User-space line, {window.TotalSeconds:0.#} s saturated: wire octets ÷ (capacity × time)");
        for (var round = 0; round < options.Rounds; round++)
        {
            var before = MachineTime.Now();
            foreach (var load in loads)
                foreach (var capacity in capacities) MeasureOne(capacity, load == "bulk", window, medians);
            medians.EndRound(round, before);
        }

        medians.Print();
    }

    private static void MeasureOne(string capacity, bool bulk, TimeSpan window, Medians medians)
    {
        using var sinks = EventLoop.Start(new EventLoopOptions("sinks"));
        using var sources = EventLoop.Start(new EventLoopOptions("sources"));
        using var listener = sinks.Listen(new IPEndPoint(IPAddress.Loopback, 0), _ => bulk ? new Peer() : new Peer { Answer = true });
        using var line = Node.Listening("line", "--listen", $"127.0.0.1:0={listener.EndPoint}", "--capacity", capacity);
        sources.RunAsync(() =>
        {
            for (var i = 0; i < (bulk ? 4 : 16); i++) sources.Dial(line.EndPoint, new Peer { Fill = bulk, Ask = !bulk }, TimeSpan.FromSeconds(10));
        }).GetAwaiter().GetResult();
        Thread.Sleep(1_000);
        var warm = line.Snap();
        Thread.Sleep(window);
        var end = line.Snap();
        var name = $"{capacity} {(bulk ? "bulk" : "messages")}";
        medians.Add($"{name}, forward", end.RateSince(warm, CounterNames.WireOctetsForward) * 8 / BitRate.Parse(capacity).BitsPerSecond, "%");
        medians.Add($"{name}, backlogged", end.RateSince(warm, CounterNames.BackloggedForwardNs) / 1e9, "%");
        medians.Add($"{name}, the line's processor", end.RateSince(warm, CounterNames.CpuNs) / 1e9, "%");
    }

    /// <summary>Either end: sends without end, or a message for each reply; throws away what comes, or answers each message.</summary>
    private sealed class Peer : IConnectionHandler
    {
        private static readonly byte[] Octets = new byte[64 << 10];

        public bool Fill { get; init; }
        public bool Ask { get; init; }
        public bool Answer { get; init; }

        public void OnConnected(Connection connection)
        {
            if (Fill) OnWritable(connection);
            if (Ask) connection.Send(Octets.AsSpan(0, MessageBytes));
        }

        public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
        {
            if (!Ask && !Answer) return octets.Length;
            var (size, reply) = Ask ? (ReplyBytes, MessageBytes) : (MessageBytes, ReplyBytes);
            var consumed = 0;
            for (; octets.Length - consumed >= size; consumed += size) connection.Send(Octets.AsSpan(0, reply));
            return consumed;
        }

        public void OnWritable(Connection connection)
        {
            while (Fill && connection.IsOpen && connection.UnsentBytes < Connection.HighWaterBytes) connection.Send(Octets);
        }

        public void OnClosed(Connection connection, CloseReason reason) { }
    }
}
