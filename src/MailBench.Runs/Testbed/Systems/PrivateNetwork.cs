using System.Buffers.Binary;
using System.Runtime.InteropServices;
using MailBench.Model.Nodes;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>
/// A network namespace for a whole run, with nothing in it but a loopback interface. Foreign MTAs ask the resolver at port 53 and send to port 25; in a network of their own both are ours,
/// whatever else the machine runs, and nothing that they send can get out. The program moves itself there before it starts any node, so that all roles, probes and systems share it, and the
/// namespace is gone with its last process.
/// </summary>
public static partial class PrivateNetwork
{
    /// <summary>Names the namespace that the program has moved to, so that it knows itself there after its restart.</summary>
    private const string Marker = "MAILBENCH_NETWORK";
    private const int NewNetwork = 0x40000000;

    /// <summary>Whether this process runs in a network that <see cref="Enter"/> made.</summary>
    public static bool IsEntered => Environment.GetEnvironmentVariable(Marker) is { Length: > 0 } marker && marker == Current;

    private static string? Current => new FileInfo("/proc/thread-self/ns/net").LinkTarget;

    /// <summary>
    /// Makes the namespace and starts this program anew in it, with the same arguments and the same process ID: signals, terminal and standard streams stay what they were. Does not return.
    /// Throws <see cref="NodeRefusedException"/> where the system does not let it.
    /// </summary>
    public static void Enter()
    {
        // The calling thread alone moves; exec ends all the others and makes it the whole process.
        if (unshare(NewNetwork) != 0) throw Refused("no network namespace can be made");
        BringUpLoopback();
        if (setenv(Marker, Current ?? "", 1) != 0) throw Refused("the environment cannot be set");
        string?[] arguments = [.. File.ReadAllText("/proc/self/cmdline").TrimEnd('\0').Split('\0'), null];
        _ = execv(Environment.ProcessPath!, arguments);
        throw Refused("the program cannot be started anew in its network namespace");
    }

    /// <summary>
    /// A new namespace's <c>lo</c> is down; up, it has all of 127.0.0.0/8 (netdevice(7)). A second address on it, of those kept for documentation (RFC 5737), is for resolvers that ask for IPv4
    /// addresses only where the host has one beside 127.0.0.1 (RFC 3493's AI_ADDRCONFIG): OpenSMTPD's is one.
    /// </summary>
    private static unsafe void BringUpLoopback()
    {
        const int internet = 2, datagram = 2, nameLength = 16;
        const nuint getFlags = 0x8913, setFlags = 0x8914, setAddress = 0x8916;
        var socket = LibC.socket(internet, datagram, 0);
        if (socket < 0) throw Refused("no socket in the network namespace");
        try
        {
            Span<byte> request = stackalloc byte[40];
            request.Clear();
            "lo"u8.CopyTo(request);
            fixed (byte* pointer = request)
            {
                if (ioctl(socket, getFlags, pointer) != 0) throw Refused("the loopback interface cannot be read");
                var flags = BinaryPrimitives.ReadInt16LittleEndian(request[nameLength..]);
                BinaryPrimitives.WriteInt16LittleEndian(request[nameLength..], (short)(flags | 1));
                if (ioctl(socket, setFlags, pointer) != 0) throw Refused("the loopback interface cannot be brought up");
                request.Clear();
                "lo:1"u8.CopyTo(request);
                ReadOnlySpan<byte> second = [internet, 0, 0, 0, 192, 0, 2, 1];
                second.CopyTo(request[nameLength..]);
                if (ioctl(socket, setAddress, pointer) != 0) throw Refused("the loopback interface takes no second address");
            }
        }
        finally
        {
            _ = LibC.close(socket);
        }
    }

    private static NodeRefusedException Refused(string what) =>
        new($"{what} ({Marshal.GetLastPInvokeErrorMessage()}). Foreign MTAs need root, or CAP_SYS_ADMIN and CAP_NET_ADMIN; MailBench's own core does not: --set system=mailbench.");

#pragma warning disable IDE1006, SYSLIB1054 // Reason: the names of the C library.
    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int ioctl(int file, nuint request, byte* argument);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int execv(string path, string?[] arguments);

    private static partial class LibC
    {
        [LibraryImport("libc", SetLastError = true)]
        internal static partial int socket(int domain, int type, int protocol);

        [LibraryImport("libc", SetLastError = true)]
        internal static partial int close(int file);
    }
#pragma warning restore IDE1006, SYSLIB1054
}
