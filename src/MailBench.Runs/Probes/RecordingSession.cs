using System.Net.Sockets;
using System.Text;

namespace MailBench.Runs.Probes;

/// <summary>One connection to a <see cref="RecordingPeer"/>: a slow SMTP server (RFC 5321) that takes any order of its verbs seriously enough to record it.</summary>
/// <param name="leaving">The client said QUIT and has no reply to it yet: from here on it may open another session in place of this one.</param>
internal sealed class RecordingSession(NetworkStream stream, string host, int number, bool eightBit, Action<PeerTransaction> keep, Action leaving, TimeProvider time)
{
    private const int LongestLine = 4096, MostOctets = 64 << 20, MostCommands = 10_000;

    /// <summary>Between a command and its reply: whoever does not wait for replies shows it meanwhile.</summary>
    private static readonly TimeSpan ReplyDelay = TimeSpan.FromMilliseconds(15);

    private readonly byte[] _buffer = new byte[64 << 10];
    private readonly List<string> _recipients = [];
    private readonly List<string> _refused = [];
    private readonly StringBuilder _content = new();
    private int _start, _end;
    private string? _reversePath;
    private string _parameters = "";
    private bool _pipelined, _overlapped, _nextOverlapped;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await ReplyAsync($"220 {host} ESMTP", cancellationToken);
        for (var i = 0; i < MostCommands && await LineAsync(cancellationToken) is { } line; i++)
        {
            var verb = line.Split(' ')[0].ToUpperInvariant();
            if (verb == "BDAT") await ChunkAsync(line, cancellationToken);
            else if (verb == "DATA") await ContentAsync(cancellationToken);
            else
            {
                var answer = Answer(verb, line);
                if (verb == "QUIT") leaving();
                await AnswerAsync(answer, cancellationToken);
                if (verb == "QUIT") return;
            }
        }
    }

    private string Answer(string verb, string line)
    {
        switch (verb)
        {
            case "EHLO":
                return string.Join("\r\n", new[] { host, "PIPELINING", "SIZE 67108864", "ENHANCEDSTATUSCODES", "CHUNKING", "DSN" }.Concat(eightBit ? ["8BITMIME", "SMTPUTF8"] : Array.Empty<string>())
                    .Reverse().Select((keyword, i) => $"250{(i == 0 ? ' ' : '-')}{keyword}").Reverse());
            case "HELO":
                return $"250 {host}";
            case "MAIL":
                Reset();
                (_reversePath, _parameters) = PathOf(line);
                _overlapped = _nextOverlapped;
                _nextOverlapped = false;
                return "250 2.1.0 Ok";
            case "RCPT":
                var recipient = PathOf(line).Path;
                var local = recipient.Split('@')[0];
                var refusal = local.StartsWith("refused", StringComparison.Ordinal) ? $"550 5.1.1 no such user here: {local}" : local.StartsWith("later", StringComparison.Ordinal) ? $"451 4.2.1 not now: {local}" : null;
                (refusal is null ? _recipients : _refused).Add(recipient);
                return refusal ?? "250 2.1.5 Ok";
            case "RSET":
                if (_refused.Count > 0) Keep(chunked: false);
                Reset();
                return "250 2.0.0 Ok";
            case "NOOP":
                return "250 2.0.0 Ok";
            case "QUIT":
                if (_refused.Count > 0) Keep(chunked: false);
                return "221 2.0.0 Bye";
            default:
                return "500 5.5.1 Unknown command";
        }
    }

    private async Task ContentAsync(CancellationToken cancellationToken)
    {
        if (_recipients.Count == 0)
        {
            await AnswerAsync("554 5.5.1 No valid recipients", cancellationToken);
            return;
        }

        await AnswerAsync("354 Go on", cancellationToken);
        while (await LineAsync(cancellationToken) is { } line && line != ".") Add(line.StartsWith('.') ? line[1..] : line, "\r\n");
        await EndOfContentAsync(chunked: false, cancellationToken);
    }

    private async Task ChunkAsync(string line, CancellationToken cancellationToken)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var left = words.Length > 1 && int.TryParse(words[1], out var size) ? size : throw new IOException("a BDAT without size");
        while (left > 0)
        {
            if (_start == _end && !await FillAsync(cancellationToken)) return;
            var taken = Math.Min(left, _end - _start);
            Add(Encoding.Latin1.GetString(_buffer, _start, taken), "");
            (_start, left) = (_start + taken, left - taken);
        }

        if (words.Length > 2 && _recipients.Count > 0) await EndOfContentAsync(chunked: true, cancellationToken);
        else await AnswerAsync(_recipients.Count > 0 ? "250 2.0.0 Ok" : "554 5.5.1 No valid recipients", cancellationToken);
    }

    private async Task EndOfContentAsync(bool chunked, CancellationToken cancellationToken)
    {
        Keep(chunked);
        Reset();
        await Task.Delay(ReplyDelay, time, cancellationToken);
        _nextOverlapped = MoreCame;
        await ReplyAsync("250 2.0.0 Ok", cancellationToken);
    }

    private void Keep(bool chunked) => keep(new PeerTransaction(host, number, _reversePath ?? "", _parameters, [.. _recipients], [.. _refused], _content.ToString(), chunked, _pipelined, _overlapped));

    private void Reset()
    {
        _recipients.Clear();
        _refused.Clear();
        _content.Clear();
        (_reversePath, _parameters, _pipelined, _overlapped) = (null, "", false, false);
    }

    private bool MoreCame => _start < _end || stream.DataAvailable;

    private async Task AnswerAsync(string reply, CancellationToken cancellationToken)
    {
        await Task.Delay(ReplyDelay, time, cancellationToken);
        _pipelined |= MoreCame;
        await ReplyAsync(reply, cancellationToken);
    }

    private async Task ReplyAsync(string reply, CancellationToken cancellationToken) => await stream.WriteAsync(Encoding.ASCII.GetBytes(reply + "\r\n"), cancellationToken);

    /// <summary>The next line without its end; null when the client has gone.</summary>
    private async Task<string?> LineAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        while (line.Length < LongestLine * 16)
        {
            if (_start == _end && !await FillAsync(cancellationToken)) return null;
            var at = Array.IndexOf(_buffer, (byte)'\n', _start, _end - _start);
            var until = at < 0 ? _end : at + 1;
            line.Append(Encoding.Latin1.GetString(_buffer, _start, until - _start));
            _start = until;
            if (at >= 0) return line.ToString().TrimEnd('\n').TrimEnd('\r');
        }

        throw new IOException("a line without end");
    }

    private async Task<bool> FillAsync(CancellationToken cancellationToken)
    {
        (_start, _end) = (0, await stream.ReadAsync(_buffer, cancellationToken));
        return _end > 0;
    }

    private void Add(string text, string end)
    {
        if (_content.Length + text.Length > MostOctets) throw new IOException("more content than a probe sends");
        _content.Append(text).Append(end);
    }

    /// <summary>Path and parameters of <c>MAIL FROM:&lt;a@b&gt; SIZE=1</c>.</summary>
    private static (string Path, string Parameters) PathOf(string line)
    {
        var (open, close) = (line.IndexOf('<', StringComparison.Ordinal), line.IndexOf('>', StringComparison.Ordinal));
        return open < 0 || close < open ? ("", "") : (line[(open + 1)..close], line[(close + 1)..].Trim());
    }
}
