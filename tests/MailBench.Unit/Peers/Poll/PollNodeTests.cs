using System.Net;
using System.Text.Json.Nodes;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Peers.Poll;
using MailBench.Transport;
using MailBench.Unit.Peers.Mailbox;
using Xunit;

namespace MailBench.Unit.Peers.Poll;

public sealed class PollNodeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(PollProtocol.Pop3, false)]
    [InlineData(PollProtocol.Pop3, true)]
    [InlineData(PollProtocol.Imap, false)]
    [InlineData(PollProtocol.Imap, true)]
    public async Task Users_check_fetch_and_delete_their_mail(PollProtocol protocol, bool pipelining)
    {
        await using var rig = await MailboxRig.StartAsync();
        for (var i = 0; i < 4; i++) rig.Deliver($"Subject: {i}\r\n\r\n..dot\r\n", i);
        var options = new PollOptions { Server = protocol == PollProtocol.Imap ? rig.Imap : rig.Pop3, Protocol = protocol, Users = 5, Interval = TimeSpan.FromMilliseconds(200), Count = 15, Pipelining = pipelining };

        var check = await PollAsync(options);
        Assert.Equal((15, 15, 0, 0), (Count(check, "offered"), Count(check, "polls"), Count(check, "retrieved"), Count(check, "failed")));
        Assert.True(check["responseMs"]!["p50"]!.GetValue<double>() > 0);

        // Each user fetches what is there once, though it comes three times.
        var fetch = await PollAsync(options with { Action = PollAction.Fetch });
        Assert.Equal((15, 4, 0), (Count(fetch, "polls"), Count(fetch, "retrieved"), Count(fetch, "failed")));
        Assert.True(fetch["serviceMs"]![protocol == PollProtocol.Imap ? "select" : "stat"]!["p50"]!.GetValue<double>() > 0);
        var stored = Enumerable.Range(0, 4).SelectMany(rig.Files).Sum(file => new FileInfo(file).Length + File.ReadAllLines(file).Length);
        Assert.Equal(stored, Count(fetch, "contentOctets"));

        // A client without memory takes them each time.
        var reread = await PollAsync(options with { Action = PollAction.Reread });
        Assert.Equal((15, 12, 0, 0), (Count(reread, "polls"), Count(reread, "retrieved"), Count(reread, "deleted"), Count(reread, "failed")));
        Assert.Equal(3 * stored, Count(reread, "contentOctets"));

        var delete = await PollAsync(options with { Action = PollAction.Delete });
        Assert.Equal((15, 4, 4, 0), (Count(delete, "polls"), Count(delete, "retrieved"), Count(delete, "deleted"), Count(delete, "failed")));
        Assert.Empty(Enumerable.Range(0, 5).SelectMany(rig.Files));
    }

    [Fact]
    public async Task A_planted_pause_of_the_server_shows_in_the_response_of_every_poll_that_was_due_in_it()
    {
        using var server = new PausedServer(TimeSpan.FromMilliseconds(800));
        var counts = await PollAsync(new PollOptions { Server = server.EndPoint, Users = 50, Interval = TimeSpan.FromSeconds(1), Duration = TimeSpan.FromSeconds(1) });
        Assert.Equal(Count(counts, "offered"), Count(counts, "polls"));
        Assert.InRange(counts["responseMs"]!["max"]!.GetValue<double>(), 700, 10_000);

        // Uniform over the second, all but the last fifth wait for the end of the pause: half of them longer than 0.3 s.
        Assert.InRange(counts["responseMs"]!["p50"]!.GetValue<double>(), 200, 10_000);
        Assert.Equal(0, Count(counts, "failed"));
    }

    [Fact]
    public async Task Polls_that_find_no_session_wait_and_what_never_ends_is_counted()
    {
        using var server = new PausedServer(TimeSpan.FromHours(1));
        var counts = await PollAsync(new PollOptions
        {
            Server = server.EndPoint,
            Users = 10,
            Interval = TimeSpan.FromMilliseconds(100),
            Phase = PollPhase.Synchronised,
            Count = 20,
            MaxSessions = 3,
            DrainTimeout = TimeSpan.FromMilliseconds(100),
        });
        Assert.Equal((20, 0, 20, 17), (Count(counts, "offered"), Count(counts, "polls"), Count(counts, "unfinished"), Count(counts, "waiting")));
        Assert.Equal(3_600_000, counts["responseMs"]!["p50"]!.GetValue<double>(), 3600.0);
    }

    [Fact]
    public async Task Refused_logins_fail_their_polls_and_the_first_trouble_is_told()
    {
        await using var rig = await MailboxRig.StartAsync();
        var log = new StringWriter();
        var counts = await PollAsync(new PollOptions { Server = rig.Pop3, Users = 6, Interval = TimeSpan.FromMilliseconds(100), Count = 6 }, log);
        Assert.Equal((5, 1), (Count(counts, "polls"), Count(counts, "failed")));
        Assert.Contains("user5: Pass was refused: [AUTH]", log.ToString(), StringComparison.Ordinal);
        Assert.Contains("6 users every 0.1 s are 60 polls/s", log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_server_the_node_says_so()
    {
        using var server = new PausedServer(TimeSpan.Zero);
        var target = server.EndPoint;
        server.Dispose();
        var refused = await Assert.ThrowsAsync<NodeRefusedException>(() => PollAsync(new PollOptions { Server = target, Users = 2, Interval = TimeSpan.FromMilliseconds(10), Count = 2 }));
        Assert.Contains("Is a server listening there?", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<JsonObject> PollAsync(PollOptions options, TextWriter? log = null)
    {
        await using var node = new PollNode(options, control: false, log);
        await node.StartAsync(default);
        await node.Completion.WaitAsync(Patience);
        await node.StopAsync(default);
        return node.Counts();
    }

    private static long Count(JsonObject counts, string name) => counts[name]!.GetValue<long>();

    /// <summary>Accepts at once, and answers nothing before its pause is over.</summary>
    private sealed class PausedServer : IConnectionHandler, IDisposable
    {
        private readonly EventLoop _loop = EventLoop.Start(new EventLoopOptions("paused"));
        private readonly Listener _listener;
        private readonly List<Connection> _held = [];
        private readonly long _pauseNs;
        private LoopTimer? _end;
        private bool _paused;
        private bool _disposed;

        public PausedServer(TimeSpan pause)
        {
            _paused = pause > TimeSpan.Zero;
            _listener = _loop.Listen(new IPEndPoint(IPAddress.Loopback, 0), _ => this);
            EndPoint = _listener.EndPoint;
            _pauseNs = pause.Ticks * 100;
        }

        public IPEndPoint EndPoint { get; }

        public void OnConnected(Connection connection)
        {
            _end ??= ArmEnd();
            if (_paused) _held.Add(connection);
            else connection.Send("+OK\r\n"u8);
        }

        public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
        {
            var consumed = 0;
            for (int end; (end = octets[consumed..].IndexOf("\r\n"u8)) >= 0; consumed += end + 2)
            {
                var quit = octets[consumed..].StartsWith("QUIT"u8);
                connection.Send("+OK 0 0\r\n"u8);
                if (quit) connection.CloseAfterSend();
            }

            return consumed;
        }

        public void OnWritable(Connection connection) { }

        public void OnClosed(Connection connection, CloseReason reason) => _held.Remove(connection);

        public void Dispose()
        {
            if (_disposed) return;
            _disposed = true;
            _listener.Dispose();
            _loop.Dispose();
        }

        /// <summary>The pause begins with the first connection.</summary>
        private LoopTimer ArmEnd()
        {
            var end = _loop.CreateTimer(_ => Resume(), null);
            end.Arm(_loop.TurnNs + _pauseNs);
            return end;
        }

        private void Resume()
        {
            _paused = false;
            foreach (var connection in _held.ToArray()) connection.Send("+OK\r\n"u8);
            _held.Clear();
        }
    }
}
