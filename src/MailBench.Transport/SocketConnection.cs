using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace MailBench.Transport;

/// <summary>
/// A connection of the portable loop: at most one receive and one send are under way. Their buffers belong to the operation until it has completed,
/// also when the connection is closed before that.
/// </summary>
internal sealed class SocketConnection : LoopConnection
{
    private const int ReceiveBytes = 32 << 10;

    private readonly SocketLoop _loop;

    /// <summary>Null only where a dial found no descriptor: then it counts as disposed from the first.</summary>
    private readonly Socket _socket;
    private readonly IPEndPoint _remote;
    private readonly SocketAsyncEventArgs _receiving = new();
    private readonly SocketAsyncEventArgs _sending = new();
    private IPEndPoint? _local;
    private byte[] _scratch = [];
    private byte[] _inFlight = [];
    private int _inFlightStart;
    private int _inFlightLeft;
    private bool _receiveUnderWay;
    private bool _receiveCompleted;
    private bool _sendUnderWay;
    private bool _disposed;

    private SocketConnection(SocketLoop loop, Socket? socket, IPEndPoint remote, IConnectionHandler? handler, bool dialling) : base(loop, handler, dialling)
    {
        _loop = loop;
        _socket = socket!;
        _disposed = socket is null;
        _remote = remote;
        _receiving.Completed += (_, _) => loop.Complete(static state => ((SocketConnection)state!).ReceiveCompleted(), this);
        _sending.Completed += (_, _) => loop.Complete(static state => ((SocketConnection)state!).SendCompleted(), this);
        loop.Adopt(this);
    }

    public override IPEndPoint LocalEndPoint => _local ??= !_disposed && _socket.LocalEndPoint is IPEndPoint local ? local : new IPEndPoint(IPAddress.Any, 0);

    public override IPEndPoint RemoteEndPoint => _remote;

    public override int UnsentBytes => base.UnsentBytes + _inFlightLeft;

    public override TcpCounts? ReadTcpCounts()
    {
        if (_disposed || !OperatingSystem.IsLinux()) return null;
        Span<byte> info = stackalloc byte[TcpInfo.BufferBytes];
        return TcpInfo.Parse(info[.._socket.GetRawSocketOption(TcpInfo.Level, TcpInfo.Name, info)]);
    }

    public static SocketConnection Dial(SocketLoop loop, IPEndPoint endPoint, IConnectionHandler handler, TimeSpan timeout, SocketOptions options)
    {
        Socket socket;
        try
        {
            socket = DescriptorReserve.Open(endPoint.AddressFamily);
        }
        catch (SocketException none)
        {
            var stillborn = new SocketConnection(loop, null, endPoint, handler, dialling: true);
            stillborn.Close(SocketErrors.ToReason(none.SocketErrorCode), reset: false);
            return stillborn;
        }

        var connection = new SocketConnection(loop, socket, endPoint, handler, dialling: true);
        connection.ArmDialTimeout(timeout);
        try
        {
            PortableSocketOptions.Apply(socket, options);
            if (options.From is { } from) socket.Bind(new IPEndPoint(from, 0));
            var connecting = new SocketAsyncEventArgs { RemoteEndPoint = endPoint };
            connecting.Completed += (_, args) => loop.Complete(
                static state =>
                {
                    var (connection, args) = ((SocketConnection, SocketAsyncEventArgs))state!;
                    connection.ConnectCompleted(args);
                },
                (connection, args));
            if (!socket.ConnectAsync(connecting)) connection.ConnectCompleted(connecting, atOnce: true);
        }
        catch (SocketException failed)
        {
            connection.Close(SocketErrors.ToReason(failed.SocketErrorCode), reset: false);
        }

        return connection;
    }

    public static void Accept(SocketLoop loop, Socket socket, SocketOptions options, Func<Connection, IConnectionHandler?> accept)
    {
        IPEndPoint remote;
        try
        {
            remote = (IPEndPoint)socket.RemoteEndPoint!;
            PortableSocketOptions.Apply(socket, options);
        }
        catch (SocketException)
        {
            // The caller is gone already.
            socket.Dispose();
            return;
        }

        var connection = new SocketConnection(loop, socket, remote, null, dialling: false);
        try
        {
            connection.Handler = accept(connection);
        }
        catch (Exception escaped)
        {
            loop.Report(escaped);
        }

        if (connection.Handler is null)
        {
            connection.DisposeSocket(reset: false);
            loop.Forget(connection);
            return;
        }

        connection.Established();
        connection.Receive();
    }

    protected override void ReadingResumed() => Receive();

    protected override void FlushOutput()
    {
        if (_sendUnderWay || IsClosing || !HasPendingOutput) return;
        (_inFlight, _inFlightStart, _inFlightLeft) = DetachOutput();
        SendInFlight();
    }

    protected override void ShutdownSocket()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The peer is gone; the receive under way finds it.
        }
    }

    protected override void DisposeSocket(bool reset)
    {
        if (_disposed) return;
        _disposed = true;
        if (reset) _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
        ReleaseOperations();
    }

    private void ConnectCompleted(SocketAsyncEventArgs connecting, bool atOnce = false)
    {
        var error = connecting.SocketError;
        connecting.Dispose();
        if (IsClosing) return;
        if (error != SocketError.Success)
        {
            Close(SocketErrors.ToReason(error), reset: false);
        }
        else if (atOnce)
        {
            // The handler must not hear of it from inside Dial.
            _loop.Complete(static state => ((SocketConnection)state!).Connected(), this);
        }
        else
        {
            Connected();
        }
    }

    private void Connected()
    {
        if (IsClosing) return;
        Established();
        Receive();
    }

    private void Receive()
    {
        if (_receiveUnderWay || IsPaused || IsClosing || HasInputEnded || IsDialling) return;
        if (_scratch.Length == 0) _scratch = ArrayPool<byte>.Shared.Rent(ReceiveBytes);
        _receiveUnderWay = true;
        try
        {
            _receiving.SetBuffer(_scratch, 0, ReceiveBytes);
            if (!_socket.ReceiveAsync(_receiving)) _loop.Complete(static state => ((SocketConnection)state!).ReceiveCompleted(), this);
        }
        catch (SocketException failed)
        {
            _receiveUnderWay = false;
            Close(SocketErrors.ToReason(failed.SocketErrorCode), reset: false);
        }
    }

    private void ReceiveCompleted()
    {
        _receiveCompleted = true;
        if (Yields && !_disposed) Hold();
        else TakeReceived();
    }

    protected override void TakeReceived()
    {
        if (!_receiveCompleted) return;
        _receiveCompleted = false;
        _receiveUnderWay = false;
        if (_disposed)
        {
            ReleaseOperations();
            return;
        }

        if (IsClosing) return;
        if (_receiving.SocketError != SocketError.Success)
            Close(SocketErrors.ToReason(_receiving.SocketError), reset: false);
        else if (_receiving.BytesTransferred == 0)
            InputEnded();
        else
            Arrived(_scratch.AsSpan(0, _receiving.BytesTransferred));
        Receive();
    }

    private void SendInFlight()
    {
        _sendUnderWay = true;
        try
        {
            _sending.SetBuffer(_inFlight, _inFlightStart, _inFlightLeft);
            if (!_socket.SendAsync(_sending)) SendFinished();
        }
        catch (SocketException failed)
        {
            _sendUnderWay = false;
            DropInFlight();
            OutputBroke(SocketErrors.ToReason(failed.SocketErrorCode));
        }
    }

    private void SendCompleted()
    {
        if (_disposed)
        {
            _sendUnderWay = false;
            ReleaseOperations();
            return;
        }

        SendFinished();
        if (IsClosing) return;
        FlushOutput();
        AfterFlush();
    }

    private void SendFinished()
    {
        _sendUnderWay = false;
        if (_sending.SocketError != SocketError.Success)
        {
            DropInFlight();
            OutputBroke(SocketErrors.ToReason(_sending.SocketError));
            return;
        }

        // SendAsync completes when all octets are with the kernel.
        CountSent(_sending.BytesTransferred);
        DropInFlight();
    }

    private void DropInFlight()
    {
        if (_inFlight.Length > 0) ArrayPool<byte>.Shared.Return(_inFlight);
        _inFlight = [];
        _inFlightLeft = 0;
    }

    /// <summary>Gives back what no operation uses any more.</summary>
    private void ReleaseOperations()
    {
        if (!_sendUnderWay)
        {
            DropInFlight();
            _sending.Dispose();
        }

        if (_receiveUnderWay) return;
        if (_scratch.Length > 0) ArrayPool<byte>.Shared.Return(_scratch);
        _scratch = [];
        _receiving.Dispose();
    }
}
