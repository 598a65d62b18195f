using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using MailBench.Model.Options;

namespace MailBench.Mta.Routing;

/// <summary>Whether addresses of the sixth version lead anywhere from here.</summary>
internal static class Ipv6
{
    /// <summary>
    /// An interface has a global address, or the MTA is itself set up on the sixth version (it listens there, or its DNS is there), the loopback included. An interface that comes later is found at the next
    /// start.
    /// </summary>
    public static bool IsUsable(MtaOptions options) =>
        Socket.OSSupportsIPv6 && (options.Listen.AddressFamily == AddressFamily.InterNetworkV6 || options.Dns.AddressFamily == AddressFamily.InterNetworkV6 || HasGlobalAddress());

    private static bool HasGlobalAddress()
    {
        try
        {
            return NetworkInterface.GetAllNetworkInterfaces()
                .Where(network => network.OperationalStatus == OperationalStatus.Up)
                .SelectMany(network => network.GetIPProperties().UnicastAddresses)
                .Any(address => address.Address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv6LinkLocal: false } global && !IPAddress.IsLoopback(global));
        }
        catch (NetworkInformationException)
        {
            // The system does not say: then a query too many is the smaller harm.
            return true;
        }
    }
}
