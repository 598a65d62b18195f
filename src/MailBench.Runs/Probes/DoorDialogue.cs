using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailBench.Runs.Probes;

/// <summary>A reply: its code and its lines without codes.</summary>
internal sealed record DoorReply(int Code, IReadOnlyList<string> Lines)
{
    public string Text => $"{Code} {string.Join(" / ", Lines)}";

    /// <summary>The enhanced status code (RFC 3463) that leads the text, or null.</summary>
    public string? Enhanced => Lines.Count > 0 && Lines[0].Split(' ')[0] is { Length: >= 5 } word && word.Split('.') is { Length: 3 } parts && parts.All(part => int.TryParse(part, out _)) ? word : null;

    public bool IsPositive => Code is >= 200 and < 300;
}

/// <summary>A dialogue with the door of a system under test, command by command, or octet by octet where that is the probe.</summary>
internal sealed class DoorDialogue : IDisposable
{
    private const int MostReplyLines = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TcpClient _client;
    private readonly StreamReader _reader;

    private DoorDialogue(TcpClient client) => (_client, _reader) = (client, new StreamReader(client.GetStream(), Encoding.Latin1));

    /// <summary>Connects and reads the greeting. All calls throw <see cref="IOException"/> when the other side leaves and <see cref="OperationCanceledException"/> when it says nothing for 20 s.</summary>
    public static async Task<(DoorDialogue Dialogue, DoorReply Greeting)> OpenAsync(IPEndPoint door, CancellationToken cancellationToken)
    {
        var client = new TcpClient(door.AddressFamily) { NoDelay = true };
        try
        {
            await client.ConnectAsync(door, cancellationToken);
            var dialogue = new DoorDialogue(client);
            return (dialogue, await dialogue.ReplyAsync(Patience, cancellationToken));
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public async Task<DoorReply> SayAsync(string command, CancellationToken cancellationToken)
    {
        await WriteAsync(command + "\r\n", cancellationToken);
        return await ReplyAsync(Patience, cancellationToken);
    }

    /// <summary>Sends octets, one for each character, and waits for nothing.</summary>
    public async Task WriteAsync(string octets, CancellationToken cancellationToken) => await _client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(octets), cancellationToken);

    /// <summary>The reply that comes within a time, or null when none does.</summary>
    public async Task<DoorReply?> ReplyWithinAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            return await ReplyAsync(patience, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    public Task<DoorReply> ReplyAsync(CancellationToken cancellationToken) => ReplyAsync(Patience, cancellationToken);

    /// <summary>A whole transaction; the first reply that is not positive, or the last.</summary>
    public async Task<DoorReply> SendAsync(string sender, IEnumerable<string> recipients, string content, string parameters, CancellationToken cancellationToken)
    {
        var reply = await SayAsync($"MAIL FROM:<{sender}>{parameters}", cancellationToken);
        if (!reply.IsPositive) return reply;
        foreach (var recipient in recipients)
        {
            reply = await SayAsync($"RCPT TO:<{recipient}>", cancellationToken);
            if (!reply.IsPositive) return reply;
        }

        reply = await SayAsync("DATA", cancellationToken);
        return reply.Code == 354 ? await SayAsync($"{content.Replace("\r\n.", "\r\n..", StringComparison.Ordinal)}\r\n.", cancellationToken) : reply;
    }

    public void Dispose()
    {
        _reader.Dispose();
        _client.Dispose();
    }

    private async Task<DoorReply> ReplyAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        over.CancelAfter(patience);
        var lines = new List<string>();
        while (lines.Count < MostReplyLines)
        {
            var line = await _reader.ReadLineAsync(over.Token) ?? throw new IOException("the connection was closed where a reply was due");
            if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), out var code)) throw new IOException($"'{line}' is no reply");
            lines.Add(line.Length > 4 ? line[4..] : "");
            if (line.Length == 3 || line[3] == ' ') return new DoorReply(code, lines);
        }

        throw new IOException("a reply without end");
    }
}
