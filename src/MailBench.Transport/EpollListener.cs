using System.Net;
using System.Runtime.InteropServices;
using MailBench.Transport.Linux;

namespace MailBench.Transport;

/// <summary>
/// A listening descriptor. Without a free descriptor (EMFILE) it leaves callers in the backlog and looks again after a pause, rather than
/// spin on a level-triggered event that it cannot serve.
/// </summary>
internal sealed class EpollListener : Listener, IEpollTarget
{
    private const int AcceptsPerTurn = 256;
    private const long ExhaustionPauseNs = 50_000_000;

    private readonly EpollLoop _loop;
    private readonly Func<Connection, IConnectionHandler?> _accept;
    private readonly int _descriptor;
    private readonly Lock _closing = new();
    private HeapTimer? _retry;
    private bool _closed;

    public EpollListener(EpollLoop loop, IPEndPoint endPoint, Func<Connection, IConnectionHandler?> accept, SocketOptions options)
    {
        _loop = loop;
        _accept = accept;
        _descriptor = SocketCalls.Open(endPoint.AddressFamily);
        try
        {
            SocketCalls.Set(_descriptor, Native.SOL_SOCKET, Native.SO_REUSEADDR, 1);
            SocketCalls.Apply(_descriptor, options);
            SocketCalls.Bind(_descriptor, endPoint);
            _ = EpollLoop.Checked(Native.listen(_descriptor, options.Backlog));
        }
        catch
        {
            SocketCalls.Close(_descriptor, reset: false);
            throw;
        }

        EndPoint = SocketCalls.LocalEndPoint(_descriptor);
    }

    public override IPEndPoint EndPoint { get; }

    public override void Apply(SocketOptions options)
    {
        // The sockets of connections that come are copies of this one.
        if (!_closed) SocketCalls.Apply(_descriptor, options);
    }

    public override void Dispose()
    {
        if (_loop.IsCurrent)
        {
            CloseNow();
            return;
        }

        // The kernel refuses callers from here on; the descriptor itself belongs to the loop, and its number to somebody else once that has closed it.
        lock (_closing)
        {
            if (_closed) return;
            _ = Native.shutdown(_descriptor, Native.SHUT_RD);
        }

        _loop.Post(static state => ((EpollListener)state!).CloseNow(), this);
    }

    public void OnEvents(uint events)
    {
        for (var n = 0; n < AcceptsPerTurn && !_closed; n++)
        {
            var descriptor = SocketCalls.Accept(_descriptor, out var peer);
            if (descriptor >= 0)
            {
                EpollConnection.Accept(_loop, descriptor, peer!, _accept);
                continue;
            }

            var errno = Marshal.GetLastPInvokeError();
            if (errno is Errno.EINTR or Errno.ECONNABORTED) continue;
            if (errno != Errno.EAGAIN) PauseAccepting();
            return;
        }
    }

    internal void Begin()
    {
        if (!_closed) _loop.Watch(_descriptor, this, Native.EPOLLIN);
    }

    /// <summary>On the loop, or after its end.</summary>
    internal void CloseNow()
    {
        if (_closed) return;
        _retry?.Disarm();
        _loop.Unwatch(_descriptor);
        lock (_closing)
        {
            _closed = true;
            SocketCalls.Close(_descriptor, reset: false);
        }
    }

    private void PauseAccepting()
    {
        // EPOLLHUP and EPOLLERR cannot be masked (a listener that was shut down raises them), so it leaves the set altogether.
        _loop.Suspend(_descriptor);
        _retry ??= new HeapTimer(_loop, static state => ((EpollListener)state!).Begin(), this);
        _retry.Arm(_loop.TurnNs + ExhaustionPauseNs);
    }
}
