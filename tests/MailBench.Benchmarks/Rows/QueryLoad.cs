using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using MailBench.Wire.Dns;

namespace MailBench.Benchmarks.Rows;

/// <summary>Keeps so many questions for MX outstanding at a server, on a thread of its own; lost ones are asked again after a moment.</summary>
internal sealed class QueryLoad : IDisposable
{
    private const int LostAfterMs = 200;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly byte[][] _queries;
    private readonly int _outstanding;
    private readonly Thread _thread;
    private volatile bool _stopping;
    private long _answers;

    public QueryLoad(IPEndPoint at, int outstanding)
    {
        _outstanding = outstanding;
        _queries = [.. Enumerable.Range(0, DnsRow.Domains).Select(domain =>
        {
            var query = new byte[512];
            return query[..DnsQuery.Write(query, (ushort)domain, DnsName.Parse($"d{domain}.test"), DnsType.MX, 1232)];
        })];
        _socket.ReceiveTimeout = LostAfterMs;
        _socket.ReceiveBufferSize = 4 << 20;
        _socket.Connect(at);
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public long Answers => Volatile.Read(ref _answers);

    /// <summary>Answers without two MX records and two addresses.</summary>
    public long Wrong { get; private set; }

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        _socket.Dispose();
    }

    private void Run()
    {
        var next = 0;
        var answer = new byte[4096];
        void Ask() => _socket.Send(_queries[next++ % _queries.Length]);

        for (var i = 0; i < _outstanding; i++) Ask();
        while (!_stopping)
        {
            try
            {
                var length = _socket.Receive(answer);
                // Counts of answer and additional records (RFC 1035 §4.1.1); the additional ones hold an OPT too.
                if (length < 12 || BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(6)) != 2 || BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(10)) < 2) Wrong++;
                Volatile.Write(ref _answers, _answers + 1);
                Ask();
            }
            catch (SocketException)
            {
                if (_stopping) return;
                for (var i = 0; i < _outstanding; i++) Ask();
            }
        }
    }
}
