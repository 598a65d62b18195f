using System.Net;
using System.Net.Sockets;

namespace MailBench.Transport;

/// <summary>A listening socket of the portable loop: one accept is under way at a time.</summary>
internal sealed class SocketListener : Listener
{
    private const long ExhaustionPauseNs = 50_000_000;

    private readonly SocketLoop _loop;
    private readonly Func<Connection, IConnectionHandler?> _accept;
    private SocketOptions _options;
    private readonly Socket _socket;
    private readonly SocketAsyncEventArgs _accepting = new();
    private HeapTimer? _retry;
    private bool _closed;

    public SocketListener(SocketLoop loop, IPEndPoint endPoint, Func<Connection, IConnectionHandler?> accept, SocketOptions options)
    {
        _loop = loop;
        _accept = accept;
        _options = options;
        _socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            PortableSocketOptions.Apply(_socket, options);
            _socket.Bind(endPoint);
            _socket.Listen(options.Backlog);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        EndPoint = (IPEndPoint)_socket.LocalEndPoint!;
        _accepting.Completed += (_, _) => loop.Complete(static state => ((SocketListener)state!).Accepted(), this);
    }

    public override IPEndPoint EndPoint { get; }

    public override void Apply(SocketOptions options)
    {
        if (_closed) return;
        _options = options;
        PortableSocketOptions.Apply(_socket, options);
    }

    public override void Dispose()
    {
        if (_loop.IsCurrent)
        {
            CloseNow();
            return;
        }

        // Closing ends the accept under way, from any thread.
        _socket.Dispose();
        _loop.Post(static state => ((SocketListener)state!).CloseNow(), this);
    }

    internal void Begin()
    {
        if (_closed) return;
        _loop.Adopt(this);
        AcceptNext();
    }

    internal void CloseNow()
    {
        if (_closed) return;
        _closed = true;
        _retry?.Disarm();
        _loop.Forget(this);
        _socket.Dispose();
        _accepting.Dispose();
    }

    private void AcceptNext()
    {
        if (_closed) return;
        _accepting.AcceptSocket = null;
        try
        {
            if (!_socket.AcceptAsync(_accepting)) _loop.Complete(static state => ((SocketListener)state!).Accepted(), this);
        }
        catch (ObjectDisposedException)
        {
            // Disposed from another thread: CloseNow is on its way.
        }
    }

    private void Accepted()
    {
        if (_closed) return;
        switch (_accepting.SocketError)
        {
            case SocketError.Success when DescriptorReserve.Allows(_accepting.AcceptSocket!.SafeHandle.DangerousGetHandle()):
                SocketConnection.Accept(_loop, _accepting.AcceptSocket!, _options, _accept);
                AcceptNext();
                break;
            case SocketError.OperationAborted:
                break;
            case SocketError.ConnectionReset or SocketError.ConnectionAborted:
                AcceptNext();
                break;
            default:
                // No free descriptor, or the like: callers wait in the backlog meanwhile. The one that took a reserved descriptor is turned away.
                _accepting.AcceptSocket?.Dispose();
                _retry ??= new HeapTimer(_loop, static state => ((SocketListener)state!).AcceptNext(), this);
                _retry.Arm(_loop.TurnNs + ExhaustionPauseNs);
                break;
        }
    }
}
