using System.Buffers;
using MailBench.Testing.Smtp;
using MailBench.Wire.Smtp;
using Xunit;

namespace MailBench.Conformance;

public sealed class ClientTests
{
    [Theory]
    [InlineData("a\\r\\nRCPT TO:<x@y>@b.test")]
    [InlineData("a\\n@b.test")]
    [InlineData("a\\x00@b.test")]
    [InlineData("a b@c.test")]
    [InlineData("a> SIZE=1@c.test")]
    [InlineData("<a@c.test")]
    [InlineData("\"a\"> x@c.test")]
    [InlineData("\"a\\r\\nb\"@c.test")]
    public void Addresses_that_would_inject_commands_are_not_written(string shown)
    {
        var (machine, output) = Ready("250 mx.test\r\n");
        var before = output.WrittenCount;
        Assert.Throws<ArgumentException>(() => machine.Begin(new TextEnvelope("a@b.test", "ok@b.test", shown), output));
        Assert.Throws<ArgumentException>(() => machine.Begin(new TextEnvelope(shown, "ok@b.test"), output));
        Assert.Equal(before, output.WrittenCount);
        Assert.True(machine.IsReady);
        machine.Begin(new TextEnvelope("\"a <b>\"@b.test", "ok@b.test"), output);
        Assert.False(machine.IsReady);
    }

    [Fact]
    public void Capabilities_are_read_from_EHLO()
    {
        var (machine, _) = Ready("250-mx.test greets you\r\n250-pipelining\r\n250-SIZE\r\n250-8bitmime\r\n250-CHUNKING\r\n250-STARTTLS\r\n250-DSN\r\n250-SMTPUTF8\r\n250-X-FOO bar\r\n250 LIMITS MAILMAX=5 RCPTMAX=77\r\n");
        Assert.Equal(
            new SmtpCapabilities { Extended = true, Pipelining = true, EightBitMime = true, Chunking = true, StartTls = true, SmtpUtf8 = true, Dsn = true, SizeLimit = 0, RcptMax = 77, MailMax = 5 },
            machine.Capabilities);
    }

    [Fact]
    public void A_reply_of_too_many_lines_refuses_the_session()
    {
        var (machine, output) = Ready("250 mx.test\r\n");
        var owner = new RecordingClientSession(machine, output);
        for (var i = 0; i < 150 && !machine.ShouldClose; i++) machine.Receive("250-more\r\n"u8, owner, output);
        Assert.Equal("refused 500 5.5.0 The server sent a reply of more than 100 lines", Assert.Single(owner.Calls));
    }

    [Fact]
    public void Of_a_talkative_reply_only_the_begin_is_kept()
    {
        var (machine, output) = Ready("250 mx.test\r\n");
        var owner = new RecordingClientSession(machine, output);
        var line = System.Text.Encoding.ASCII.GetBytes($"550-{new string('x', 4000)}\r\n");
        for (var i = 0; i < 90; i++) machine.Receive(line, owner, output);
        machine.Receive("550 end\r\n"u8, owner, output);
        Assert.InRange(Assert.Single(owner.Calls).Length, 8192, 8400);
    }

    [Fact]
    public void The_final_reply_is_awaited_from_the_last_dot_to_its_answer()
    {
        var (machine, output) = Ready("250 mx.test\r\n");
        var owner = new RecordingClientSession(machine, output);
        owner.Contents.Enqueue("x\r\n"u8.ToArray());
        machine.Begin(new TextEnvelope("a@b.test", "c@d.test"), output);
        machine.Receive("250 ok\r\n250 ok\r\n"u8, owner, output);
        Assert.False(machine.AwaitsFinalReply);
        machine.Receive("354 go\r\n"u8, owner, output);
        Assert.True(machine.AwaitsFinalReply);
        machine.Receive("250 ok"u8, owner, output);
        Assert.True(machine.AwaitsFinalReply);
        machine.Receive("250 ok\r\n"u8, owner, output);
        Assert.False(machine.AwaitsFinalReply);
        Assert.True(machine.IsReady);
    }

    [Fact]
    public void Repeated_replies_cost_no_allocation()
    {
        var (machine, output) = Ready("250-mx.test\r\n250 PIPELINING\r\n");
        var owner = new SilentSession(machine, output);
        var envelope = new TextEnvelope("a@b.test", "c@d.test");
        var replies = "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go\r\n250 2.0.0 Ok\r\n"u8.ToArray();
        long allocated = 0;
        for (var i = 0; i < 100; i++)
        {
            output.ResetWrittenCount();
            var before = GC.GetAllocatedBytesForCurrentThread();
            machine.Begin(envelope, output);
            machine.Receive(replies, owner, output);
            if (i >= 50) allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(100, owner.Ended);
        Assert.Equal(0, allocated);
    }

    [Theory]
    [InlineData("250 2.6.0 queued as 17\r\n", "250 2.0.0 done")]
    [InlineData("250-queued\r\n250 as 17\r\n", "queued")]
    [InlineData("251 elsewhere\r\n", "251 elsewhere")]
    [InlineData("451 4.3.0 not now\r\n", "451 4.3.0 not now")]
    public void Where_acceptance_is_not_kept_the_words_of_a_final_250_are_not_and_all_others_are(string final, string told)
    {
        var (machine, output) = Ready("250 mx.test\r\n", keepsAcceptance: false);
        var owner = new RecordingClientSession(machine, output);
        owner.Contents.Enqueue("x\r\n"u8.ToArray());
        machine.Begin(new TextEnvelope("a@b.test", "c@d.test"), output);
        machine.Receive("250 yes to 17\r\n250 yes to 18\r\n354 go\r\n"u8, owner, output);
        machine.Receive(System.Text.Encoding.ASCII.GetBytes(final), owner, output);
        Assert.Contains(owner.Calls, call => call.Contains("yes to 18", StringComparison.Ordinal));
        Assert.Contains(owner.Calls, call => call.Contains(told, StringComparison.Ordinal));
        Assert.True(machine.IsReady);
    }

    private static (SmtpClientMachine Machine, ArrayBufferWriter<byte> Output) Ready(string ehlo, bool keepsAcceptance = true)
    {
        var machine = new SmtpClientMachine(new SmtpClientOptions { HeloName = "c.test", KeepsAcceptance = keepsAcceptance });
        var output = new ArrayBufferWriter<byte>();
        var owner = new RecordingClientSession(machine, output);
        machine.Receive(System.Text.Encoding.ASCII.GetBytes("220 mx.test\r\n" + ehlo), owner, output);
        Assert.True(machine.IsReady);
        return (machine, output);
    }

    private sealed class SilentSession(SmtpClientMachine machine, ArrayBufferWriter<byte> output) : ISmtpClientSession
    {
        public int Ended { get; private set; }

        public void OnPhase(ClientPhase phase, SmtpReply last) { }
        public void OnReady(SmtpCapabilities capabilities) { }
        public void OnMailReply(SmtpReply reply) { }
        public void OnRecipientReply(int index, SmtpReply reply) { }
        public void OnTransactionEnded(SmtpReply reply, bool contentSent) => Ended++;
        public void OnSessionRefused(SmtpReply reply) { }

        public void OnContentWanted()
        {
            output.Write(".\r\n"u8);
            machine.ContentSent();
        }
    }
}
