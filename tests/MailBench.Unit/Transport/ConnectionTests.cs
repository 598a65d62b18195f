using System.Net;
using System.Net.Sockets;
using System.Text;
using MailBench.Transport;
using Xunit;

namespace MailBench.Unit.Transport;

public sealed class ConnectionTests : LoopTest
{
    [Theory, MemberData(nameof(Loops))]
    public async Task Echoes_between_two_connections(bool portable)
    {
        using var loop = Start(portable);
        using var listener = loop.Listen(Any4, _ => TestHandler.Echo());
        var got = Completion<string>();
        var client = new TestHandler
        {
            Connected = connection => connection.Send("hello"u8),
            Received = (_, octets) =>
            {
                if (octets.Length < 5) return 0;
                got.TrySetResult(Encoding.ASCII.GetString(octets));
                return octets.Length;
            },
        };
        var dialled = await Dial(loop, listener.EndPoint, client);
        Assert.Equal("hello", await got.Task.WaitAsync(TestHandler.Patience));
        Assert.Equal(listener.EndPoint, dialled.RemoteEndPoint);
        Assert.Equal((5, 5), (dialled.OctetsIn, dialled.OctetsOut));
        Assert.Equal(IPAddress.Loopback, (await On(loop, () => dialled.LocalEndPoint)).Address);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Serves_ipv6(bool portable)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6; enable it on lo to run this.");
        using var loop = Start(portable);
        Listener listener;
        try
        {
            listener = loop.Listen(new IPEndPoint(IPAddress.IPv6Loopback, 0), _ => TestHandler.Echo());
        }
        catch (SocketException)
        {
            Assert.Skip("::1 cannot be bound here; enable IPv6 on lo to run this.");
            return;
        }

        var got = Completion();
        var client = new TestHandler
        {
            Connected = connection => connection.Send("6"u8),
            Received = (_, octets) =>
            {
                got.TrySetResult();
                return octets.Length;
            },
        };
        var dialled = await Dial(loop, listener.EndPoint, client);
        await got.Task.WaitAsync(TestHandler.Patience);
        Assert.Equal(AddressFamily.InterNetworkV6, (await On(loop, () => dialled.LocalEndPoint)).AddressFamily);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Pauses_a_producer_and_loses_nothing_of_a_large_transfer(bool portable)
    {
        const int total = 24 << 20;
        using var loop = Start(portable);
        var highest = 0;
        long received = 0, wrong = 0;
        var done = Completion();
        using var listener = loop.Listen(Any4, _ => new TestHandler
        {
            Received = (_, octets) =>
            {
                foreach (var octet in octets)
                    if (octet != (byte)(received++ % 251)) wrong++;
                if (received == total) done.TrySetResult();
                return octets.Length;
            },
        });

        var sent = 0;
        void Produce(Connection connection)
        {
            Span<byte> block = stackalloc byte[10_000];
            while (sent < total && connection.UnsentBytes < connection.HighWater)
            {
                var length = Math.Min(block.Length, total - sent);
                for (var i = 0; i < length; i++) block[i] = (byte)(sent++ % 251);
                connection.Send(block[..length]);
                highest = Math.Max(highest, connection.UnsentBytes);
            }
        }

        await Dial(loop, listener.EndPoint, new TestHandler { Connected = Produce, Writable = Produce });
        await done.Task.WaitAsync(TestHandler.Patience);
        Assert.Equal((total, 0), (received, wrong));
        Assert.InRange(highest, 1, Connection.HighWaterBytes + 10_000);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Presents_unconsumed_input_again_with_what_follows(bool portable)
    {
        using var loop = Start(portable);
        var lines = new List<string>();
        var done = Completion();
        using var listener = loop.Listen(Any4, _ => new TestHandler
        {
            Received = (_, octets) =>
            {
                var consumed = 0;
                for (int end; (end = Array.IndexOf(octets, (byte)'\n', consumed)) >= 0; consumed = end + 1)
                    lines.Add(Encoding.ASCII.GetString(octets, consumed, end - consumed));
                if (lines.Count == 3) done.TrySetResult();
                return consumed;
            },
        });

        using var raw = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await raw.ConnectAsync(listener.EndPoint);
        foreach (var piece in new[] { "a", "b", "c\n", "d", "ef\n", "gh\n" })
        {
            await raw.SendAsync(Encoding.ASCII.GetBytes(piece));
            await On(loop, () => 0);
        }

        await done.Task.WaitAsync(TestHandler.Patience);
        Assert.Equal(["abc", "def", "gh"], lines);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Aborts_when_a_full_buffer_is_not_consumed(bool portable)
    {
        using var loop = Start(portable);
        var server = new TestHandler { Received = (_, _) => 0 };
        using var listener = loop.Listen(Any4, _ => server);
        await Dial(loop, listener.EndPoint, new TestHandler { Connected = connection => connection.Send(new byte[Connection.InputLimitBytes + 1]) });
        Assert.Equal(CloseKind.InputOverflow, (await server.WhenClosed).Kind);
        Assert.Equal(Connection.InputLimitBytes, server.Presented.Max(octets => octets.Length));
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Reads_nothing_while_paused_and_presents_at_resumption(bool portable)
    {
        using var loop = Start(portable);
        var take = 0;
        var done = Completion();
        var server = new TestHandler
        {
            Received = (connection, octets) =>
            {
                if (take == 0)
                {
                    connection.PauseReading();
                    return 0;
                }

                done.TrySetResult();
                return octets.Length;
            },
        };
        using var listener = loop.Listen(Any4, _ => server);
        var client = new TestHandler();
        var dialled = await Dial(loop, listener.EndPoint, client);
        var accepted = await server.WhenConnected;
        await client.WhenConnected;
        await On(loop, () => dialled.Send("first"u8));
        await Until(() => !server.Presented.IsEmpty);
        await On(loop, () => dialled.Send("second"u8));
        for (var i = 0; i < 20; i++) await On(loop, () => 0);
        Assert.Single(server.Presented);

        await On(loop, () =>
        {
            take = 1;
            accepted.ResumeReading();
        });
        await done.Task.WaitAsync(TestHandler.Patience);
        Assert.Equal("first", Encoding.ASCII.GetString(server.Presented.ElementAt(1)[..5]));
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Carries_a_half_close_and_still_receives(bool portable)
    {
        using var loop = Start(portable);
        var server = new TestHandler { InputEnded = connection => { connection.Send("late reply"u8); connection.CloseAfterSend(); } };
        using var listener = loop.Listen(Any4, _ => server);
        var client = new TestHandler
        {
            Connected = connection =>
            {
                connection.Send("question"u8);
                connection.ShutdownSend();
            },
        };
        await Dial(loop, listener.EndPoint, client);
        Assert.Equal(CloseKind.ClosedByPeer, (await client.WhenClosed).Kind);
        Assert.Equal(CloseKind.ClosedByPeer, (await server.WhenClosed).Kind);
        Assert.Equal("question", Text(server));
        Assert.Equal("late reply", Text(client));
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Close_after_send_loses_nothing_even_when_the_peer_still_talks(bool portable)
    {
        const int total = 3 << 20;
        using var loop = Start(portable);
        var server = new TestHandler
        {
            Connected = connection =>
            {
                connection.Send(new byte[total]);
                connection.CloseAfterSend();
            },
        };
        using var listener = loop.Listen(Any4, _ => server);
        using var raw = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await raw.ConnectAsync(listener.EndPoint);
        await raw.SendAsync("RSET\r\n"u8.ToArray());
        var got = 0;
        var buffer = new byte[64 << 10];
        using var patience = new CancellationTokenSource(TestHandler.Patience);
        for (int count; (count = await raw.ReceiveAsync(buffer, patience.Token)) > 0; got += count)
        {
        }

        Assert.Equal(total, got);
        raw.Close();
        Assert.Equal(CloseKind.ClosedByUs, (await server.WhenClosed).Kind);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Abort_resets_the_peer(bool portable)
    {
        using var loop = Start(portable);
        var server = new TestHandler { Received = (connection, octets) => { connection.Abort(); return octets.Length; } };
        using var listener = loop.Listen(Any4, _ => server);
        var client = new TestHandler { Connected = connection => connection.Send("x"u8) };
        await Dial(loop, listener.EndPoint, client);
        Assert.Equal(CloseKind.ClosedByUs, (await server.WhenClosed).Kind);
        Assert.Equal(CloseKind.Reset, (await client.WhenClosed).Kind);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task A_producer_is_not_asked_for_more_when_sending_has_failed(bool portable)
    {
        using var loop = Start(portable);
        var askedInVain = false;
        var server = new TestHandler
        {
            Connected = connection => connection.Send(new byte[8 << 20]),
            Writable = connection => askedInVain |= !connection.IsOpen,
        };
        using var listener = loop.Listen(Any4, _ => server);
        var client = new TestHandler { Received = (connection, octets) => { connection.Abort(); return octets.Length; } };
        await Dial(loop, listener.EndPoint, client);
        Assert.Equal(CloseKind.Reset, (await server.WhenClosed).Kind);
        Assert.False(askedInVain);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Reports_a_refused_dial(bool portable)
    {
        using var loop = Start(portable);
        IPEndPoint gone;
        using (var listener = loop.Listen(Any4, _ => null)) gone = listener.EndPoint;
        await On(loop, () => 0);
        var client = new TestHandler();
        await Dial(loop, gone, client);
        Assert.Equal(CloseKind.Refused, (await client.WhenClosed).Kind);
        Assert.False(client.WhenConnected.IsCompleted);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Gives_up_a_dial_in_time(bool portable)
    {
        using var loop = Start(portable);

        // A full backlog (two callers wait in one of 0) lets no further handshake through.
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(Any4);
        full.Listen(0);
        var to = (IPEndPoint)full.LocalEndPoint!;
        var handlers = Enumerable.Range(0, 6).Select(_ => new TestHandler()).ToList();
        foreach (var handler in handlers) await Dial(loop, to, handler, TimeSpan.FromMilliseconds(200));
        var last = await handlers[^1].WhenClosed;
        Assert.Equal(CloseKind.TimedOut, last.Kind);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task A_handler_that_throws_costs_only_its_own_connection(bool portable)
    {
        using var loop = Start(portable);
        var escaped = Completion<Exception>();
        loop.HandlerFailed += exception => escaped.TrySetResult(exception);
        var bad = new TestHandler { Received = (_, _) => throw new InvalidDataException("planted") };
        using var badListener = loop.Listen(Any4, _ => bad);
        using var listener = loop.Listen(Any4, _ => TestHandler.Echo());
        var good = new TestHandler();
        var connection = await Dial(loop, listener.EndPoint, good);
        await Dial(loop, badListener.EndPoint, new TestHandler { Connected = c => c.Send("x"u8) });
        Assert.Equal("planted", (await escaped.Task.WaitAsync(TestHandler.Patience)).Message);
        Assert.Equal(CloseKind.HandlerFailed, (await bad.WhenClosed).Kind);
        await On(loop, () => connection.Send("still here"u8));
        await Until(() => Text(good) == "still here");
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Serves_a_thousand_connections(bool portable)
    {
        const int count = 1000;
        using var loop = Start(portable);
        using var listener = loop.Listen(Any4, _ => TestHandler.Echo());
        var answered = 0;
        var done = Completion();
        for (var i = 0; i < count; i++)
        {
            await Dial(loop, listener.EndPoint, new TestHandler
            {
                Connected = connection => connection.Send("ping"u8),
                Received = (connection, octets) =>
                {
                    if (octets.Length < 4) return 0;
                    connection.CloseAfterSend();
                    if (++answered == count) done.TrySetResult();
                    return octets.Length;
                },
            });
        }

        await done.Task.WaitAsync(TestHandler.Patience);
        Assert.Equal(count, answered);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Replies_of_one_turn_leave_together(bool portable)
    {
        using var loop = Start(portable);
        using var listener = loop.Listen(Any4, _ => new TestHandler
        {
            Connected = connection =>
            {
                for (var i = 0; i < 10; i++) connection.Send("250 ok\r\n"u8);
                "221 bye\r\n"u8.CopyTo(connection.Output.GetSpan(9));
                connection.Output.Advance(9);
            },
        });
        using var raw = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await raw.ConnectAsync(listener.EndPoint);
        var buffer = new byte[1000];
        Assert.Equal(89, await raw.ReceiveAsync(buffer).WaitAsync(TestHandler.Patience));
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Pins_the_segment_and_counts_segments(bool portable)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "TCP_INFO is read on Linux.");
        using var loop = Start(portable);
        using var listener = loop.Listen(Any4, _ => TestHandler.Echo());
        var client = new TestHandler { Connected = connection => connection.Send(new byte[14480]) };
        var dialled = await Dial(loop, listener.EndPoint, client, options: new SocketOptions { MaxSegment = 1460 });
        await Until(() => client.Presented.Sum(octets => octets.Length) == 14480);
        var counts = (await On(loop, dialled.ReadTcpCounts))!.Value;
        Assert.Equal((1448, 14480, 14480), (counts.SendMss, counts.BytesSent, counts.BytesReceived));
        Assert.InRange(counts.SegmentsOut, 12, 24);
    }

    private static string Text(TestHandler handler) => string.Concat(handler.Presented.Select(octets => Encoding.ASCII.GetString(octets)));

    private static async Task Until(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TestHandler.Patience);
        while (!condition()) await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, patience.Token);
    }
}
