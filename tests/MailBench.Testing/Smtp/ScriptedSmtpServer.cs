using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailBench.Testing.Smtp;

/// <summary>What a scripted server was asked: a step of the dialogue. Session and transaction count from 1.</summary>
/// <param name="Step"><c>connect</c>, <c>EHLO</c>, <c>HELO</c>, <c>MAIL</c>, <c>RCPT</c>, <c>DATA</c>, <c>content</c> (its first octets have come), <c>end</c> (the final dot, or the end of a BDAT chunk), <c>RSET</c>, <c>QUIT</c>.</param>
/// <param name="Argument">The command line, or at <c>end</c> the content as it came, dots stuffed, without the final one; BDAT's as it is.</param>
/// <param name="Recipient">At RCPT: how many came before it in this transaction.</param>
public sealed record ScriptStep(int Session, int Transaction, string Step, string Argument, int Recipient);

/// <summary>
/// A small SMTP server that answers by a script, for what a real one seldom does: wrong replies, breaks at each phase, silence. The script returns a reply (lines
/// joined by LF; null: the usual one) or one of <see cref="Close"/>, <see cref="Reset"/>, <see cref="Silence"/>; a reply that starts with 421 closes afterwards.
/// </summary>
public sealed class ScriptedSmtpServer : IDisposable
{
    public const string Close = "!close", Reset = "!reset", Silence = "!silence";
    private readonly Func<ScriptStep, string?> _script;
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _end = new();
    private readonly List<ScriptStep> _steps = [];
    private int _sessions;
    private int _open;

    private ScriptedSmtpServer(TcpListener listener, Func<ScriptStep, string?> script)
    {
        _listener = listener;
        _script = script;
        _ = AcceptAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>All that was said to it so far, in order.</summary>
    public IReadOnlyList<ScriptStep> Steps
    {
        get
        {
            lock (_steps) return [.. _steps];
        }
    }

    public int Sessions => Volatile.Read(ref _sessions);

    /// <summary>Sessions whose connection stands.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Starts on an address of the loopback; port 0 picks one. Throws <see cref="SocketException"/> when it is taken.</summary>
    public static ScriptedSmtpServer Start(string address, int port, Func<ScriptStep, string?>? script = null)
    {
        var listener = new TcpListener(IPAddress.Parse(address), port);
        listener.Start();
        return new ScriptedSmtpServer(listener, script ?? (_ => null));
    }

    public int Count(string step) => Steps.Count(s => s.Step == step);

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_end.Token);
                _ = ServeAsync(socket, Interlocked.Increment(ref _sessions));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed: the test is over.
        }
    }

    private async Task ServeAsync(Socket socket, int session)
    {
        Interlocked.Increment(ref _open);
        try
        {
            await new Session(this, socket, session).RunAsync(_end.Token);
        }
        catch (Exception ended) when (ended is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client broke off, or the test is over.
        }
        finally
        {
            socket.Dispose();
            Interlocked.Decrement(ref _open);
        }
    }

    private string? Ask(ScriptStep step)
    {
        lock (_steps)
        {
            _steps.Add(step);
            return _script(step);
        }
    }

    private sealed class Session(ScriptedSmtpServer server, Socket socket, int number)
    {
        private readonly NetworkStream _stream = new(socket);
        private readonly byte[] _buffer = new byte[64 << 10];
        private int _start, _length;
        private int _transaction, _recipients;

        public async Task RunAsync(CancellationToken end)
        {
            if (!await AnswerAsync("connect", "", "220 mx.test ESMTP", end)) return;
            while (await ReadLineAsync(end) is { } line)
            {
                var verb = line.Split(' ')[0].ToUpperInvariant();
                if (verb == "MAIL")
                {
                    _transaction++;
                    _recipients = 0;
                }

                var usual = verb switch
                {
                    "EHLO" => "250-mx.test\n250-PIPELINING\n250-SIZE\n250-8BITMIME\n250 ENHANCEDSTATUSCODES",
                    "DATA" => "354 go on",
                    "QUIT" => "221 2.0.0 bye",
                    _ => "250 2.0.0 fine",
                };
                if (verb == "BDAT")
                {
                    if (!await TakeChunkAsync(int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture), end)) return;
                    continue;
                }

                if (!await AnswerAsync(verb, line, usual, end)) return;
                if (verb == "RCPT") _recipients++;
                if (verb == "QUIT" || (verb == "DATA" && _wantsContent && !await TakeContentAsync(end))) return;
            }
        }

        private bool _wantsContent;

        private async Task<bool> TakeContentAsync(CancellationToken end)
        {
            var content = new StringBuilder();
            var first = true;
            while (await ReadLineAsync(end) is { } line)
            {
                if (line == ".") return await AnswerAsync("end", content.ToString(), "250 2.0.0 taken", end);
                content.Append(line).Append("\r\n");
                if (first && !await AnswerAsync("content", line, null, end)) return false;
                first = false;
            }

            return false;
        }

        /// <summary>The content of a message's only chunk.</summary>
        private async Task<bool> TakeChunkAsync(int octets, CancellationToken end)
        {
            var content = new StringBuilder();
            while (octets > 0)
            {
                if (_length == 0 && !await FillAsync(end)) return false;
                var take = Math.Min(octets, _length);
                var first = content.Length == 0;
                content.Append(Encoding.Latin1.GetString(_buffer, _start, take));
                _start += take;
                _length -= take;
                octets -= take;
                if (first && !await AnswerAsync("content", "", null, end)) return false;
            }

            return await AnswerAsync("end", content.ToString(), "250 2.0.0 taken", end);
        }

        private async Task<bool> AnswerAsync(string step, string argument, string? usual, CancellationToken end)
        {
            var answer = server.Ask(new ScriptStep(number, _transaction, step, argument, _recipients)) ?? usual;
            switch (answer)
            {
                case null:
                    return true;
                case Close:
                    return false;
                case Reset:
                    socket.LingerState = new LingerOption(true, 0);
                    return false;
                case Silence:
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, end);
                    return false;
            }

            _wantsContent = step == "DATA" && answer.StartsWith('3');
            await _stream.WriteAsync(Encoding.Latin1.GetBytes(answer.Replace("\n", "\r\n", StringComparison.Ordinal) + "\r\n"), end);
            if (!answer.StartsWith("421", StringComparison.Ordinal)) return true;
            // The reply must not be overtaken by the reset that unread input would cause.
            socket.Shutdown(SocketShutdown.Send);
            while (await _stream.ReadAsync(_buffer, end) > 0) continue;
            return false;
        }

        private async Task<string?> ReadLineAsync(CancellationToken end)
        {
            while (true)
            {
                var at = _buffer.AsSpan(_start, _length).IndexOf("\r\n"u8);
                if (at >= 0)
                {
                    var line = Encoding.Latin1.GetString(_buffer, _start, at);
                    _start += at + 2;
                    _length -= at + 2;
                    return line;
                }

                if (!await FillAsync(end)) return null;
            }
        }

        private async Task<bool> FillAsync(CancellationToken end)
        {
            if (_start > 0) Buffer.BlockCopy(_buffer, _start, _buffer, 0, _length);
            _start = 0;
            var read = await _stream.ReadAsync(_buffer.AsMemory(_length), end);
            _length += read;
            return read > 0;
        }
    }
}
