using System.Net;
using System.Net.Sockets;

namespace MailBench.Runs.Testbed;

/// <summary>One port number that is free on all of several addresses: MX hosts, line and return path share it, since mail has one port.</summary>
internal static class PortPick
{
    private const int Attempts = 64;

    /// <summary>The port; throws <see cref="RoleFailedException"/> when there is none, naming the address that refused last.</summary>
    public static int FreeOnAll(IReadOnlyList<IPAddress> addresses)
    {
        SocketException? last = null;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var held = new List<Socket>(addresses.Count);
            try
            {
                var port = 0;
                foreach (var address in addresses)
                {
                    var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                    held.Add(socket);
                    socket.Bind(new IPEndPoint(address, port));
                    port = ((IPEndPoint)socket.LocalEndPoint!).Port;
                }

                return port;
            }
            catch (SocketException taken)
            {
                last = taken;
                if (taken.SocketErrorCode != SocketError.AddressAlreadyInUse) break;
            }
            finally
            {
                foreach (var socket in held) socket.Dispose();
            }
        }

        throw new RoleFailedException($"no TCP port is free on all of {addresses[0]} … {addresses[^1]}: {last?.Message}. On systems other than Linux, add the addresses to the loopback interface first.");
    }
}
