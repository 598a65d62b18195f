using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using MailBench.Model.Options;
using MailBench.Transport;
using MailBench.Transport.Tls;
using Xunit;

namespace MailBench.Unit.Transport;

/// <summary>TLS in place: over both loops, with peers that are whole, slow, silent, gone or something else.</summary>
public sealed class TlsTests : LoopTest
{
    private static readonly CertificatePem Pem = SelfSignedCertificate.Create("mail.test", TimeProvider.System.GetUtcNow());
    private static readonly TlsServer Server = TlsServer.FromPem(Pem);

    [Theory, MemberData(nameof(Loops))]
    public async Task Two_connections_talk_within_tls_and_part_in_order(bool portable)
    {
        using var loop = Start(portable);
        var echo = new SecureHandler(Server);
        using var listener = loop.Listen(Any4, _ => echo);
        var client = new SecureHandler(TlsClient.Pinning("mail.test", Pem.Certificate)) { Says = "hello", Until = 5, ClosesThen = true, Echoes = false };
        var dialled = await Dial(loop, listener.EndPoint, client);
        Assert.Equal("hello", await client.Text);
        Assert.True((await client.Closed).Kind is CloseKind.ClosedByUs or CloseKind.ClosedByPeer);
        Assert.Equal(CloseKind.ClosedByPeer, (await echo.Closed).Kind);
        Assert.True(dialled.OctetsOut > 100, "the wire carries more than the text");
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task A_large_transfer_comes_whole_past_pauses_on_both_ends(bool portable)
    {
        const int total = 6 << 20;
        using var loop = Start(portable);
        long received = 0, wrong = 0;
        var paused = 0;
        var done = Completion();
        using var listener = loop.Listen(Any4, _ => new SecureHandler(Server)
        {
            Taker = (connection, octets) =>
            {
                // A third is left each time, but at the end; every few calls reading rests for a turn.
                var take = octets.Length > 3 && received + octets.Length < total ? octets.Length * 2 / 3 : octets.Length;
                foreach (var octet in octets[..take])
                    if (octet != (byte)(received++ % 251)) wrong++;
                if (received == total) done.TrySetResult();
                if (++paused % 5 == 0)
                {
                    connection.PauseReading();
                    connection.Loop.Post(static paused => ((Connection)paused!).ResumeReading(), connection);
                }

                return take;
            },
        });
        var sent = 0;
        void Produce(Connection connection)
        {
            var piece = new byte[40_000];
            while (sent < total && connection.UnsentBytes < Connection.HighWaterBytes)
            {
                var count = Math.Min(piece.Length, total - sent);
                for (var i = 0; i < count; i++) piece[i] = (byte)(sent++ % 251);
                connection.Send(piece.AsSpan(0, count));
            }
        }

        var client = new SecureHandler(TlsClient.Trusting("mail.test")) { Secure = Produce, Writable = Produce };
        await Dial(loop, listener.EndPoint, client);
        await done.Task.WaitAsync(TestHandler.Patience);
        Assert.Equal(0, wrong);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task The_platforms_own_client_and_single_octets_are_served(bool portable)
    {
        using var loop = Start(portable);
        using var listener = loop.Listen(Any4, _ => new SecureHandler(Server) { Yields = true });
        using var socket = new TcpClient { NoDelay = true };
        await socket.ConnectAsync(listener.EndPoint);
        await using var stream = new SslStream(new Dripping(socket.GetStream()), false, (_, _, _, _) => true);
        await stream.AuthenticateAsClientAsync("mail.test").WaitAsync(TestHandler.Patience);
        await stream.WriteAsync("drip"u8.ToArray());
        var answer = new byte[4];
        await stream.ReadExactlyAsync(answer).AsTask().WaitAsync(TestHandler.Patience);
        Assert.Equal("drip", Encoding.ASCII.GetString(answer));
        await stream.ShutdownAsync();
        Assert.Equal(0, await stream.ReadAsync(answer).AsTask().WaitAsync(TestHandler.Patience));
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task What_came_in_the_clear_behind_the_command_is_never_presented(bool portable)
    {
        using var loop = Start(portable);
        var server = new UpgradingHandler(Server);
        using var listener = loop.Listen(Any4, _ => server);
        using var socket = new TcpClient();
        await socket.ConnectAsync(listener.EndPoint);
        await socket.GetStream().WriteAsync("UPGRADE\nINJECTED\n"u8.ToArray());
        var reason = await server.Closed;
        Assert.Equal(CloseKind.TlsFailed, reason.Kind);
        Assert.Equal(["UPGRADE"], server.Commands);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task A_handshake_that_is_garbage_halved_or_left_ends_the_connection(bool portable)
    {
        using var loop = Start(portable);
        var handlers = new System.Collections.Concurrent.ConcurrentQueue<SecureHandler>();
        using var listener = loop.Listen(Any4, _ =>
        {
            var handler = new SecureHandler(TlsServerWith(TimeSpan.FromMilliseconds(300)));
            handlers.Enqueue(handler);
            return handler;
        });
        byte[] half = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc];
        foreach (var (octets, leaves) in new[] { ("GET / HTTP/1.0\r\n\r\n"u8.ToArray(), false), (half, false), (half, true), ([], true) })
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(listener.EndPoint);
            var stream = socket.GetStream();
            await stream.WriteAsync(octets);
            if (leaves) socket.Client.Shutdown(SocketShutdown.Send);
            try
            {
                await stream.CopyToAsync(Stream.Null).WaitAsync(TestHandler.Patience);
            }
            catch (IOException)
            {
                // A reset is an end too.
            }
        }

        foreach (var handler in handlers) Assert.Equal(CloseKind.TlsFailed, (await handler.Closed).Kind);
        Assert.Equal(4, handlers.Count);
        Assert.All(handlers, static handler => Assert.False(handler.WasSecured));
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task A_flood_before_the_handshake_is_cut(bool portable)
    {
        using var loop = Start(portable);
        var server = new SecureHandler(Server);
        using var listener = loop.Listen(Any4, _ => server);
        using var socket = new TcpClient();
        await socket.ConnectAsync(listener.EndPoint);
        var flood = new byte[1 << 20];

        // A record that says it is long, so that nobody can tell yet that it is none, and then too much of it.
        new byte[] { 0x16, 3, 1, 0x3f, 0xff }.CopyTo(flood, 0);
        try
        {
            await socket.GetStream().WriteAsync(flood).AsTask().WaitAsync(TestHandler.Patience);
        }
        catch (IOException)
        {
            // The server has gone, as it should.
        }

        Assert.Equal(CloseKind.TlsFailed, (await server.Closed).Kind);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task A_client_that_expects_another_certificate_does_not_go_on(bool portable)
    {
        using var loop = Start(portable);
        using var listener = loop.Listen(Any4, _ => new SecureHandler(Server));
        var other = SelfSignedCertificate.Create("mail.test", TimeProvider.System.GetUtcNow());
        foreach (var wary in new[] { TlsClient.Pinning("mail.test", other.Certificate), TlsClient.Validating("mail.test") })
        {
            var client = new SecureHandler(wary);
            await Dial(loop, listener.EndPoint, client);
            Assert.Equal(CloseKind.TlsFailed, (await client.Closed).Kind);
            Assert.False(client.WasSecured);
        }
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Octets_that_are_no_records_end_an_open_session(bool portable)
    {
        using var loop = Start(portable);
        var server = new SecureHandler(Server);
        using var listener = loop.Listen(Any4, _ => server);
        using var socket = new TcpClient();
        await socket.ConnectAsync(listener.EndPoint);
        await using var stream = new SslStream(socket.GetStream(), true, (_, _, _, _) => true);
        await stream.AuthenticateAsClientAsync("mail.test").WaitAsync(TestHandler.Patience);
        await socket.GetStream().WriteAsync(new byte[] { 0x17, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 });
        Assert.Equal(CloseKind.TlsFailed, (await server.Closed).Kind);
        Assert.Equal(0, server.Received);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Many_at_once_are_secured_and_the_loop_goes_on_meanwhile(bool portable)
    {
        using var loop = Start(portable);
        using var listener = loop.Listen(Any4, _ => new SecureHandler(Server));
        var trusted = TlsClient.Pinning("mail.test", Pem.Certificate);
        var clients = Enumerable.Range(0, 50).Select(n => new SecureHandler(trusted) { Says = $"number {n:00}", Until = 9, ClosesThen = true, Echoes = false }).ToArray();
        foreach (var client in clients) await Dial(loop, listener.EndPoint, client);
        for (var n = 0; n < clients.Length; n++) Assert.Equal($"number {n:00}", await clients[n].Text);
    }

    [Fact]
    public void A_file_that_is_no_certificate_is_refused_with_a_sentence()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var file = Path.Combine(folder.FullName, "cert.pem");
            File.WriteAllText(file, "no certificate");
            Assert.Contains("cannot be used", Assert.Throws<InvalidDataException>(() => TlsServer.Load(file, file)).Message, StringComparison.Ordinal);
            Assert.Throws<InvalidDataException>(() => TlsServer.Load(Path.Combine(folder.FullName, "none.pem"), file));
            File.WriteAllText(file, Pem.Certificate + Pem.Key);
            TlsServer.Load(file, file);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static TlsServer TlsServerWith(TimeSpan patience) => TlsServer.FromPem(Pem, patience);

    /// <summary>Begins TLS as soon as it stands; then echoes, or says something and waits for so much.</summary>
    private sealed class SecureHandler(TlsParty party) : IConnectionHandler
    {
        private readonly TaskCompletionSource<CloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<string> _text = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string? Says { get; init; }
        public int Until { get; init; } = int.MaxValue;
        public bool ClosesThen { get; init; }
        public bool Echoes { get; init; } = true;
        public bool Yields { get; init; }
        public Taking? Taker { get; init; }
        public Action<Connection>? Secure { get; init; }
        public Action<Connection>? Writable { get; init; }
        public bool WasSecured { get; private set; }
        public long Received { get; private set; }
        public Task<CloseReason> Closed => _closed.Task.WaitAsync(TestHandler.Patience);
        public Task<string> Text => _text.Task.WaitAsync(TestHandler.Patience);

        public delegate int Taking(Connection connection, ReadOnlySpan<byte> octets);

        public void OnConnected(Connection connection)
        {
            connection.Yields = Yields;
            connection.StartTls(party);
        }

        public void OnSecured(Connection connection)
        {
            WasSecured = connection.IsSecure;
            if (Says is not null) connection.Send(Encoding.ASCII.GetBytes(Says));
            Secure?.Invoke(connection);
        }

        public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
        {
            Received += octets.Length;
            if (Taker is not null) return Taker(connection, octets);
            if (octets.Length >= Until)
            {
                _text.TrySetResult(Encoding.ASCII.GetString(octets));
                if (ClosesThen) connection.CloseAfterSend();
                return octets.Length;
            }

            if (!Echoes) return 0;
            connection.Send(octets);
            return octets.Length;
        }

        public void OnWritable(Connection connection) => Writable?.Invoke(connection);

        public void OnClosed(Connection connection, CloseReason reason) => _closed.TrySetResult(reason);
    }

    /// <summary>Lines in the clear; one of them asks for TLS.</summary>
    private sealed class UpgradingHandler(TlsParty party) : IConnectionHandler
    {
        private readonly TaskCompletionSource<CloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<string> Commands { get; } = [];
        public Task<CloseReason> Closed => _closed.Task.WaitAsync(TestHandler.Patience);

        public void OnConnected(Connection connection)
        {
        }

        public int OnReceived(Connection connection, ReadOnlySpan<byte> octets)
        {
            var end = octets.IndexOf((byte)'\n');
            if (end < 0) return 0;
            Commands.Add(Encoding.ASCII.GetString(octets[..end]));
            connection.StartTls(party);
            return end + 1;
        }

        public void OnWritable(Connection connection)
        {
        }

        public void OnClosed(Connection connection, CloseReason reason) => _closed.TrySetResult(reason);
    }

    /// <summary>Writes octet by octet.</summary>
    private sealed class Dripping(Stream inner) : Stream
    {
        public override bool CanRead => true;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() => inner.Flush();
        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer.Length > 1 ? buffer[..1] : buffer, cancellationToken);
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (var at = 0; at < buffer.Length; at++) await inner.WriteAsync(buffer.Slice(at, 1), cancellationToken);
        }
    }
}
