using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailBench.EndToEnd.Mailbox;

/// <summary>What clients asked of a server: sessions, octets both ways, commands by their first word.</summary>
internal sealed record LoadCount(int Sessions, long Octets, IReadOnlyDictionary<string, int> Commands);

/// <summary>Stands between clients and a server of lines, hands on and counts.</summary>
internal sealed class CountingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _commands = [];
    private readonly List<Task> _sessions = [];
    private readonly Task _accepting;
    private long _octets;

    public CountingRelay(IPEndPoint server)
    {
        _listener.Start();
        Door = (IPEndPoint)_listener.LocalEndpoint;
        _accepting = AcceptAsync(server);
    }

    public IPEndPoint Door { get; }

    /// <summary>Once the sessions have come to their end; whoever asks has seen its clients end.</summary>
    public async Task<LoadCount> CountAsync(TimeSpan patience)
    {
        Task[] all;
        lock (_gate) all = [.. _sessions];
        await Task.WhenAll(all).WaitAsync(patience, TimeProvider.System);
        lock (_gate) return new LoadCount(_sessions.Count, _octets, _commands);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _over.Dispose();
    }

    private async Task AcceptAsync(IPEndPoint server)
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_over.Token);
                lock (_gate) _sessions.Add(RelayAsync(client, server));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task RelayAsync(TcpClient client, IPEndPoint server)
    {
        using var near = client;
        // Taken now: a connection that was reset has none to give.
        var nearStream = near.GetStream();
        using var far = new TcpClient();
        await far.ConnectAsync(server, _over.Token);
        var farStream = far.GetStream();
        await Task.WhenAll(CopyAsync(nearStream, farStream, new StringBuilder()), CopyAsync(farStream, nearStream, null));
    }

    /// <param name="line">What was said of a command that is not whole yet; null: this way holds answers.</param>
    private async Task CopyAsync(NetworkStream from, NetworkStream to, StringBuilder? line)
    {
        var buffer = new byte[16 << 10];
        try
        {
            while (await from.ReadAsync(buffer, _over.Token) is > 0 and var count)
            {
                lock (_gate)
                {
                    _octets += count;
                    if (line is not null) Read(line, buffer.AsSpan(0, count));
                }

                await to.WriteAsync(buffer.AsMemory(0, count), _over.Token);
            }

            to.Socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception broken) when (broken is IOException or SocketException or OperationCanceledException)
        {
            // A side that closes at once after QUIT has heard all it wanted.
        }
    }

    private void Read(StringBuilder line, ReadOnlySpan<byte> octets)
    {
        foreach (var octet in octets)
        {
            if (octet != '\n')
            {
                line.Append((char)octet);
                continue;
            }

            var verb = line.ToString().Trim().Split(' ')[0].ToUpperInvariant();
            _commands[verb] = _commands.GetValueOrDefault(verb) + 1;
            line.Clear();
        }
    }
}
