using System.Net;
using System.Net.Sockets;
using MailBench.Model.Nodes;

namespace MailBench.Mta.Submission;

/// <summary>Sessions of each client, so that one cannot take them all. Of an IPv6 client the /64 counts: the rest of the address is its own to choose.</summary>
internal sealed class ClientSessions(int limit)
{
    private readonly Dictionary<IPAddress, int> _open = [];

    /// <summary>Whether the client has as many as it may.</summary>
    public bool IsFull(IPAddress client) => _open.GetValueOrDefault(client) >= limit;

    public void Add(IPAddress client) => _open[client] = _open.GetValueOrDefault(client) + 1;

    public void Remove(IPAddress client)
    {
        var left = _open[client] - 1;
        if (left > 0) _open[client] = left;
        else _open.Remove(client);
    }

    /// <summary>The address that a client is counted by.</summary>
    public static IPAddress ClientOf(IPAddress address)
    {
        address = ClientAddress.Plain(address);
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        Span<byte> octets = stackalloc byte[16];
        address.TryWriteBytes(octets, out _);
        octets[8..].Clear();
        return new IPAddress(octets);
    }
}
