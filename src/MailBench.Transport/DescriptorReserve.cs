using System.Net.Sockets;
using MailBench.Transport.Linux;

namespace MailBench.Transport;

/// <summary>
/// Descriptors that are not for sockets. The runtime dies when it finds none (it opens assemblies and makes threads as it goes), and callers decide how many sockets there are. The kernel
/// gives the lowest free number, so that a high one means few are left. Both loops keep to it; Windows has no such limit.
/// </summary>
internal static unsafe class DescriptorReserve
{
    private const int Kept = 128;

    private static readonly long Ceiling = ReadCeiling();

    /// <summary>Whether a socket may have this number.</summary>
    public static bool Allows(long descriptor) => descriptor < Ceiling;

    /// <summary>A socket, or <see cref="SocketError.TooManyOpenSockets"/> as if the system had none left.</summary>
    public static Socket Open(AddressFamily family)
    {
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp);
        if (Allows(socket.SafeHandle.DangerousGetHandle())) return socket;
        socket.Dispose();
        throw new SocketException((int)SocketError.TooManyOpenSockets);
    }

    private static long ReadCeiling()
    {
        var resource = OperatingSystem.IsLinux() ? Native.RLIMIT_NOFILE : OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD() ? Native.RLIMIT_NOFILE_BSD : -1;
        var limits = stackalloc nuint[2];
        if (resource < 0 || Native.getrlimit(resource, limits) != 0) return long.MaxValue;
        var limit = (long)Math.Min(limits[0], int.MaxValue);
        return limit - Math.Min(Kept, limit / 4);
    }
}
