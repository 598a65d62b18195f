using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace MailBench.Transport.Linux;

/// <summary>Sockets by raw descriptor: creation, options, addresses. Failures are <see cref="SocketException"/>s.</summary>
internal static unsafe class SocketCalls
{
    private const int AddressBytes = 128;

    private static readonly IPEndPoint Template = new(IPAddress.Any, 0);
    private static readonly IPEndPoint Template6 = new(IPAddress.IPv6Any, 0);

    public static int Open(AddressFamily family) => EpollLoop.Checked(BelowCeiling(Native.socket(
        family == AddressFamily.InterNetworkV6 ? Native.AF_INET6 : Native.AF_INET,
        Native.SOCK_STREAM | Native.SOCK_NONBLOCK | Native.SOCK_CLOEXEC,
        0)));

    /// <summary>Sets what a socket must have before connect or listen; accepted sockets inherit all of it from their listener.</summary>
    public static void Apply(int descriptor, SocketOptions options)
    {
        if (options.NoDelay) Set(descriptor, Native.IPPROTO_TCP, Native.TCP_NODELAY, 1);
        if (options.SendBufferBytes is { } send) Set(descriptor, Native.SOL_SOCKET, Native.SO_SNDBUF, send);
        if (options.ReceiveBufferBytes is { } receive) Set(descriptor, Native.SOL_SOCKET, Native.SO_RCVBUF, receive);
        if (options.MaxSegment is { } segment) Set(descriptor, Native.IPPROTO_TCP, Native.TCP_MAXSEG, segment);
        if (options.NotSentLowWater is { } lowWater) Set(descriptor, Native.IPPROTO_TCP, Native.TCP_NOTSENT_LOWAT, lowWater);
    }

    public static void Set(int descriptor, int level, int name, int value) => _ = EpollLoop.Checked(Native.setsockopt(descriptor, level, name, &value, sizeof(int)));

    /// <summary>SO_ERROR: how a connect ended, as errno.</summary>
    public static int PendingError(int descriptor)
    {
        int error, length = sizeof(int);
        return Native.getsockopt(descriptor, Native.SOL_SOCKET, Native.SO_ERROR, &error, &length) == 0 ? error : Marshal.GetLastPInvokeError();
    }

    public static void Bind(int descriptor, IPEndPoint endPoint)
    {
        var address = endPoint.Serialize();
        fixed (byte* bytes = address.Buffer.Span) _ = EpollLoop.Checked(Native.bind(descriptor, bytes, address.Size));
    }

    /// <summary>Begins to connect; returns 0 or errno.</summary>
    public static int Connect(int descriptor, IPEndPoint endPoint)
    {
        var address = endPoint.Serialize();
        fixed (byte* bytes = address.Buffer.Span)
            return Native.connect(descriptor, bytes, address.Size) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>The next connection, not blocking; -1 with errno set when there is none.</summary>
    public static int Accept(int listener, out IPEndPoint? peer)
    {
        var bytes = stackalloc byte[AddressBytes];
        var length = AddressBytes;
        var descriptor = BelowCeiling(Native.accept4(listener, bytes, &length, Native.SOCK_NONBLOCK | Native.SOCK_CLOEXEC));
        peer = descriptor < 0 ? null : ToEndPoint(new ReadOnlySpan<byte>(bytes, length));
        return descriptor;
    }

    public static IPEndPoint LocalEndPoint(int descriptor)
    {
        var bytes = stackalloc byte[AddressBytes];
        var length = AddressBytes;
        return Native.getsockname(descriptor, bytes, &length) == 0 ? ToEndPoint(new ReadOnlySpan<byte>(bytes, length)) : Template;
    }

    public static TcpCounts? ReadTcpCounts(int descriptor)
    {
        var info = stackalloc byte[TcpInfo.BufferBytes];
        var length = TcpInfo.BufferBytes;
        return Native.getsockopt(descriptor, Native.IPPROTO_TCP, Native.TCP_INFO, info, &length) == 0
            ? TcpInfo.Parse(new ReadOnlySpan<byte>(info, length))
            : null;
    }

    /// <summary>Closes; with a reset, what is unsent is dropped and the peer gets RST.</summary>
    public static void Close(int descriptor, bool reset)
    {
        if (reset)
        {
            var linger = stackalloc int[2] { 1, 0 };
            _ = Native.setsockopt(descriptor, Native.SOL_SOCKET, Native.SO_LINGER, linger, 2 * sizeof(int));
        }

        _ = Native.close(descriptor);
    }

    /// <summary>The descriptor, or what the kernel would say if there were no more: -1 and EMFILE.</summary>
    private static int BelowCeiling(int descriptor)
    {
        if (DescriptorReserve.Allows(descriptor)) return descriptor;
        _ = Native.close(descriptor);
        Marshal.SetLastPInvokeError(Errno.EMFILE);
        return -1;
    }

    private static IPEndPoint ToEndPoint(ReadOnlySpan<byte> bytes)
    {
        var family = MemoryMarshal.Read<ushort>(bytes) == Native.AF_INET6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        var address = new SocketAddress(family, bytes.Length);
        bytes.CopyTo(address.Buffer.Span);
        return (IPEndPoint)(family == AddressFamily.InterNetworkV6 ? Template6 : Template).Create(address);
    }
}
