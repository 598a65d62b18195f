using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using MailBench.Wire.Smtp;

namespace MailBench.Benchmarks.Micro;

/// <summary>SMTP's parsers and machines: a pipelined transaction of 4 KiB on either side, content alone, replies that differ each time.</summary>
[Config(typeof(ShortConfig))]
public class SmtpBenchmarks
{
    private const int DistinctReplies = 4096;

    private readonly ArrayBufferWriter<byte> _output = new(64 << 10);
    private readonly byte[] _content = Mail.Content(4096);
    private readonly byte[] _envelopeAsSent = Encoding.ASCII.GetBytes("MAIL FROM:<sender@source.test> SIZE=4096 BODY=8BITMIME\r\nRCPT TO:<u1@d1.test>\r\nDATA\r\n");
    private readonly byte[] _contentAsSent = [.. Mail.Content(4096), .. ".\r\n"u8];
    private readonly byte[][] _replies = [.. Enumerable.Range(0, DistinctReplies).Select(i => Encoding.ASCII.GetBytes($"250 2.0.0 Ok: queued as {i:X8}\r\n"))];
    private readonly SmtpServerMachine _server = new(new SmtpServerOptions { HostName = "mta.test" });
    private readonly SmtpClientMachine _client = new(new SmtpClientOptions { HeloName = "client.test" });
    private readonly Server _serverSession = new();
    private readonly Client _clientSession;
    private ContentStuffer _stuffer;
    private ReplyReader _reader;
    private int _next;

    public SmtpBenchmarks() => _clientSession = new Client(_client, _content, _output);

    [GlobalSetup]
    public void Greet()
    {
        _server.Greet(_output);
        _server.Receive("EHLO client.test\r\n"u8, _serverSession, _output);
        _client.Receive("220 mx.test\r\n250-mx.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 1000000\r\n"u8, _clientSession, _output);
    }

    /// <summary>Envelope group, content, replies; the owner takes note and keeps nothing.</summary>
    [Benchmark, AllocationBudget(0)]
    public void ServerTransaction()
    {
        _output.ResetWrittenCount();
        _server.Receive(_envelopeAsSent, _serverSession, _output);
        _server.Receive(_contentAsSent, _serverSession, _output);
    }

    [Benchmark, AllocationBudget(0)]
    public void ClientTransaction()
    {
        _output.ResetWrittenCount();
        _client.Begin(_clientSession, _output);
        _client.Receive("250 2.1.0 Sender ok\r\n250 2.1.5 Recipient ok\r\n354 Go ahead\r\n"u8, _clientSession, _output);
        _client.Receive("250 2.0.0 Ok\r\n"u8, _clientSession, _output);
    }

    [Benchmark, AllocationBudget(0)]
    public void StuffContent()
    {
        _output.ResetWrittenCount();
        _stuffer.Write(_content, _output);
        _stuffer.Finish(_output);
    }

    /// <summary>A final reply names the message: the object and its octets, no words.</summary>
    [Benchmark, AllocationBudget(128)]
    public void ReadDistinctReply() => _reader.Read(_replies[_next++ % DistinctReplies], wordless: false, out _, out _);

    /// <summary>Where nobody wants its words it costs nothing.</summary>
    [Benchmark, AllocationBudget(0)]
    public void ReadDistinctReplyForItsCode() => _reader.Read(_replies[_next++ % DistinctReplies], wordless: true, out _, out _);

    private sealed class Server : ISmtpServerSession
    {
        private static readonly SmtpReply Ok = SmtpReply.Of(250, "2.0.0", "Ok");

        public long Octets { get; private set; }

        public SmtpReply? OnHelo(ReadOnlySpan<byte> name, bool extended) => null;

        public SmtpReply? OnMail(in MailCommand mail) => null;

        public SmtpReply? OnRcpt(in RcptCommand rcpt) => null;

        public SmtpReply? OnData() => null;

        public void OnContent(ReadOnlySpan<byte> octets) => Octets += octets.Length;

        public SmtpReply? OnEndOfData() => Ok;

        public void OnReset() { }

        public void OnQuit() { }
    }

    private sealed class Client(SmtpClientMachine machine, byte[] content, IBufferWriter<byte> output) : ISmtpClientSession, IClientEnvelope
    {
        private readonly byte[] _sender = "sender@source.test"u8.ToArray();
        private readonly byte[] _recipient = "u1@d1.test"u8.ToArray();
        private ContentStuffer _stuffer;

        public ReadOnlySpan<byte> ReversePath => _sender;
        public int RecipientCount => 1;
        public long SizeBytes => content.Length;
        public BodyKind Body => BodyKind.SevenBit;

        public ReadOnlySpan<byte> Recipient(int index) => _recipient;

        public void OnPhase(ClientPhase phase, SmtpReply last) { }

        public void OnReady(SmtpCapabilities capabilities) { }

        public void OnMailReply(SmtpReply reply) { }

        public void OnRecipientReply(int index, SmtpReply reply) { }

        public void OnContentWanted()
        {
            _stuffer.Write(content, output);
            _stuffer.Finish(output);
            machine.ContentSent();
        }

        public void OnTransactionEnded(SmtpReply reply, bool contentSent) { }

        public void OnSessionRefused(SmtpReply reply) => throw new InvalidOperationException($"The dialogue went wrong: {reply}");
    }
}

/// <summary>Content for benchmarks.</summary>
internal static class Mail
{
    /// <summary>A header, then lines of 70 letters, some of which begin with a dot.</summary>
    public static byte[] Content(int bytes)
    {
        var text = new StringBuilder("From: <s@source.test>\r\nTo: <u@d.test>\r\nSubject: benchmark\r\n\r\n");
        for (var line = 0; text.Length < bytes - 72; line++) text.Append(line % 16 == 0 ? '.' : 'x').Append('x', 69).Append("\r\n");
        return Encoding.ASCII.GetBytes(text.Append('x', bytes - text.Length - 2).Append("\r\n").ToString());
    }
}
