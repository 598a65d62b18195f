using System.Net;
using MailBench.Transport;

namespace MailBench.Peers.Poll;

/// <summary>
/// The addresses that users come from: enough of 127.0.0.0/8 that ports last, and the same user always from the same one. Towards another machine than this one the system chooses.
/// </summary>
internal sealed class AddressSpread
{
    private readonly SocketOptions[] _options;

    public AddressSpread(IPEndPoint target, int addresses) =>
        _options = IPAddress.IsLoopback(target.Address) && target.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            ? [.. Enumerable.Range(0, addresses).Select(static n => new SocketOptions { From = Address(n) })]
            : [new SocketOptions()];

    public int Count => _options.Length;

    public SocketOptions For(int user) => _options[user % _options.Length];

    /// <summary>127.64.0.1, …, with neither 0 nor 255 in the last place.</summary>
    public static IPAddress Address(int n) => new([127, (byte)(64 + n / 62_500), (byte)(n / 250 % 250), (byte)(1 + n % 250)]);
}
