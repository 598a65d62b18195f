using System.Net.Sockets;

namespace MailBench.Transport;

/// <summary>How a socket's error reads as the end of a connection; shared by both loops.</summary>
internal static class SocketErrors
{
    public static CloseReason ToReason(SocketError error, int errno = 0) => new(
        error switch
        {
            SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown => CloseKind.Reset,
            SocketError.ConnectionRefused => CloseKind.Refused,
            SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.NetworkDown or SocketError.HostDown => CloseKind.Unreachable,
            SocketError.TimedOut => CloseKind.TimedOut,
            _ => CloseKind.Failed,
        },
        error == SocketError.SocketError && errno != 0 ? $"error {errno}" : Describe(error));

    private static string Describe(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset => "connection reset by peer",
        SocketError.TimedOut => "connection timed out",
        SocketError.HostUnreachable => "host unreachable",
        SocketError.NetworkUnreachable => "network unreachable",
        SocketError.TooManyOpenSockets => "no free file descriptor (raise ulimit -n)",
        SocketError.AddressNotAvailable => "no local address or port available",
        _ => error.ToString(),
    };
}
