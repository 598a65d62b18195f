using System.Buffers;
using System.Text;
using MailBench.Testing.Smtp;
using MailBench.Wire.Smtp;
using Xunit;

namespace MailBench.Conformance;

public sealed class ServerTests
{
    private readonly SmtpServerMachine _machine = new(new SmtpServerOptions { HostName = "mx.test" });
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly RecordingServerSession _owner = new();

    [Fact]
    public void Nothing_is_consumed_before_the_greeting()
    {
        Assert.Equal(0, _machine.Receive("EHLO early.test\r\n"u8, _owner, _output));
        Assert.Empty(_owner.Calls);
        _machine.Greet(_output);
        Assert.Equal(17, _machine.Receive("EHLO early.test\r\n"u8, _owner, _output));
        Assert.Single(_owner.Calls);
    }

    [Fact]
    public void A_refused_greeting_closes_the_session()
    {
        _machine.Greet(_output, SmtpReply.Of(421, "4.3.2", "Too many sessions"));
        Assert.True(_machine.ShouldClose);
        Assert.Equal("421 4.3.2 Too many sessions\r\n", Encoding.ASCII.GetString(_output.WrittenSpan));
        _machine.Receive("EHLO x\r\n"u8, _owner, _output);
        Assert.Empty(_owner.Calls);
    }

    [Fact]
    public void Input_waits_while_an_answer_to_end_of_data_is_owed()
    {
        var owner = new RecordingServerSession { EndAnswer = static () => null };
        _machine.Greet(_output);
        var input = "HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.test>\r\nDATA\r\n.\r\nNOOP\r\nQUIT\r\n"u8;
        var consumed = _machine.Receive(input, owner, _output);
        Assert.True(_machine.IsWaiting);
        Assert.Equal("NOOP\r\nQUIT\r\n", Encoding.ASCII.GetString(input[consumed..]));
        Assert.Equal(0, _machine.Receive(input[consumed..], owner, _output));
        _machine.Resume(SmtpReply.Of(250, "2.0.0", "Stored"), _output);
        Assert.False(_machine.InTransaction);
        Assert.Equal(12, _machine.Receive(input[consumed..], owner, _output));
        Assert.True(_machine.ShouldClose);
        Assert.Throws<InvalidOperationException>(() => _machine.Resume(SmtpReply.Of(250, null, "again"), _output));
    }

    [Fact]
    public void An_owner_may_resume_within_end_of_data()
    {
        RecordingServerSession? owner = null;
        owner = new RecordingServerSession
        {
            EndAnswer = () =>
            {
                _machine.Resume(SmtpReply.Of(250, "2.0.0", "At once"), _output);
                return null;
            },
        };
        _machine.Greet(_output);
        _machine.Receive("HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.test>\r\nDATA\r\n.\r\nQUIT\r\n"u8, owner, _output);
        Assert.True(_machine.ShouldClose);
        Assert.Contains("At once", Encoding.ASCII.GetString(_output.WrittenSpan), StringComparison.Ordinal);
    }

    [Fact]
    public void An_endless_line_is_swallowed_as_it_comes()
    {
        _machine.Greet(_output);
        var endless = new byte[5000];
        endless.AsSpan().Fill((byte)'x');
        Assert.Equal(5000, _machine.Receive(endless, _owner, _output));
        Assert.Equal(5000, _machine.Receive(endless, _owner, _output));
        Assert.Equal(8, _machine.Receive("\r\nNOOP\r\n"u8, _owner, _output));
        Assert.EndsWith("500 5.5.2 Line too long: at most 2048 octets\r\n250 2.0.0 Ok\r\n", Encoding.ASCII.GetString(_output.WrittenSpan), StringComparison.Ordinal);
    }

    [Fact]
    public void A_transaction_costs_the_machine_no_allocation()
    {
        var owner = new SilentSession();
        _machine.Greet(_output);
        _machine.Receive("EHLO c.test\r\n"u8, owner, _output);
        var input = "MAIL FROM:<ab12.3-0.1042@source.test> SIZE=40\r\nRCPT TO:<u1@d1.test>\r\nDATA\r\nSubject: x\r\n\r\nsome text\r\n.\r\n"u8.ToArray();
        long allocated = 0;
        for (var i = 0; i < 100; i++)
        {
            _output.ResetWrittenCount();
            var before = GC.GetAllocatedBytesForCurrentThread();
            _machine.Receive(input, owner, _output);
            if (i >= 50) allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
    }

    private sealed class SilentSession : ISmtpServerSession
    {
        private static readonly SmtpReply Taken = SmtpReply.Of(250, "2.0.0", "Taken");

        public SmtpReply? OnHelo(ReadOnlySpan<byte> name, bool extended) => null;
        public SmtpReply? OnMail(in MailCommand mail) => null;
        public SmtpReply? OnRcpt(in RcptCommand rcpt) => null;
        public SmtpReply? OnData() => null;
        public void OnContent(ReadOnlySpan<byte> octets) { }
        public SmtpReply? OnEndOfData() => Taken;
        public void OnReset() { }
        public void OnQuit() { }
    }
}
