using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MailBench.Transport.Linux;

namespace MailBench.Transport;

/// <summary>A connection on the epoll loop. Interest in reading is dropped only when an event shows that it must be: most pauses end before one.</summary>
internal sealed unsafe class EpollConnection : LoopConnection, IEpollTarget
{
    private static readonly IPEndPoint Nowhere = new(IPAddress.Any, 0);

    private readonly EpollLoop _loop;
    private readonly IPEndPoint _remote;
    private IPEndPoint? _local;
    private int _descriptor;
    private uint _interest;
    private bool _suspended;

    private EpollConnection(EpollLoop loop, int descriptor, IPEndPoint remote, IConnectionHandler? handler, bool dialling) : base(loop, handler, dialling)
    {
        _loop = loop;
        _descriptor = descriptor;
        _remote = remote;
        loop.Adopt(this);
    }

    public override IPEndPoint LocalEndPoint => _local ??= _descriptor < 0 ? Nowhere : SocketCalls.LocalEndPoint(_descriptor);

    public override IPEndPoint RemoteEndPoint => _remote;

    public override TcpCounts? ReadTcpCounts() => _descriptor < 0 ? null : SocketCalls.ReadTcpCounts(_descriptor);

    public static EpollConnection Dial(EpollLoop loop, IPEndPoint endPoint, IConnectionHandler handler, TimeSpan timeout, SocketOptions options)
    {
        var connection = new EpollConnection(loop, -1, endPoint, handler, dialling: true);
        connection.ArmDialTimeout(timeout);
        try
        {
            connection.BeginDial(endPoint, options);
        }
        catch (SocketException failed)
        {
            connection.Close(SocketErrors.ToReason(failed.SocketErrorCode), reset: false);
        }

        return connection;
    }

    /// <summary>Takes an accepted descriptor: asks the owner for its handler, or closes it.</summary>
    public static void Accept(EpollLoop loop, int descriptor, IPEndPoint peer, Func<Connection, IConnectionHandler?> accept)
    {
        var connection = new EpollConnection(loop, descriptor, peer, null, dialling: false);
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
            connection.Abandon();
            return;
        }

        connection.Watch(Native.EPOLLIN);
        connection.Established();
    }

    public void OnEvents(uint events)
    {
        if (IsClosing) return;
        if (IsDialling)
        {
            FinishDial();
            return;
        }

        if ((events & Native.EPOLLOUT) != 0)
        {
            FlushOutput();
            AfterFlush();
        }

        if ((events & (Native.EPOLLIN | Native.EPOLLERR | Native.EPOLLHUP)) != 0 && !IsClosing) Read(events);
    }

    protected override void ReadingResumed()
    {
        if (HasInputEnded) return;
        if (_suspended)
        {
            _suspended = false;
            Watch(_interest | Native.EPOLLIN);
        }
        else
        {
            Want(_interest | Native.EPOLLIN);
        }
    }

    protected override void FlushOutput()
    {
        while (HasPendingOutput)
        {
            nint taken;
            var pending = PendingOutput.Span;
            fixed (byte* octets = pending) taken = Native.send(_descriptor, octets, (nuint)pending.Length, Native.MSG_NOSIGNAL);
            if (taken >= 0)
            {
                OutputTaken((int)taken);
                continue;
            }

            if (!SendFailed(Marshal.GetLastPInvokeError())) return;
        }

        Want(_interest & ~Native.EPOLLOUT);
    }

    /// <summary>True: go on, with what is left or with nothing, since sending is over; false: go on when the socket is writable.</summary>
    private bool SendFailed(int errno)
    {
        if (errno == Errno.EINTR) return true;
        if (errno == Errno.EAGAIN || Errno.IsExhaustion(errno))
        {
            Want(_interest | Native.EPOLLOUT);
            return false;
        }

        OutputBroke(Errno.ToReason(errno));
        return true;
    }

    protected override void ShutdownSocket() => _ = Native.shutdown(_descriptor, Native.SHUT_WR);

    protected override void DisposeSocket(bool reset)
    {
        if (_descriptor < 0) return;
        _loop.Unwatch(_descriptor);
        SocketCalls.Close(_descriptor, reset);
        _descriptor = -1;
    }

    private void BeginDial(IPEndPoint endPoint, SocketOptions options)
    {
        _descriptor = SocketCalls.Open(endPoint.AddressFamily);
        SocketCalls.Apply(_descriptor, options);
        if (options.From is { } from) SocketCalls.Bind(_descriptor, new IPEndPoint(from, 0));
        var errno = SocketCalls.Connect(_descriptor, endPoint);
        if (errno is 0 or Errno.EINPROGRESS or Errno.EINTR)
            Watch(Native.EPOLLOUT);
        else
            Close(Errno.ToReason(errno), reset: false);
    }

    private void FinishDial()
    {
        var errno = SocketCalls.PendingError(_descriptor);
        if (errno != 0)
        {
            Close(Errno.ToReason(errno), reset: false);
            return;
        }

        Want(Native.EPOLLIN);
        Established();
    }

    /// <summary>Whether its receive may be one of several together: nothing is left over, and nobody has asked it to pause.</summary>
    internal bool MayReceive => !IsClosing && !IsDialling && !HasInputEnded && !IsPaused && !HasInputLeft;

    internal void GatherReceive(CallRing ring, byte* target, int length) => ring.Receive(_descriptor, target, length);

    /// <summary>The end of a receive together with others, whose handlers may have paused or closed this one since: octets, or the error number below zero.</summary>
    internal void Received(ReadOnlySpan<byte> octets, int result)
    {
        if (result > 0) Arrived(octets[..result]);
        else if (IsClosing) return;
        else if (result < 0) ReceiveFailed(-result);
        else if (!IsPaused) ReceivedEnd();
    }

    /// <summary>Gathers the send of its output, if that is in the loop's memory, which is never moved.</summary>
    internal bool TryGatherSend(CallRing ring)
    {
        if (!HasPendingOutput || !IsOutputInBuffer) return false;
        ring.Send(_descriptor, (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(PendingOutput.Span)), PendingOutput.Length);
        return true;
    }

    /// <summary>The end of a send together with others: octets, or the error number below zero.</summary>
    internal void Sent(int result)
    {
        if (result >= 0) OutputTaken(result);
        // What is left goes on by itself; that is nothing most of the time.
        if (result >= 0 || SendFailed(-result)) FlushOutput();
        AfterFlush();
    }

    private void Read(uint events)
    {
        if (HasInputEnded || IsPaused)
        {
            Refrain(events);
            return;
        }

        nint count;
        var space = InputSpace(_loop.ReceiveBuffer).Span;
        fixed (byte* octets = space) count = Native.recv(_descriptor, octets, (nuint)space.Length, 0);
        if (count > 0)
        {
            Arrived(_loop.ReceiveBuffer, (int)count);
            return;
        }

        if (count == 0) ReceivedEnd();
        else ReceiveFailed(Marshal.GetLastPInvokeError());
    }

    private void ReceivedEnd()
    {
        InputEnded();

        // Most connections end with this; one that goes on must not hear of its peer's end again and again.
        if (!IsClosing) Want(_interest & ~Native.EPOLLIN);
    }

    private void ReceiveFailed(int errno)
    {
        if (errno is not (Errno.EAGAIN or Errno.EINTR)) Close(Errno.ToReason(errno), reset: false);
    }

    /// <summary>Events for one that does not read: keeps a level-triggered event from coming again and again.</summary>
    private void Refrain(uint events)
    {
        if ((events & Native.EPOLLERR) != 0 || (HasInputEnded && (events & Native.EPOLLHUP) != 0))
        {
            var errno = SocketCalls.PendingError(_descriptor);
            Close(Errno.ToReason(errno == 0 ? Errno.ECONNRESET : errno), reset: false);
        }
        else if ((events & Native.EPOLLHUP) != 0)
        {
            // Both directions have ended but input is unread, and EPOLLHUP cannot be masked: out of the set until reading resumes.
            _suspended = true;
            _loop.Suspend(_descriptor, Yields);
        }
        else
        {
            Want(_interest & ~Native.EPOLLIN);
        }
    }

    private void Abandon()
    {
        SocketCalls.Close(_descriptor, reset: false);
        _descriptor = -1;
        _loop.Forget(this);
    }

    private void Watch(uint interest)
    {
        _interest = interest;
        _loop.Watch(_descriptor, this, interest, Yields);
    }

    private void Want(uint interest)
    {
        if (interest == _interest) return;
        _interest = interest;
        if (!_suspended) _loop.Change(_descriptor, interest, Yields);
    }
}
