using System.Net.Sockets;
using System.Runtime.Versioning;
using MailBench.Transport;
using MailBench.Transport.Linux;
using Xunit;

namespace MailBench.Unit.Transport;

/// <summary>Calls that enter the kernel together: the same octets, ends and errors as one by one, whatever the handlers of a turn do to each other's connections.</summary>
[SupportedOSPlatform("linux")]
public sealed class TogetherTests : LoopTest
{
    private const int Peers = 40;

    [Fact]
    public async Task Each_connection_of_a_turn_gets_its_own_octets_in_order()
    {
        SkipWithoutRing();
        await using var rig = await Rig.StartAsync(Peers, _ => TestHandler.Echo());
        for (var round = 1; round <= 5; round++)
        {
            // Some are larger than what a connection keeps in the loop's memory: they go the other way, in the same turn.
            var sent = rig.Clients.Select((_, i) => Octets((round * 100) + i, i % 7 == 0 ? 40_000 : 10 + (i * 97))).ToArray();
            await rig.InOneTurnAsync(() =>
            {
                for (var i = 0; i < Peers; i++) rig.Clients[i].Send(sent[i]);
            });
            for (var i = 0; i < Peers; i++) Assert.Equal(sent[i], Receive(rig.Clients[i], sent[i].Length));
        }
    }

    [Fact]
    public async Task A_connection_that_is_paused_by_another_in_the_same_turn_keeps_what_has_come()
    {
        SkipWithoutRing();
        var connections = new List<Connection>();
        var got = new List<(Connection Connection, byte[] Octets)>();
        Connection? first = null;
        await using var rig = await Rig.StartAsync(8, _ => new TestHandler
        {
            Connected = connections.Add,
            Received = (connection, octets) =>
            {
                if (first is null)
                {
                    first = connection;
                    foreach (var other in connections.Where(other => other != connection)) other.PauseReading();
                }

                got.Add((connection, octets));
                return octets.Length;
            },
        });
        await rig.InOneTurnAsync(() =>
        {
            foreach (var client in rig.Clients) client.Send("hello"u8);
        });
        await On(rig.Loop, () => { });
        Assert.Equal([first!], await On(rig.Loop, () => got.Select(one => one.Connection).ToArray()));
        await On(rig.Loop, () => connections.ForEach(connection => connection.ResumeReading()));
        await Until(rig.Loop, () => got.Count == 8);
        Assert.All(got, one => Assert.Equal("hello"u8.ToArray(), one.Octets));
        Assert.Equal(8, got.Select(one => one.Connection).Distinct().Count());
    }

    [Fact]
    public async Task A_connection_that_is_aborted_by_another_in_the_same_turn_hears_nothing_but_its_end()
    {
        SkipWithoutRing();
        var connections = new List<Connection>();
        var heard = new HashSet<Connection>();
        var closed = new HashSet<Connection>();
        await using var rig = await Rig.StartAsync(8, _ => new TestHandler
        {
            Connected = connections.Add,
            Received = (connection, octets) =>
            {
                heard.Add(connection);
                foreach (var other in connections.Where(other => other != connection)) other.Abort();
                return octets.Length;
            },
            Closing = connection => closed.Add(connection),
        });
        await rig.InOneTurnAsync(() =>
        {
            foreach (var client in rig.Clients) client.Send("hello"u8);
        });
        await Until(rig.Loop, () => closed.Count == 7);
        Assert.Single(heard);
        Assert.Equal(8, heard.Union(closed).Count());
    }

    [Fact]
    public async Task Ends_and_resets_among_octets_are_told_to_those_they_concern()
    {
        SkipWithoutRing();
        var octets = 0;
        var reasons = new List<CloseKind>();
        await using var rig = await Rig.StartAsync(12, _ => new Ending(count => octets += count, reason => reasons.Add(reason.Kind)));
        await rig.InOneTurnAsync(() =>
        {
            for (var i = 0; i < 12; i++)
            {
                if (i % 3 == 0) rig.Clients[i].Send("hello"u8);
                if (i % 3 == 1) rig.Clients[i].Shutdown(SocketShutdown.Send);
                if (i % 3 != 2) continue;
                rig.Clients[i].LingerState = new LingerOption(true, 0);
                rig.Clients[i].Close();
            }
        });
        // The four that have sent FIN are answered by ours, and close when they see it.
        for (var i = 1; i < 12; i += 3) Assert.Equal(0, rig.Clients[i].Receive(new byte[1]));
        await Until(rig.Loop, () => reasons.Count == 8 && octets == 20);
        Assert.Equal((4, 4), (reasons.Count(kind => kind == CloseKind.Reset), reasons.Count(kind => kind == CloseKind.ClosedByPeer)));
    }

    [Fact]
    public unsafe void A_ring_answers_in_the_order_of_asking_and_tells_errors_by_number()
    {
        SkipWithoutRing();
        using var ring = CallRing.TryOpen()!;
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(Any4);
        listener.Listen();
        using var one = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        one.Connect(listener.LocalEndPoint!);
        using var other = listener.Accept();
        var descriptor = (int)one.Handle;
        var octets = stackalloc byte[16];
        Span<int> results = stackalloc int[CallRing.Capacity];

        // More rounds than the ring has places: its counters go round.
        for (var round = 0; round < CallRing.Capacity; round++)
        {
            ring.Send(descriptor, octets, 16);
            ring.Send(-1, octets, 16);
            ring.Receive(descriptor, octets, 16);
            ring.Perform(results);
            Assert.Equal([16, -9 /* EBADF */, -Errno.EAGAIN], results[..3].ToArray());
            Assert.Equal(16, other.Receive(new byte[16]));
        }

        ring.Send(descriptor, octets, 16);
        ring.Drop();
        ring.Perform(results);
        Assert.Equal((0, 0), (ring.Count, other.Available));
    }

    private static void SkipWithoutRing()
    {
        using var ring = OperatingSystem.IsLinux() ? CallRing.TryOpen() : null;
        Assert.SkipWhen(ring is null, "This system has no io_uring or does not let this process have one (Linux 5.7, kernel.io_uring_disabled=0, no seccomp filter against it).");
    }

    private static byte[] Octets(int seed, int count)
    {
        var octets = new byte[count];
        new Random(seed).NextBytes(octets);
        return octets;
    }

    private static byte[] Receive(Socket from, int count)
    {
        var octets = new byte[count];
        for (var at = 0; at < count;)
        {
            var read = from.Receive(octets, at, count - at, SocketFlags.None);
            Assert.NotEqual(0, read);
            at += read;
        }

        return octets;
    }

    private static async Task Until(EventLoop loop, Func<bool> condition)
    {
        var deadline = DateTime.UtcNow + TestHandler.Patience;
        while (!await On(loop, condition)) Assert.True(DateTime.UtcNow < deadline, "It does not come about.");
    }

    /// <summary>Counts octets, answers FIN with FIN and tells why it ended.</summary>
    private sealed class Ending(Action<int> received, Action<CloseReason> closed) : IConnectionHandler
    {
        public void OnConnected(Connection connection) { }

        public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
        {
            received(octets.Length);
            return octets.Length;
        }

        public void OnWritable(Connection connection) { }

        public void OnClosed(Connection connection, CloseReason reason) => closed(reason);
    }

    /// <summary>A loop with a listener, and plain sockets that stand to it.</summary>
    private sealed class Rig(EventLoop loop, Socket[] clients) : IAsyncDisposable
    {
        public EventLoop Loop { get; } = loop;
        public Socket[] Clients { get; } = clients;

        public static async Task<Rig> StartAsync(int peers, Func<Connection, IConnectionHandler> handler)
        {
            var loop = Start(portable: false);
            var accepted = 0;
            var listener = loop.Listen(Any4, connection =>
            {
                accepted++;
                return handler(connection);
            });
            var clients = Enumerable.Range(0, peers).Select(_ =>
            {
                var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 30_000, NoDelay = true };
                client.Connect(listener.EndPoint);
                return client;
            }).ToArray();
            await Until(loop, () => accepted == peers);
            return new Rig(loop, clients);
        }

        /// <summary>What is sent here finds the loop busy, so that it is all there when the loop looks.</summary>
        public async Task InOneTurnAsync(Action send)
        {
            using var held = new ManualResetEventSlim();
            using var release = new ManualResetEventSlim();
            Loop.Post(_ =>
            {
                held.Set();
                release.Wait(TestHandler.Patience);
            }, null);
            Assert.True(held.Wait(TestHandler.Patience));
            send();
            release.Set();
            await On(Loop, () => { });
        }

        public ValueTask DisposeAsync()
        {
            foreach (var client in Clients) client.Dispose();
            Loop.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
