using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailBench.Testing.Imap;

/// <summary>An IMAP client that says what a test tells it to, over a real connection, and waits a bounded time for each answer. Literals in answers are taken into the line they belong to.</summary>
public sealed class ImapDialogue : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpClient _client;
    private readonly BufferedStream _stream;
    private int _tag;

    public ImapDialogue(IPEndPoint server)
    {
        _client = new TcpClient(server.AddressFamily) { ReceiveTimeout = (int)Patience.TotalMilliseconds, SendTimeout = (int)Patience.TotalMilliseconds };
        _client.Connect(server);
        _stream = new BufferedStream(_client.GetStream());
        Greeting = Read();
    }

    public string Greeting { get; }

    public static ImapDialogue Login(IPEndPoint server, string user, string? mailbox = null)
    {
        var dialogue = new ImapDialogue(server);
        dialogue.Ok($"LOGIN {user} {user}");
        if (mailbox is not null) dialogue.Ok($"SELECT {mailbox}");
        return dialogue;
    }

    /// <summary>Sends octets and waits for nothing.</summary>
    public void Send(string octets) => _client.GetStream().Write(Encoding.Latin1.GetBytes(octets));

    /// <summary>Sends a command under a tag of its own; returns the untagged lines and, without its tag, the answer.</summary>
    public IReadOnlyList<string> Ask(string command)
    {
        var tag = $"t{(++_tag).ToString(CultureInfo.InvariantCulture)}";
        Send($"{tag} {command}\r\n");
        return ReadTo(tag);
    }

    /// <summary>The same for a command that must be answered by OK: the untagged lines.</summary>
    public IReadOnlyList<string> Ok(string command)
    {
        var lines = Ask(command);
        if (!lines[^1].StartsWith("OK", StringComparison.Ordinal)) throw new InvalidOperationException($"{command}: {lines[^1]}");
        return [.. lines.SkipLast(1)];
    }

    /// <summary>APPEND with a literal that does not wait.</summary>
    public IReadOnlyList<string> Append(string mailbox, string content, string arguments = "") => Ask($"APPEND {mailbox} {arguments}{{{content.Length.ToString(CultureInfo.InvariantCulture)}+}}\r\n{content}");

    public IReadOnlyList<string> ReadTo(string tag)
    {
        var lines = new List<string>();
        while (true)
        {
            var line = Read();
            if (line.Length == 0) throw new EndOfStreamException($"The session ended within an answer, after: {string.Join(" | ", lines)}");
            if (line.StartsWith(tag + " ", StringComparison.Ordinal))
            {
                lines.Add(line[(tag.Length + 1)..]);
                return lines;
            }

            lines.Add(line);
        }
    }

    /// <summary>The next line, literals and all, without the CRLF at its end; empty when the connection has ended.</summary>
    public string Read()
    {
        var text = new StringBuilder();
        while (true)
        {
            var line = ReadLine();
            text.Append(line);
            if (!line.EndsWith('}') || line.LastIndexOf('{') is not (>= 0 and var open) || !int.TryParse(line.AsSpan(open + 1, line.Length - open - 2), NumberStyles.None, CultureInfo.InvariantCulture, out var octets)) return text.ToString();
            var literal = new byte[octets];
            _stream.ReadExactly(literal);
            text.Append("\r\n").Append(Encoding.Latin1.GetString(literal));
        }
    }

    /// <summary>The server has closed, nothing more was said.</summary>
    public bool HasEnded => _stream.ReadByte() < 0;

    public void Dispose()
    {
        _stream.Dispose();
        _client.Dispose();
    }

    private string ReadLine()
    {
        var line = new StringBuilder();
        while (_stream.ReadByte() is >= 0 and var octet)
        {
            line.Append((char)octet);
            if (octet == '\n' && line.Length >= 2 && line[^2] == '\r') return line.ToString(0, line.Length - 2);
        }

        return line.ToString();
    }
}
