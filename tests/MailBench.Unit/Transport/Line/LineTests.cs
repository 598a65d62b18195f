using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Transport;
using MailBench.Transport.Line;
using Xunit;

namespace MailBench.Unit.Transport.Line;

public sealed class LineTests(ITestOutputHelper output)
{
    private static readonly IPEndPoint Any4 = new(IPAddress.Loopback, 0);

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task Carries_octets_and_half_close_in_order(int delayMs)
    {
        var data = new byte[700_000];
        for (var i = 0; i < data.Length; i++) data[i] = (byte)(i * 31 + i / 977);
        var received = new MemoryStream();
        await using var bench = await LineBench.StartAsync(
            "100Mbit/s",
            _ => new TestHandler
            {
                Quiet = true,
                Received = (_, octets) =>
                {
                    received.Write(octets);
                    return octets.Length;
                },
                InputEnded = connection =>
                {
                    connection.Send(SHA256.HashData(received.ToArray()));
                    connection.CloseAfterSend();
                },
            },
            TimeSpan.FromMilliseconds(delayMs));
        var client = new TestHandler
        {
            Connected = connection =>
            {
                connection.Send(data);
                connection.ShutdownSend();
            },
        };
        await bench.Dial(client);
        Assert.Equal(CloseKind.ClosedByPeer, (await client.WhenClosed).Kind);
        Assert.Equal(Convert.ToHexString(SHA256.HashData(data)), Convert.ToHexString(client.Presented.SelectMany(octets => octets).ToArray()));
        Assert.Equal(data.Length, bench.Counter(CounterNames.PayloadForward));
    }

    [Fact]
    public async Task Carries_ipv6_at_its_own_cost()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6; enable it on lo to run this.");
        LineBench bench;
        try
        {
            bench = await LineBench.StartAsync("unlimited", _ => LineBench.Replier(), on: IPAddress.IPv6Loopback);
        }
        catch (SocketException)
        {
            Assert.Skip("::1 cannot be bound here; enable IPv6 on lo to run this.");
            return;
        }

        await using var disposing = bench;
        var client = new TestHandler { Connected = connection => connection.Send(new byte[4096 + 120]) };
        await bench.Dial(client);
        await Until(() => !client.Presented.IsEmpty);
        var counters = bench.Node.Counters();
        Assert.Equal(4096 + 120 + 86 * counters[CounterNames.SegmentsForward] + 8, counters[CounterNames.WireOctetsForward]);
    }

    [Fact]
    public async Task Wire_octets_are_the_kernels_counts()
    {
        await using var bench = await LineBench.StartAsync("unlimited", _ => LineBench.Replier());
        var answers = 0;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var client = new TestHandler
        {
            Connected = connection => connection.Send(new byte[4096 + 120]),
            Received = (connection, octets) =>
            {
                if (++answers == 50)
                {
                    connection.CloseAfterSend();
                    done.TrySetResult();
                }
                else
                {
                    connection.Send(new byte[4096 + 120]);
                }

                return octets.Length;
            },
        };
        await bench.Dial(client);
        await done.Task.WaitAsync(TestHandler.Patience);
        await client.WhenClosed;
        var counters = bench.Node.Counters();
        Assert.Equal(50 * (4096 + 120), counters[CounterNames.PayloadForward]);
        Assert.Equal(50 * 40, counters[CounterNames.PayloadReverse]);
        Assert.Equal(50 * (4096 + 120) + 66 * counters[CounterNames.SegmentsForward] + 8, counters[CounterNames.WireOctetsForward]);
        Assert.Equal(50 * 40 + 66 * counters[CounterNames.SegmentsReverse] + 8, counters[CounterNames.WireOctetsReverse]);
        Assert.InRange(counters[CounterNames.SegmentsForward], 50 * 3 + 3, 50 * 5);
    }

    [Fact]
    public async Task A_reset_on_one_side_resets_the_other()
    {
        var server = new TestHandler();
        await using var bench = await LineBench.StartAsync("10Mbit/s", _ => server);
        var client = new TestHandler { Connected = connection => connection.Send("x"u8) };
        var dialled = await bench.Dial(client);
        await Until(() => !server.Presented.IsEmpty);
        await LoopTest.On(bench.Sources, dialled.Abort);
        Assert.Equal(CloseKind.Reset, (await server.WhenClosed).Kind);

        var second = new TestHandler { Received = (connection, octets) => { connection.Abort(); return octets.Length; } };
        await using var other = await LineBench.StartAsync("10Mbit/s", _ => second);
        var caller = new TestHandler { Connected = connection => connection.Send("x"u8) };
        await other.Dial(caller);
        Assert.Equal(CloseKind.Reset, (await caller.WhenClosed).Kind);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task A_refusing_far_side_resets_the_near_one(int delayMs)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(Any4);
        await using var node = new LineNode(Options([new LinePort(Any4, (IPEndPoint)probe.LocalEndPoint!)], "10Mbit/s", delayMs));
        var ready = await node.StartAsync(CancellationToken.None);
        using var loop = LoopTest.Start(portable: false);
        var client = new TestHandler();
        await LoopTest.Dial(loop, ready[0].EndPoint, client);
        Assert.Equal(CloseKind.Reset, (await client.WhenClosed).Kind);
    }

    [Fact]
    public async Task One_port_is_picked_for_all_addresses_of_a_command()
    {
        await using var node = new LineNode(Options(
            [.. Enumerable.Range(1, 5).Select(n => new LinePort(new IPEndPoint(IPAddress.Parse($"127.0.1.{n}"), 0), new IPEndPoint(IPAddress.Loopback, 9)))],
            "10Mbit/s"));
        IReadOnlyList<ReadyListener> ready;
        try
        {
            ready = await node.StartAsync(CancellationToken.None);
        }
        catch (NodeRefusedException)
        {
            Assert.Skip("Only 127.0.0.1 exists here (macOS: sudo ifconfig lo0 alias 127.0.1.1).");
            return;
        }

        Assert.Equal(["127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4", "127.0.1.5"], ready.Select(one => one.EndPoint.Address.ToString()));
        Assert.Single(ready.Select(one => one.EndPoint.Port).Distinct());
        await using var second = new LineNode(Options([new LinePort(ready[0].EndPoint, Any4)], "10Mbit/s"));
        await Assert.ThrowsAsync<NodeRefusedException>(() => second.StartAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Delay_shows_in_connecting_and_in_every_round_trip()
    {
        var delay = TimeSpan.FromMilliseconds(20);
        await using var bench = await LineBench.StartAsync(
            "100Mbit/s",
            _ => new TestHandler { Connected = connection => connection.Send("220\n"u8), Received = (connection, octets) => { connection.Send(octets); return octets.Length; } },
            delay);
        var stamps = new List<long>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var start = MonotonicClock.NowNs;
        await bench.Dial(new TestHandler
        {
            Received = (connection, octets) =>
            {
                stamps.Add(MonotonicClock.NowNs);
                if (stamps.Count == 8) done.TrySetResult();
                connection.Send("ping"u8);
                return octets.Length;
            },
        });
        await done.Task.WaitAsync(TestHandler.Patience);
        var greetingMs = (stamps[0] - start) / 1e6;
        var tripsMs = stamps.Zip(stamps.Skip(1), (a, b) => (b - a) / 1e6).ToList();
        output.WriteLine($"greeting {greetingMs:0.00} ms, round trips {tripsMs.Min():0.00} … {tripsMs.Max():0.00} ms");

        // Handshake (one round trip), then the greeting's own.
        Assert.InRange(greetingMs, 80, TestHandler.Patience.TotalMilliseconds);
        Assert.All(tripsMs, trip => Assert.InRange(trip, 39.8, TestHandler.Patience.TotalMilliseconds));

        // Not twice the delay.
        Assert.InRange(tripsMs.Min(), 39.8, 79);
    }

    [Fact]
    public async Task Many_connections_share_the_line_fairly()
    {
        var received = new long[12];
        var next = 0;
        await using var bench = await LineBench.StartAsync("10Mbit/s", _ =>
        {
            var which = next++;
            return new TestHandler
            {
                Quiet = true,
                Received = (_, octets) =>
                {
                    received[which] += octets.Length;
                    return octets.Length;
                },
            };
        });
        for (var i = 0; i < received.Length; i++) await bench.Dial(LineBench.Bulk());
        await bench.BusyAsync("10Mbit/s", TimeSpan.FromSeconds(0.2), TimeSpan.Zero);
        var before = received.ToArray();
        await bench.BusyAsync("10Mbit/s", TimeSpan.FromSeconds(1.5), TimeSpan.Zero);
        var shares = received.Zip(before, (after, first) => after - first).ToList();
        output.WriteLine(string.Join(' ', shares));
        Assert.True(shares.Min() > 0.85 * shares.Max(), $"shares differ: {string.Join(' ', shares)}");
    }

    [Fact]
    public async Task The_queue_limit_bounds_how_long_octets_wait()
    {
        const int queueBytes = 64 << 10;
        var delay = TimeSpan.FromMilliseconds(10);
        var waits = new List<double>();
        await using var bench = await LineBench.StartAsync(
            "1.5Mbit/s",
            _ => new TestHandler
            {
                Quiet = true,
                Received = (_, octets) =>
                {
                    var consumed = 0;
                    for (; octets.Length - consumed >= 1024; consumed += 1024)
                        waits.Add((MonotonicClock.NowNs - BinaryPrimitives.ReadInt64LittleEndian(octets.AsSpan(consumed))) / 1e6);
                    return consumed;
                },
            },
            delay,
            queueBytes);

        // Each block is stamped as it is handed to a small send buffer, so little waits before the line.
        var block = new byte[1024];
        void SendBlock(Connection connection)
        {
            BinaryPrimitives.WriteInt64LittleEndian(block, MonotonicClock.NowNs);
            connection.Send(block);
        }

        await bench.Dial(
            new TestHandler
            {
                Connected = connection =>
                {
                    connection.HighWater = 1;
                    SendBlock(connection);
                },
                Writable = SendBlock,
            },
            new SocketOptions { SendBufferBytes = 4096 });
        var expectedMs = queueBytes * (1514.0 / 1448) * 8 / 1500 + 10;
        var (least, most) = (0.7 * expectedMs, 1.4 * expectedMs);

        // A pause of the machine delays all that is in the queue; a bound that is not kept is passed three times.
        for (var attempt = 1; ; attempt++)
        {
            await bench.BusyAsync("1.5Mbit/s", TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(0.6));
            var late = waits.Skip(Math.Max(waits.Count / 2, waits.Count - 150)).Order().ToList();
            var median = late[late.Count / 2];
            output.WriteLine($"median wait {median:0} ms, longest {late[^1]:0} ms; queue ÷ capacity + delay = {expectedMs:0} ms");
            if (attempt < 3 && (median < least || median > most)) continue;
            Assert.InRange(median, least, most);
            break;
        }
    }

    [Fact]
    public async Task A_short_exchange_passes_a_full_queue_in_its_turn()
    {
        await using var bench = await LineBench.StartAsync("1.5Mbit/s", connection => TestHandler.Echo());
        await bench.Dial(LineBench.Bulk());
        await bench.BusyAsync("1.5Mbit/s", TimeSpan.FromSeconds(0.5), TimeSpan.Zero);
        long start = 0;
        var trips = new List<double>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await bench.Dial(new TestHandler
        {
            Connected = connection =>
            {
                start = MonotonicClock.NowNs;
                connection.Send("NOOP"u8);
            },
            Received = (connection, octets) =>
            {
                trips.Add((MonotonicClock.NowNs - start) / 1e6);
                if (trips.Count == 5) done.TrySetResult();
                start = MonotonicClock.NowNs;
                connection.Send("NOOP"u8);
                return octets.Length;
            },
        });
        await done.Task.WaitAsync(TestHandler.Patience);
        output.WriteLine($"round trips beside a bulk transfer: {string.Join(' ', trips.Select(trip => trip.ToString("0", System.Globalization.CultureInfo.InvariantCulture)))} ms");

        // Behind all that waits it would be 350 ms.
        Assert.InRange(trips.Min(), 0, 200);
    }

    [Fact]
    public async Task Capacity_changes_while_octets_flow()
    {
        await using var bench = await LineBench.StartAsync("1.5Mbit/s", _ => LineBench.Discard());
        for (var i = 0; i < 2; i++) await bench.Dial(LineBench.Bulk());
        var slow = await MeasuredAsync("1.5Mbit/s", 0.7, 0.4);
        await bench.Node.HandleAsync(new CapacityCommand(20_000_000, 20_000_000), CancellationToken.None);
        var fast = await MeasuredAsync("20Mbit/s", 0.7, 0.25);
        await bench.Node.HandleAsync(new CapacityCommand(0, 0), CancellationToken.None);
        var unlimited = await MeasuredAsync("20Mbit/s", 0.3, 1.5);
        output.WriteLine($"{slow:P1} {fast:P1} unlimited {unlimited * 20:0} Mbit/s");

        // Loose below: this is about the change, and others have the processors too (0.675 was seen). Without a change fast would be 0.075, and slow of a line at 20 Mbit/s 13.
        Assert.InRange(slow, 0.4, 1.1);
        Assert.InRange(fast, 0.25, 1.1);
        Assert.InRange(unlimited, 1.5, 1e6);
        Assert.Null(await bench.Node.HandleAsync(new EndTrialCommand(), CancellationToken.None));
        await Assert.ThrowsAsync<NotSupportedException>(() => bench.Node.HandleAsync(new CreditsCommand(1), CancellationToken.None));

        // A window in which the machine stood still is no measurement.
        async Task<double> MeasuredAsync(string capacity, double seconds, double least)
        {
            for (var attempt = 1; ; attempt++)
            {
                var busy = (await bench.BusyAsync(capacity, TimeSpan.FromSeconds(seconds), TimeSpan.FromMilliseconds(100))).Forward;
                if (busy >= least || attempt == 3) return busy;
            }
        }
    }

    [Fact]
    public async Task An_idle_line_earns_no_credit()
    {
        // 40 KiB after a pause take their 220 ms, however long nothing was sent before.
        await using var bench = await LineBench.StartAsync("1.5Mbit/s", _ => TestHandler.Echo());
        var got = 0;
        long start = 0;
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var took = new TaskCompletionSource<double>(TaskCreationOptions.RunContinuationsAsynchronously);
        var client = new TestHandler
        {
            Quiet = true,
            Connected = connection => connection.Send("x"u8),
            Received = (_, octets) =>
            {
                got += octets.Length;
                first.TrySetResult();
                if (got == 40_001) took.TrySetResult((MonotonicClock.NowNs - start) / 1e6);
                return octets.Length;
            },
        };
        var dialled = await bench.Dial(client);
        await first.Task.WaitAsync(TestHandler.Patience);
        await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        await LoopTest.On(bench.Sources, () =>
        {
            start = MonotonicClock.NowNs;
            dialled.Send(new byte[40_000]);
        });
        var ms = await took.Task.WaitAsync(TestHandler.Patience);
        output.WriteLine($"{ms:0} ms");
        Assert.InRange(ms, 40_000 * (1514.0 / 1448) * 8 / 1500 - 10, 3000);
    }

    [Fact]
    public async Task Stops_when_nothing_is_on_the_way()
    {
        await using var bench = await LineBench.StartAsync("10Mbit/s", _ => TestHandler.Echo());
        var client = new TestHandler { Connected = connection => connection.Send("x"u8) };
        await bench.Dial(client);
        await Until(() => !client.Presented.IsEmpty);
        using var patience = new CancellationTokenSource(TestHandler.Patience);
        await bench.Node.StopAsync(patience.Token);
        Assert.Equal(CloseKind.Reset, (await client.WhenClosed).Kind);
        var counts = bench.Node.Counts();
        Assert.InRange((long)counts["wireOctetsForward"]!, 1 + 66 * 3, 1000);
    }

    private static LineOptions Options(IReadOnlyList<LinePort> ports, string capacity, int delayMs = 0) =>
        new() { Ports = ports, Forward = BitRate.Parse(capacity), Reverse = BitRate.Parse(capacity), Delay = TimeSpan.FromMilliseconds(delayMs) };

    private static async Task Until(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TestHandler.Patience);
        while (!condition()) await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, patience.Token);
    }
}
