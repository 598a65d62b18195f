using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailBench.Testing.Smtp;

/// <summary>A client that says what a test tells it to, over a real connection, and waits a bounded time for each reply.</summary>
public sealed class SmtpDialogue : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpClient _client;
    private readonly StreamReader _reader;

    private SmtpDialogue(TcpClient client)
    {
        _client = client;
        client.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        client.SendTimeout = (int)Patience.TotalMilliseconds;
        _reader = new StreamReader(client.GetStream(), Encoding.Latin1);
    }

    /// <summary>Connects, from an address of the test's choice where it has one, and reads the greeting.</summary>
    public static SmtpDialogue Open(IPEndPoint server, out string greeting, IPAddress? from = null)
    {
        var client = from is null ? new TcpClient(server.AddressFamily) : new TcpClient(new IPEndPoint(from, 0));
        client.Connect(server);
        var dialogue = new SmtpDialogue(client);
        greeting = dialogue.Read();
        return dialogue;
    }

    /// <summary>Connects, reads the greeting and says EHLO.</summary>
    public static SmtpDialogue Greet(IPEndPoint server, IPAddress? from = null)
    {
        var dialogue = Open(server, out _, from);
        dialogue.Say("EHLO client.test");
        return dialogue;
    }

    /// <summary>Sends octets and waits for nothing.</summary>
    public void Send(string octets) => _client.GetStream().Write(Encoding.Latin1.GetBytes(octets));

    /// <summary>Sends a line and returns the last line of its reply.</summary>
    public string Say(string line)
    {
        Send(line + "\r\n");
        return Read();
    }

    /// <summary>A transaction; returns the last line of the reply that ended it, which is empty where the connection ended.</summary>
    public string Transact(string from, string[] to, string content)
    {
        var reply = Say($"MAIL FROM:<{from}>");
        if (!reply.StartsWith('2')) return reply;
        foreach (var recipient in to) reply = Say($"RCPT TO:<{recipient}>");
        var data = Say("DATA");
        if (!data.StartsWith('3')) return data.StartsWith("554 5.5.1", StringComparison.Ordinal) ? reply : data;
        return Say(content + ".");
    }

    /// <summary>The last line of the next reply; empty when the connection has ended.</summary>
    public string Read()
    {
        string line;
        do
        {
            line = _reader.ReadLine() ?? "";
        }
        while (line.Length > 3 && line[3] == '-');
        return line;
    }

    public void Dispose()
    {
        _reader.Dispose();
        _client.Dispose();
    }
}
