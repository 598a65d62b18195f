using System.Buffers;
using System.Text;
using MailBench.Testing.Imap;
using MailBench.Wire.Imap;
using MailBench.Wire.Pop3;
using MailBench.Wire.Smtp;
using Xunit;

namespace MailBench.Conformance;

/// <summary>Behind the line that changes to TLS no machine reads an octet in the clear, server or client (the kind of CVE-2011-0411), however its input is cut.</summary>
public sealed class StartTlsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Servers_leave_what_is_pipelined_behind_the_command_unread(int cut)
    {
        var smtp = new SmtpServerMachine(new SmtpServerOptions { HostName = "mx.test", StartTls = true });
        var smtpOwner = new MailBench.Testing.Smtp.RecordingServerSession();
        var output = new ArrayBufferWriter<byte>();
        smtp.Greet(output);
        Assert.Equal("RSET\r\nMAIL FROM:<injected@evil.test>\r\n", Left("EHLO c.test\r\nSTARTTLS\r\nRSET\r\nMAIL FROM:<injected@evil.test>\r\n", cut, octets => smtp.Receive(octets, smtpOwner, output)));
        Assert.True(smtp.AwaitsTls && !smtp.IsSecure);
        Assert.DoesNotContain(smtpOwner.Calls, static call => call.StartsWith("mail", StringComparison.Ordinal));

        var pop3 = new Pop3ServerMachine(new Pop3ServerOptions { HostName = "pop.test", StartTls = true });
        pop3.Greet(output);
        Assert.Equal("USER mallory\r\nPASS p\r\n", Left("CAPA\r\nSTLS\r\nUSER mallory\r\nPASS p\r\n", cut, octets => pop3.Receive(octets, new NoMaildrop(), output)));
        Assert.True(pop3.AwaitsTls && !pop3.IsSecure);

        var imap = new RecordingImapServer(later: false, new ImapServerOptions { HostName = "imap.test", StartTls = true });
        Assert.Equal("b LOGIN u p\r\n", Left("a STARTTLS\r\nb LOGIN u p\r\n", cut, octets => imap.Machine.Receive(octets, imap, imap.Output)));
        Assert.True(imap.Machine.AwaitsTls && !imap.Machine.IsSecure);
        Assert.Empty(imap.Calls);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Clients_leave_what_is_sent_behind_the_answer_unread(int cut)
    {
        var pop3 = new Pop3ClientMachine();
        var pop3Owner = new HeardPop3();
        pop3.Send(Pop3Verb.Stls, default, new ArrayBufferWriter<byte>());
        Assert.Equal("+OK injected\r\n", Left("+OK hello\r\n+OK begin\r\n+OK injected\r\n", cut, octets => pop3.Receive(octets, pop3Owner)));
        Assert.True(pop3.AwaitsTls);
        Assert.Equal(2, pop3Owner.Replies);

        var imap = new ImapClientMachine();
        var imapOwner = new HeardImap();
        imap.Send(ImapVerb.StartTls, default, new ArrayBufferWriter<byte>());
        Assert.Equal("* 1 EXISTS\r\na2 OK injected\r\n", Left("* OK hello\r\na1 OK begin\r\n* 1 EXISTS\r\na2 OK injected\r\n", cut, octets => imap.Receive(octets, imapOwner)));
        Assert.True(imap.AwaitsTls);
        Assert.Equal((1, 0), (imapOwner.Answers, imapOwner.Untagged));
    }

    [Fact]
    public void A_refusal_is_no_upgrade()
    {
        var pop3 = new Pop3ClientMachine();
        pop3.Send(Pop3Verb.Stls, default, new ArrayBufferWriter<byte>());
        pop3.Receive("+OK hello\r\n-ERR no\r\n"u8, new HeardPop3());
        Assert.False(pop3.AwaitsTls);
        var imap = new ImapClientMachine();
        imap.Send(ImapVerb.StartTls, default, new ArrayBufferWriter<byte>());
        imap.Receive("* OK hello\r\na1 NO not today\r\n"u8, new HeardImap());
        Assert.False(imap.AwaitsTls);
    }

    private static string Left(string text, int cut, Func<byte[], int> receive)
    {
        var octets = Encoding.ASCII.GetBytes(text);
        int start = 0, end = 0;
        while (end < octets.Length)
        {
            end = Math.Min(octets.Length, end + cut);
            start += receive(octets[start..end]);
        }

        return text[start..];
    }

    private sealed class NoMaildrop : IPop3ServerSession
    {
        public void OnLogin(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password) => throw new InvalidOperationException("Nobody logs in.");

        public void OnRetrieve(int index, bool whole) => throw new InvalidOperationException("Nothing is here.");

        public void OnUpdate() => throw new InvalidOperationException("Nothing is here.");
    }

    private sealed class HeardPop3 : IPop3ClientSession
    {
        public int Replies { get; private set; }

        public void OnReply(Pop3Verb verb, int argument, bool ok, ReadOnlySpan<byte> text) => Replies++;

        public void OnLine(Pop3Verb verb, ReadOnlySpan<byte> line)
        {
        }

        public void OnContent(int argument, ReadOnlySpan<byte> octets)
        {
        }

        public void OnEnd(Pop3Verb verb, int argument)
        {
        }
    }

    private sealed class HeardImap : IImapClientSession
    {
        public int Answers { get; private set; }
        public int Untagged { get; private set; }

        public void OnGreeting(bool ok, ReadOnlySpan<byte> text)
        {
        }

        public void OnUntagged(ReadOnlySpan<byte> text, bool goesOn) => Untagged++;

        public void OnLiteral(ReadOnlySpan<byte> octets)
        {
        }

        public void OnLiteralEnd()
        {
        }

        public void OnContinuation()
        {
        }

        public void OnTagged(ImapVerb verb, ImapStatus status, ReadOnlySpan<byte> text) => Answers++;
    }
}
