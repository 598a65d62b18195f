using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailBench.EndToEnd.Mta;

/// <summary>A client that says exactly what the test writes, and reads whole replies.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly TcpClient _socket = new(AddressFamily.InterNetwork);
    private StreamReader _reader = null!;

    public static async Task<RawClient> ConnectAsync(IPEndPoint endPoint, string? from = null)
    {
        var client = new RawClient();
        if (from is not null) client._socket.Client.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await client._socket.ConnectAsync(endPoint);
        client._reader = new StreamReader(client._socket.GetStream(), Encoding.Latin1);
        return client;
    }

    /// <summary>Greeting and EHLO.</summary>
    public static async Task<RawClient> GreetedAsync(IPEndPoint endPoint)
    {
        var client = await ConnectAsync(endPoint);
        Xunit.Assert.StartsWith("220 ", await client.ReadAsync(), StringComparison.Ordinal);
        Xunit.Assert.StartsWith("250", await client.SayAsync("EHLO client.test"), StringComparison.Ordinal);
        return client;
    }

    /// <summary>Sends a line; returns the reply's last line.</summary>
    public async Task<string> SayAsync(string line)
    {
        await SendAsync(line + "\r\n");
        return await ReadAsync();
    }

    public async Task SendAsync(string text) => await _socket.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>MAIL, RCPT … DATA, content, dot; returns the reply that ended the transaction, empty when the peer has closed.</summary>
    public async Task<string> TransactAsync(string reversePath, string content, params string[] recipients)
    {
        var reply = await SayAsync($"MAIL FROM:<{reversePath}>");
        if (!reply.StartsWith('2')) return reply;
        foreach (var recipient in recipients)
        {
            reply = await SayAsync($"RCPT TO:<{recipient}>");
            if (!reply.StartsWith('2')) return reply;
        }

        reply = await SayAsync("DATA");
        return reply.StartsWith('3') ? await SayAsync(content.Replace("\n.", "\n..", StringComparison.Ordinal) + ".") : reply;
    }

    /// <summary>The last line of the next reply; empty when the peer has closed.</summary>
    public async Task<string> ReadAsync()
    {
        while (true)
        {
            var line = await _reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) ?? "";
            if (line.Length < 4 || line[3] != '-') return line;
        }
    }

    /// <summary>Breaks off with a RST.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        Dispose();
    }

    public void EndInput() => _socket.Client.Shutdown(SocketShutdown.Send);

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }
}
