using System.Net;
using System.Net.Sockets;
using MailBench.Wire.Dns;

namespace MailBench.Peers.Dns;

/// <summary>
/// Answers UDP on a thread of its own that blocks in the receive, nothing allocated per query. On Linux what has arrived is taken by one system call and answered by one (<see cref="DatagramBatch"/>);
/// nothing waits for company. Elsewhere it is a call in and a call out for each. Measured faster than any asynchronous form, and the responder must never be what a run waits for.
/// </summary>
internal sealed class UdpServer : IDisposable
{
    /// <summary>Queries that arrive in a burst wait here rather than being lost; the kernel caps it at rmem_max.</summary>
    private const int ReceiveBufferBytes = 4 << 20;

    /// <summary>Bounds a blocked receive, so that it sees the end even where no datagram wakes it.</summary>
    private const int ReceiveTimeoutMs = 1_000;

    private readonly Socket _socket;
    private readonly DnsResponder _responder;
    private readonly Action<byte[], SocketAddress, long> _sendLater;
    private readonly Thread _thread;
    private readonly Action<Exception> _failed;
    private volatile bool _stopping;

    /// <param name="sendLater">Takes an answer (its own array), whom it is for, and the delay in ns; called on this server's thread.</param>
    /// <param name="failed">Hears of a defect that ended the thread.</param>
    public UdpServer(IPEndPoint listen, DnsResponder responder, Action<byte[], SocketAddress, long> sendLater, Action<Exception> failed)
    {
        _socket = new Socket(listen.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            _socket.ReceiveBufferSize = ReceiveBufferBytes;
            _socket.SendBufferSize = ReceiveBufferBytes;
            _socket.ReceiveTimeout = ReceiveTimeoutMs;
            _socket.Bind(listen);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        _responder = responder;
        _sendLater = sendLater;
        _failed = failed;
        EndPoint = (IPEndPoint)_socket.LocalEndPoint!;
        _thread = new Thread(Run) { Name = "dns-udp", IsBackground = true };
    }

    public IPEndPoint EndPoint { get; }

    public DnsTally Tally { get; } = new();

    public void Start() => _thread.Start();

    /// <summary>From any thread.</summary>
    public void Send(ReadOnlySpan<byte> message, SocketAddress to)
    {
        try
        {
            _socket.SendTo(message, SocketFlags.None, to);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // As with any lost datagram: the client asks again.
        }
    }

    public void Dispose()
    {
        _stopping = true;
        // Closing alone does not wake a blocked receive everywhere; a datagram to ourselves does.
        if (_thread.IsAlive)
        {
            Wake();
            _thread.Join(TimeSpan.FromSeconds(1));
        }

        _socket.Dispose();
        if (_thread.IsAlive) _thread.Join();
    }

    private void Wake()
    {
        var address = EndPoint.Address;
        if (address.Equals(IPAddress.Any)) address = IPAddress.Loopback;
        if (address.Equals(IPAddress.IPv6Any)) address = IPAddress.IPv6Loopback;
        using var socket = new Socket(EndPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.SendTo([], new IPEndPoint(address, EndPoint.Port));
        }
        catch (SocketException)
        {
            // Then closing the socket ends the receive.
        }
    }

    private void Run()
    {
        try
        {
            if (OperatingSystem.IsLinux() && Environment.Is64BitProcess) ServeTogether();
            else ServeSingly();
        }
        catch (Exception defect) when (defect is not OutOfMemoryException)
        {
            _failed(defect);
        }
    }

    private void ServeTogether()
    {
        using var batch = new DatagramBatch(_socket.SafeHandle);
        while (true)
        {
            var count = batch.Receive();
            if (_stopping) return;
            for (var i = 0; i < count; i++)
            {
                var output = batch.NextAnswer;
                var outcome = _responder.Answer(batch.Received(i), output, tcp: false, Tally);
                if (outcome.Length == 0) continue;
                if (outcome.DelayNs == 0) batch.Answer(i, outcome.Length);
                else _sendLater(output[..outcome.Length].ToArray(), batch.SenderOf(i), outcome.DelayNs);
            }

            batch.Send();
        }
    }

    private void ServeSingly()
    {
        var input = GC.AllocateUninitializedArray<byte>(DnsWire.MaxMessageBytes, pinned: true);
        var output = GC.AllocateUninitializedArray<byte>(DnsWire.MaxMessageBytes, pinned: true);
        var from = new SocketAddress(EndPoint.AddressFamily);
        while (!_stopping)
        {
            int received;
            try
            {
                received = _socket.ReceiveFrom(input, SocketFlags.None, from);
            }
            catch (SocketException)
            {
                // An ICMP error of an earlier answer, or the close that ends this loop.
                continue;
            }
            catch (ObjectDisposedException)
            {
                return;
            }

            if (_stopping) return;
            var outcome = _responder.Answer(input.AsSpan(0, received), output, tcp: false, Tally);
            if (outcome.Length == 0) continue;
            if (outcome.DelayNs == 0) Send(output.AsSpan(0, outcome.Length), from);
            else _sendLater(output[..outcome.Length], Copy(from), outcome.DelayNs);
        }
    }

    private static SocketAddress Copy(SocketAddress address)
    {
        var copy = new SocketAddress(address.Family, address.Size);
        address.Buffer.Span[..address.Size].CopyTo(copy.Buffer.Span);
        return copy;
    }
}
