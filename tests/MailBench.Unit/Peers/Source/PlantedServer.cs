using System.Net;
using System.Text;
using MailBench.Model.Units;
using MailBench.Transport;

namespace MailBench.Unit.Peers.Source;

/// <summary>A message as the planted server took it.</summary>
internal sealed record TakenMessage(string ReversePath, IReadOnlyList<string> Recipients, byte[] Content);

/// <summary>
/// A plain SMTP server whose faults a test plants: it shares no code with the source's dialogue. <see cref="Answer"/> is asked for every command line and for <c>.</c> (end
/// of data): null is the usual reply, <see cref="Drop"/> resets the connection, <see cref="Leave"/> as the prefix of a reply closes after it.
/// </summary>
internal sealed class PlantedServer : IDisposable
{
    public const string Drop = "drop";
    public const string Leave = "leave ";

    private readonly EventLoop _loop = EventLoop.Start(new EventLoopOptions("planted"));
    private readonly Listener _listener;
    private readonly List<TakenMessage> _taken = [];
    private long _stalledUntilNs;
    private int _open;

    public PlantedServer()
    {
        _listener = _loop.Listen(new IPEndPoint(IPAddress.Loopback, 0), _ => new Dialogue(this));
    }

    public IPEndPoint EndPoint => _listener.EndPoint;
    public Func<string, string?> Answer { get; set; } = _ => null;

    /// <summary>Called on the server's loop after each message, with their number.</summary>
    public Action<int>? Took { get; set; }
    public int Connections { get; private set; }
    public int MostOpen { get; private set; }
    public long MailOctets { get; private set; }
    public long RcptOctets { get; private set; }

    public IReadOnlyList<TakenMessage> Taken
    {
        get
        {
            lock (_taken) return [.. _taken];
        }
    }

    /// <summary>Answers nothing for so long; on the server's loop (from <see cref="Took"/>).</summary>
    public void Stall(TimeSpan time) => _stalledUntilNs = MonotonicClock.NowNs + time.ToNs();

    public void Dispose() => _loop.Dispose();

    private sealed class Dialogue(PlantedServer server) : IConnectionHandler
    {
        private readonly List<string> _recipients = [];
        private readonly MemoryStream _content = new();
        private string _reversePath = "";
        private bool _inData;

        public void OnConnected(Connection connection)
        {
            server.Connections++;
            server.MostOpen = Math.Max(server.MostOpen, ++server._open);
            Reply(connection, server.Answer("connect") ?? "220 planted.test ESMTP");
        }

        public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
        {
            if (server._stalledUntilNs > MonotonicClock.NowNs)
            {
                connection.PauseReading();
                var timer = server._loop.CreateTimer(static state => ((Connection)state!).ResumeReading(), connection);
                timer.Arm(server._stalledUntilNs);
                return 0;
            }

            var consumed = 0;
            int end;
            while (connection.IsOpen && (end = octets[consumed..].IndexOf("\r\n"u8)) >= 0)
            {
                var line = octets.Slice(consumed, end + 2);
                consumed += line.Length;
                if (_inData) TakeContent(connection, line);
                else TakeCommand(connection, line);
            }

            return connection.IsOpen ? consumed : octets.Length;
        }

        public void OnWritable(Connection connection) { }

        public void OnClosed(Connection connection, CloseReason reason) => server._open--;

        private void TakeCommand(Connection connection, ReadOnlySpan<byte> line)
        {
            var command = Encoding.Latin1.GetString(line).TrimEnd();
            if (command.StartsWith("MAIL", StringComparison.Ordinal)) server.MailOctets += line.Length;
            if (command.StartsWith("RCPT", StringComparison.Ordinal)) server.RcptOctets += line.Length;
            var answer = server.Answer(command);
            if (answer is null) answer = Usual(command);
            Reply(connection, answer);
        }

        private string Usual(string command)
        {
            switch (command[..4])
            {
                case "EHLO":
                    return "250-planted.test\r\n250-PIPELINING\r\n250-SIZE 100000000\r\n250 8BITMIME";
                case "MAIL":
                    _reversePath = Path(command);
                    _recipients.Clear();
                    return "250 2.1.0 ok";
                case "RCPT":
                    _recipients.Add(Path(command));
                    return "250 2.1.5 ok";
                case "DATA" when _recipients.Count == 0:
                    return "554 5.5.1 no valid recipients";
                case "DATA":
                    _inData = true;
                    _content.SetLength(0);
                    return "354 go on";
                case "QUIT":
                    return Leave + "221 2.0.0 bye";
                default:
                    return "250 2.0.0 ok";
            }
        }

        private void TakeContent(Connection connection, ReadOnlySpan<byte> line)
        {
            if (!line.SequenceEqual(".\r\n"u8))
            {
                _content.Write(line[0] == '.' ? line[1..] : line);
                return;
            }

            _inData = false;
            var answer = server.Answer(".");
            if (answer is null || answer.StartsWith(Leave + "250", StringComparison.Ordinal))
            {
                int number;
                lock (server._taken)
                {
                    server._taken.Add(new TakenMessage(_reversePath, [.. _recipients], _content.ToArray()));
                    number = server._taken.Count;
                }

                server.Took?.Invoke(number);
            }

            _recipients.Clear();
            Reply(connection, answer ?? "250 2.0.0 taken");
        }

        private static void Reply(Connection connection, string answer)
        {
            if (answer == Drop)
            {
                connection.Abort();
                return;
            }

            var leaves = answer.StartsWith(Leave, StringComparison.Ordinal);
            connection.Send(Encoding.ASCII.GetBytes((leaves ? answer[Leave.Length..] : answer) + "\r\n"));
            if (leaves) connection.CloseAfterSend();
        }

        private static string Path(string command) => command[(command.IndexOf('<', StringComparison.Ordinal) + 1)..command.IndexOf('>', StringComparison.Ordinal)];
    }
}
