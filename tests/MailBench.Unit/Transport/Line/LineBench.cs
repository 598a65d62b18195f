using System.Net;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Transport;
using MailBench.Transport.Line;

namespace MailBench.Unit.Transport.Line;

/// <summary>A line between a loop of sources and a loop of sinks, on ports that the system picks.</summary>
internal sealed class LineBench : IAsyncDisposable
{
    private readonly EventLoop _sinks;

    private LineBench(EventLoop sinks, LineNode node, IPEndPoint near, IPEndPoint far)
    {
        _sinks = sinks;
        Node = node;
        Near = near;
        Far = far;
    }

    public LineNode Node { get; }

    public IPEndPoint Near { get; }

    public IPEndPoint Far { get; }

    public EventLoop Sources { get; } = EventLoop.Start(new EventLoopOptions("sources"));

    /// <summary>Starts a line in front of a sink; <paramref name="accept"/> gives each of the sink's connections its handler.</summary>
    public static async Task<LineBench> StartAsync(
        string capacity, Func<Connection, IConnectionHandler?> accept, TimeSpan delay = default, int queueBytes = 64 << 10, bool portable = false, IPAddress? on = null)
    {
        var sinks = EventLoop.Start(new EventLoopOptions("sinks"));
        var far = sinks.Listen(new IPEndPoint(on ?? IPAddress.Loopback, 0), accept).EndPoint;
        var rate = BitRate.Parse(capacity);
        var node = new LineNode(
            new LineOptions
            {
                Ports = [new LinePort(new IPEndPoint(on ?? IPAddress.Loopback, 0), far)],
                Forward = rate,
                Reverse = rate,
                Delay = delay,
                Queue = new ByteSize(queueBytes),
            },
            portable);
        var ready = await node.StartAsync(CancellationToken.None);
        return new LineBench(sinks, node, ready[0].EndPoint, far);
    }

    public Task<Connection> Dial(IConnectionHandler handler, SocketOptions? options = null) => LoopTest.Dial(Sources, Near, handler, options: options);

    public double Counter(string name) => Node.Counters()[name];

    /// <summary>A source that always has something to send.</summary>
    public static TestHandler Bulk()
    {
        var block = new byte[16 << 10];
        void Fill(Connection connection)
        {
            while (connection.IsOpen && connection.UnsentBytes < connection.HighWater) connection.Send(block);
        }

        return new TestHandler
        {
            Connected = connection =>
            {
                connection.HighWater = 64 << 10;
                Fill(connection);
            },
            Writable = Fill,
        };
    }

    /// <summary>A source that sends 4 KiB in three commands' worth and waits for a short reply, again and again.</summary>
    public static TestHandler Chatter()
    {
        var message = new byte[4096 + 120];
        return new TestHandler
        {
            Quiet = true,
            Connected = connection => connection.Send(message),
            Received = (connection, octets) =>
            {
                if (octets.Length < 40) return 0;
                connection.Send(message);
                return 40;
            },
        };
    }

    /// <summary>The sink of <see cref="Chatter"/>.</summary>
    public static TestHandler Replier()
    {
        var reply = new byte[40];
        return new TestHandler
        {
            Quiet = true,
            Received = (connection, octets) =>
            {
                var consumed = 0;
                for (; octets.Length - consumed >= 4096 + 120; consumed += 4096 + 120) connection.Send(reply);
                return consumed;
            },
        };
    }

    public static TestHandler Discard() => new() { Quiet = true };

    /// <summary>Wire octets ÷ (capacity × time) of both directions the shares of the time in which something waited, and by which the line was late.</summary>
    internal sealed record Share(double Forward, double Reverse, double ForwardBacklogged, double ReverseBacklogged, double Late);

    /// <summary>Measures over a window that begins after the start-up.</summary>
    public async Task<Share> BusyAsync(string capacity, TimeSpan window, TimeSpan lead)
    {
        await Task.Delay(lead, TimeProvider.System);
        var before = Node.Counters();
        await Task.Delay(window, TimeProvider.System);
        var after = Node.Counters();
        double Grown(string name) => after[name] - before[name];
        var ns = Grown(CounterNames.MonotonicNs);
        var octets = BitRate.Parse(capacity).BitsPerSecond / 8.0 * ns / 1e9;
        return new Share(
            Grown(CounterNames.WireOctetsForward) / octets,
            Grown(CounterNames.WireOctetsReverse) / octets,
            Grown(CounterNames.BackloggedForwardNs) / ns,
            Grown(CounterNames.BackloggedReverseNs) / ns,
            Grown(CounterNames.LineLateNs) / ns);
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        Sources.Dispose();
        _sinks.Dispose();
    }
}
