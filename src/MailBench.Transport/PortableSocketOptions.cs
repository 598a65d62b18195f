using System.Net.Sockets;

namespace MailBench.Transport;

/// <summary>Applies <see cref="SocketOptions"/> to a <see cref="Socket"/>; what only Linux has is skipped elsewhere.</summary>
internal static class PortableSocketOptions
{
    private const int TcpMaxSegment = 2;
    private const int TcpNotSentLowWater = 25;

    public static void Apply(Socket socket, SocketOptions options)
    {
        socket.NoDelay = options.NoDelay;
        if (options.SendBufferBytes is { } send) socket.SendBufferSize = send;
        if (options.ReceiveBufferBytes is { } receive) socket.ReceiveBufferSize = receive;
        if (!OperatingSystem.IsLinux()) return;
        if (options.MaxSegment is { } segment) socket.SetRawSocketOption(TcpInfo.Level, TcpMaxSegment, BitConverter.GetBytes(segment));
        if (options.NotSentLowWater is { } lowWater) socket.SetRawSocketOption(TcpInfo.Level, TcpNotSentLowWater, BitConverter.GetBytes(lowWater));
    }
}
