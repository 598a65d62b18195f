using System.Buffers.Binary;
using System.Net;
using MailBench.Model.Units;
using MailBench.Transport;
using MailBench.Wire.Dns;

namespace MailBench.Peers.Dns;

/// <summary>
/// DNS over TCP (RFC 7766): length-prefixed queries, pipelined, answered in order but for delayed ones; idle connections are closed, and beyond the limit
/// a new one is closed at once. On the loop.
/// </summary>
internal sealed class TcpServer(EventLoop loop, DnsResponder responder, DelayLine delays) : IDisposable
{
    private const int MaxConnections = 2_000;

    /// <summary>RFC 7766 §6.2.3 suggests seconds.</summary>
    private static readonly long IdleNs = TimeSpan.FromSeconds(30).ToNs();

    /// <summary>One buffer for all: an answer is copied to its connection before the next is made.</summary>
    private readonly byte[] _output = new byte[2 + DnsWire.MaxMessageBytes];
    private int _connections;
    private Listener? _listener;

    public DnsTally Tally { get; } = new();

    /// <summary>Throws <see cref="System.Net.Sockets.SocketException"/> when the address cannot be bound.</summary>
    public void Listen(IPEndPoint endPoint) => _listener = loop.Listen(endPoint, Accept);

    public void Dispose() => _listener?.Dispose();

    private Session? Accept(Connection connection)
    {
        if (_connections >= MaxConnections) return null;
        _connections++;
        return new Session(this);
    }

    private sealed class Session(TcpServer server) : IConnectionHandler
    {
        private LoopTimer? _idle;
        private Connection? _connection;
        private long _lastNs;

        public void OnConnected(Connection connection)
        {
            _connection = connection;
            _lastNs = connection.Loop.TurnNs;
            _idle = connection.Loop.CreateTimer(static session => ((Session)session!).CheckIdle(), this);
            _idle.Arm(_lastNs + IdleNs);
        }

        public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
        {
            _lastNs = connection.Loop.TurnNs;
            var consumed = 0;
            while (octets.Length - consumed >= 2)
            {
                // A client that asks without reading waits until it has read.
                if (connection.UnsentBytes >= Connection.HighWaterBytes)
                {
                    connection.PauseReading();
                    return consumed;
                }

                int length = BinaryPrimitives.ReadUInt16BigEndian(octets[consumed..]);
                if (octets.Length - consumed - 2 < length) break;
                Answer(connection, octets.Slice(consumed + 2, length));
                consumed += 2 + length;
            }

            return consumed;
        }

        public void OnWritable(Connection connection) => connection.ResumeReading();

        public void OnClosed(Connection connection, CloseReason reason)
        {
            server._connections--;
            _idle?.Dispose();
        }

        private void Answer(Connection connection, ReadOnlySpan<byte> query)
        {
            var output = server._output;
            var outcome = server.Responder.Answer(query, output.AsSpan(2), tcp: true, server.Tally);
            if (outcome.Length == 0) return;
            BinaryPrimitives.WriteUInt16BigEndian(output, (ushort)outcome.Length);
            var framed = output.AsSpan(0, 2 + outcome.Length);
            if (outcome.DelayNs == 0)
            {
                connection.Send(framed);
                return;
            }

            var kept = framed.ToArray();
            server.Delays.Add(connection.Loop.TurnNs + outcome.DelayNs, () => connection.Send(kept));
        }

        private void CheckIdle()
        {
            var endsNs = _lastNs + IdleNs;
            if (_connection!.Loop.TurnNs >= endsNs) _connection.CloseAfterSend();
            else _idle!.Arm(endsNs);
        }
    }

    private DnsResponder Responder => responder;

    private DelayLine Delays => delays;
}
