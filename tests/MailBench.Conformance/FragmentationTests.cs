using System.Buffers;
using System.Text;
using CsCheck;
using MailBench.Testing.Smtp;
using MailBench.Wire.Smtp;
using Xunit;

namespace MailBench.Conformance;

/// <summary>The same octets give the same calls and the same output however they are cut (architecture: protocol machines).</summary>
public sealed class FragmentationTests
{
    private static readonly SmtpServerOptions Tight = new()
    {
        HostName = "mx.test",
        MaxCommandLine = 64,
        MaxContentLine = 70,
        MaxMessageBytes = 300,
        MaxRecipients = 2,
        MaxErrors = 6,
    };

    private static readonly Gen<string> ClientLine = Pick(
        "EHLO c.test\r\n", "HELO c.test\r\n", "MAIL FROM:<a@b.test>\r\n", "MAIL FROM:<> SIZE=9\r\n", "RCPT TO:<a@b.test>\r\n", "RCPT TO:<bad@b.test>\r\n",
        "DATA\r\n", "DATA\r\n", "DATA\r\n", "BDAT 6\r\n", "BDAT 3 LAST\r\n", "BDAT 8 LAST\r\n", "BDAT 0\r\n", "BDAT 0 LAST\r\n", "BDAT x\r\n", ".\r\n", ".\r\n", ".\r\n", "..\r\n", "RSET\r\n", "NOOP\r\n", "QUIT\r\n", "FOO\r\n", "text\r\n", "\r\n", ".x\r\n", ".\r", "\r", "\n", ".\n", "\0\r\n",
        "\r\r\n", "\n\r\n", new string('x', 40) + "\r\n", new string('y', 68) + "\r\n", new string('z', 69) + "\r\n", "MAIL FROM:<" + new string('m', 90) + ">\r\n");

    private static readonly Gen<string> ServerLine = Pick(
        "220 mx.test\r\n", "250-mx.test\r\n", "250-PIPELINING\r\n", "250 SIZE 10\r\n", "250 2.0.0 ok\r\n", "250 ok\r\n", "250 ok\r\n", "250-two\r\n", "354 go\r\n", "354 go\r\n", "450 4.2.0 later\r\n",
        "550 5.1.1 no\r\n", "554 no\r\n", "221 bye\r\n", "421 4.3.2 down\r\n", "500 what\r\n", "nonsense\r\n", "250 bare\n", "250\r\n");

    private static Gen<T> Pick<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Gen<byte[]> Dialogue(Gen<string> line, string start) => line.Array[0, 30].Select(drawn => Encoding.Latin1.GetBytes(start + string.Concat(drawn)));

    private static readonly Gen<int[]> Cuts = Gen.Int[1, 40].Array[1, 200];

    [Fact]
    public void Server_does_not_notice_how_its_input_is_cut() =>
        Gen.Select(Dialogue(ClientLine, "EHLO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<a@b.test>\r\n"), Cuts, Gen.Bool).Sample((input, cuts, open) =>
        {
            var whole = Serve(input, [input.Length], open);
            Assert.Equal(whole, Serve(input, cuts, open));
            Assert.Equal(whole, Serve(input, Fragments.ByByte(input.Length), open));
        }, iter: 1000);

    [Fact]
    public void Client_does_not_notice_how_its_input_is_cut() =>
        Gen.Select(Dialogue(ServerLine, "220 mx.test\r\n250-mx.test\r\n250-CHUNKING\r\n250 PIPELINING\r\n"), Cuts, Gen.Bool, Gen.Bool, Gen.Bool).Sample((input, cuts, pipelining, overlap, chunking) =>
        {
            var options = new SmtpClientOptions { HeloName = "c.test", Pipelining = pipelining, Overlap = overlap, Chunking = chunking };
            var whole = Dial(input, [input.Length], options);
            Assert.Equal(whole, Dial(input, cuts, options));
            Assert.Equal(whole, Dial(input, Fragments.ByByte(input.Length), options));
        }, iter: 1500);

    private static string Serve(byte[] input, IEnumerable<int> pieces, bool open)
    {
        var owner = new RecordingServerSession
        {
            Answer = call => call == "rcpt bad@b.test" ? SmtpReply.Of(550, "5.1.1", "No") : null,
            EndAnswer = () => open ? null : SmtpReply.Of(250, "2.0.0", "Taken"),
        };
        var machine = new SmtpServerMachine(Tight);
        var output = new ArrayBufferWriter<byte>();
        machine.Greet(output);
        Fragments.Feed(machine, owner, output, input, pieces, () => SmtpReply.Of(250, "2.0.0", "Later"));
        return string.Join('\n', owner.Calls) + "\n" + Octets.Show(output.WrittenSpan);
    }

    private static string Dial(byte[] input, IEnumerable<int> pieces, SmtpClientOptions options)
    {
        var machine = new SmtpClientMachine(options);
        var output = new ArrayBufferWriter<byte>();
        var owner = new RecordingClientSession(machine, output);
        for (var i = 0; i < 5; i++)
        {
            owner.Steps.Enqueue(new TextEnvelope("a@b.test", "c@d.test", "e@f.test"));
            owner.Contents.Enqueue("content\r\n"u8.ToArray());
        }

        owner.Steps.Enqueue(null);
        Fragments.Feed(machine, owner, output, input, pieces);
        return string.Join('\n', owner.Calls) + "\n" + Octets.Show(output.WrittenSpan) + machine.AwaitsFinalReply + machine.ShouldClose;
    }
}
