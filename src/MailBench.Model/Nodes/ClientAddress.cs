using System.Net;

namespace MailBench.Model.Nodes;

/// <summary>The address of a client, as all who count, admit or name clients know it.</summary>
public static class ClientAddress
{
    /// <summary>A dual-stack listener shows IPv4 clients as <c>::ffff:a.b.c.d</c>; they are the same client.</summary>
    public static IPAddress Plain(IPAddress client) => client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client;
}
