using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailBench.Testing.Pop3;

/// <summary>A POP3 client that says what a test tells it to, over a real connection, and waits a bounded time for each reply.</summary>
public sealed class Pop3Dialogue : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpClient _client;
    private readonly StreamReader _reader;

    public Pop3Dialogue(IPEndPoint server)
    {
        _client = new TcpClient(server.AddressFamily) { ReceiveTimeout = (int)Patience.TotalMilliseconds, SendTimeout = (int)Patience.TotalMilliseconds };
        _client.Connect(server);
        _reader = new StreamReader(_client.GetStream(), Encoding.Latin1);
        Greeting = Read();
    }

    public string Greeting { get; }

    /// <summary>Connects and logs in; the reply to PASS is <see cref="LoginReply"/>.</summary>
    public static Pop3Dialogue Login(IPEndPoint server, string user)
    {
        var dialogue = new Pop3Dialogue(server);
        dialogue.Say($"USER {user}");
        dialogue.LoginReply = dialogue.Say($"PASS {user}");
        return dialogue;
    }

    public string? LoginReply { get; private set; }

    /// <summary>Sends octets and waits for nothing.</summary>
    public void Send(string octets) => _client.GetStream().Write(Encoding.Latin1.GetBytes(octets));

    /// <summary>Sends a line and returns the first line of its reply.</summary>
    public string Say(string line)
    {
        Send(line + "\r\n");
        return Read();
    }

    /// <summary>Sends a line; returns the lines up to the dot, unstuffed, or the one line that says no.</summary>
    public IReadOnlyList<string> Ask(string line)
    {
        var first = Say(line);
        if (!first.StartsWith("+OK", StringComparison.Ordinal)) return [first];
        var lines = new List<string>();
        for (string next; (next = Read()) != "."; lines.Add(next.StartsWith('.') ? next[1..] : next))
            if (next.Length == 0 && _reader.EndOfStream) throw new EndOfStreamException("The session ended within a reply.");
        return lines;
    }

    /// <summary>The next line; empty when the connection has ended.</summary>
    public string Read() => _reader.ReadLine() ?? "";

    /// <summary>The server has closed, nothing more was said.</summary>
    public bool HasEnded => _reader.ReadLine() is null;

    public void Dispose()
    {
        _reader.Dispose();
        _client.Dispose();
    }
}
