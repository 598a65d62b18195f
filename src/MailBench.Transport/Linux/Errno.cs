using System.Net.Sockets;

namespace MailBench.Transport.Linux;

/// <summary>The error numbers that the loop tells apart; equal on all Linux architectures .NET runs on.</summary>
internal static class Errno
{
    public const int EINTR = 4;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EACCES = 13;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int EPIPE = 32;
    public const int EADDRINUSE = 98;
    public const int EADDRNOTAVAIL = 99;
    public const int ENETDOWN = 100;
    public const int ENETUNREACH = 101;
    public const int ECONNABORTED = 103;
    public const int ECONNRESET = 104;
    public const int ENOBUFS = 105;
    public const int ETIMEDOUT = 110;
    public const int ECONNREFUSED = 111;
    public const int EHOSTUNREACH = 113;
    public const int EINPROGRESS = 115;

    public static SocketException ToException(int errno) => new((int)ToSocketError(errno));

    public static CloseReason ToReason(int errno) => SocketErrors.ToReason(ToSocketError(errno), errno);

    /// <summary>No descriptor or memory is free: what a later try may find.</summary>
    public static bool IsExhaustion(int errno) => errno is EMFILE or ENFILE or ENOBUFS or ENOMEM;

    private static SocketError ToSocketError(int errno) => errno switch
    {
        EACCES or 1 => SocketError.AccessDenied,
        ENFILE or EMFILE => SocketError.TooManyOpenSockets,
        EPIPE or ECONNRESET => SocketError.ConnectionReset,
        EADDRINUSE => SocketError.AddressAlreadyInUse,
        EADDRNOTAVAIL => SocketError.AddressNotAvailable,
        ENETDOWN => SocketError.NetworkDown,
        ENETUNREACH => SocketError.NetworkUnreachable,
        ECONNABORTED => SocketError.ConnectionAborted,
        ENOBUFS or ENOMEM => SocketError.NoBufferSpaceAvailable,
        ETIMEDOUT => SocketError.TimedOut,
        ECONNREFUSED => SocketError.ConnectionRefused,
        EHOSTUNREACH => SocketError.HostUnreachable,
        22 => SocketError.InvalidArgument,
        97 => SocketError.AddressFamilyNotSupported,
        _ => SocketError.SocketError,
    };
}
