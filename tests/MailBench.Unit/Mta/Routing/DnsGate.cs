using System.Net;
using System.Net.Sockets;

namespace MailBench.Unit.Mta.Routing;

internal enum GateState { Open, Silent, Servfail }

/// <summary>Stands before a DNS server and passes questions on, or does not.</summary>
internal sealed class DnsGate : IAsyncDisposable
{
    private readonly UdpClient _near = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly Task _serving;
    private volatile GateState _state;
    private int _asked;

    public DnsGate(IPEndPoint server) => _serving = ServeAsync(server);

    public IPEndPoint EndPoint => (IPEndPoint)_near.Client.LocalEndPoint!;

    /// <summary>Questions that came, answered or not.</summary>
    public int Asked => Volatile.Read(ref _asked);

    public GateState State { get => _state; set => _state = value; }

    public async ValueTask DisposeAsync()
    {
        _near.Dispose();
        await _serving;
    }

    private async Task ServeAsync(IPEndPoint server)
    {
        using var far = new UdpClient(AddressFamily.InterNetwork);
        far.Connect(server);
        try
        {
            while (true)
            {
                var question = await _near.ReceiveAsync();
                Interlocked.Increment(ref _asked);
                if (State == GateState.Silent) continue;
                var answer = State == GateState.Open ? await AskAsync(far, question.Buffer) : Failure(question.Buffer);
                await _near.SendAsync(answer, answer.Length, question.RemoteEndPoint);
            }
        }
        catch (Exception ended) when (ended is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private static async Task<byte[]> AskAsync(UdpClient far, byte[] question)
    {
        await far.SendAsync(question);
        return (await far.ReceiveAsync()).Buffer;
    }

    /// <summary>The header with QR set and RCODE 2, and nothing behind it.</summary>
    private static byte[] Failure(byte[] question) => [question[0], question[1], 0x84, 2, 0, 0, 0, 0, 0, 0, 0, 0];
}
