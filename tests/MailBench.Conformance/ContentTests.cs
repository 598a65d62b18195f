using System.Buffers;
using CsCheck;
using MailBench.Testing.Smtp;
using MailBench.Wire.Smtp;
using Xunit;

namespace MailBench.Conformance;

/// <summary>Content goes through stuffing and unstuffing octet for octet, and no spelling of a line end other than CRLF splits a message.</summary>
public sealed class ContentTests
{
    private static readonly Gen<byte[]> Lines = Gen.OneOf(
            Pick("", ".", "..", ".x", "\0", "From ", "\u00e4\u0000."),
            Gen.Char['!', '~'].Array[0, 120].Select(letters => new string(letters)),
            Gen.Const(new string('.', 998)))
        .Array[0, 40].Select(lines => System.Text.Encoding.Latin1.GetBytes(string.Concat(lines.Select(line => line + "\r\n"))));

    private static readonly Gen<int[]> Cuts = Gen.Int[1, 60].Array[1, 100];

    [Fact]
    public void Content_survives_stuffing_and_unstuffing() => Gen.Select(Lines, Cuts, Cuts).Sample((content, outCuts, inCuts) =>
    {
        var owner = Transact(Stuff(content, outCuts, out var dots), inCuts, refuseBare: true, out var output);
        Assert.Equal(Octets.Show(content), Octets.Show(Assert.Single(owner.Messages)));
        Assert.EndsWith("250 2.0.0 Taken\r\n", System.Text.Encoding.ASCII.GetString(output), StringComparison.Ordinal);
        Assert.Equal(content.AsSpan().Count("\r\n."u8) + (content.AsSpan().StartsWith("."u8) ? 1 : 0), dots);
    }, iter: 1000);

    [Fact]
    public void Any_octets_at_all_survive_where_bare_line_ends_are_allowed() =>
        Gen.Select(Gen.OneOf(Pick((byte)'\r', (byte)'\n', (byte)'.', (byte)0), Gen.Byte).Array[0, 300], Cuts, Cuts).Sample((content, outCuts, inCuts) =>
        {
            var owner = Transact(Stuff(content, outCuts, out _), inCuts, refuseBare: false, out _);
            byte[] expected = content.Length == 0 || content.AsSpan().EndsWith("\r\n"u8) ? content : [.. content, 13, 10];
            Assert.Equal(Octets.Show(expected), Octets.Show(Assert.Single(owner.Messages)));
        }, iter: 1000);

    [Fact]
    public void A_missing_final_line_end_is_added_and_an_empty_message_stays_empty()
    {
        Assert.Equal("a\\r\\n.\\r\\n", Octets.Show(Stuff("a"u8.ToArray(), [1], out _)));
        Assert.Equal(".\\r\\n", Octets.Show(Stuff([], [1], out _)));
        Assert.Equal("a\\r\\n.\\r\\n", Octets.Show(Stuff("a\r\n"u8.ToArray(), [2, 1], out _)));
    }

    /// <summary>The spellings of "end of data" that some server somewhere takes for one (SMTP smuggling).</summary>
    public static readonly TheoryData<string> Smuggles =
    [
        "\\n.\\n", "\\n.\\r\\n", "\\r.\\r", "\\r.\\r\\n", "\\r\\n.\\n", "\\r\\n.\\r", "\\r\\r\\n.\\r", "\\n\\n.\\n\\n", "\\x00.\\r\\n", "\\r\\n\\x00.\\r\\n", "\\r\\n.\\x00\\r\\n", "\\r\\x00\\n.\\r\\n",
        "\\r\\n.\\r\\x00\\n", "\\n.\\x00\\n", "\\r\\n.\\r\\r\\n", "\\r\\n .\\r\\n", "\\r\\n.\\n\\r\\n", "\\x85.\\x85", "\\n\\r.\\n\\r", "\\x0b.\\x0b", "\\x0c.\\r\\n",
    ];

    [Theory]
    [MemberData(nameof(Smuggles))]
    public void Nothing_but_CRLF_dot_CRLF_ends_a_message(string shown)
    {
        byte[] stream = [.. "before"u8, .. Octets.Read(shown), .. "MAIL FROM:<evil@b.test>\r\nRCPT TO:<victim@d.test>\r\nDATA\r\nspoof\r\n.\r\n"u8];
        foreach (var refuseBare in new[] { false, true })
        {
            foreach (var cuts in new IEnumerable<int>[] { [stream.Length], Fragments.ByByte(stream.Length) })
            {
                var owner = Transact(stream, cuts, refuseBare, out _);
                Assert.DoesNotContain(owner.Calls, call => call.Contains("mail evil", StringComparison.Ordinal));
                Assert.True(owner.Messages.Count <= 1);
                if (!refuseBare) Assert.Single(owner.Messages);
            }
        }
    }

    [Fact]
    public void A_large_run_reaches_the_owner_in_one_call()
    {
        var content = new byte[64 << 10];
        for (var i = 0; i < content.Length; i += 64)
        {
            content.AsSpan(i, 62).Fill((byte)'x');
            "\r\n"u8.CopyTo(content.AsSpan(i + 62));
        }

        var machine = new SmtpServerMachine(new SmtpServerOptions { HostName = "mx.test" });
        var owner = new CountingSession();
        var output = new ArrayBufferWriter<byte>();
        machine.Greet(output);
        machine.Receive([.. "HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.test>\r\nDATA\r\n"u8, .. content, .. ".\r\n"u8], owner, output);
        Assert.Equal((1, content.Length), (owner.Pieces, owner.Octets));
    }

    private static Gen<T> Pick<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static byte[] Stuff(byte[] content, int[] cuts, out int dots)
    {
        var output = new ArrayBufferWriter<byte>();
        var stuffer = default(ContentStuffer);
        var at = 0;
        foreach (var cut in cuts)
        {
            var end = Math.Min(content.Length, at + cut);
            stuffer.Write(content.AsSpan(at, end - at), output);
            at = end;
        }

        stuffer.Write(content.AsSpan(at), output);
        dots = stuffer.Finish(output);
        return output.WrittenSpan.ToArray();
    }

    private static RecordingServerSession Transact(byte[] stream, IEnumerable<int> cuts, bool refuseBare, out byte[] output)
    {
        var owner = new RecordingServerSession();
        var machine = new SmtpServerMachine(new SmtpServerOptions { HostName = "mx.test", RefuseBareLineEnds = refuseBare });
        var written = new ArrayBufferWriter<byte>();
        machine.Greet(written);
        machine.Receive("EHLO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"u8, owner, written);
        Fragments.Feed(machine, owner, written, stream, cuts);
        output = written.WrittenSpan.ToArray();
        return owner;
    }

    private sealed class CountingSession : ISmtpServerSession
    {
        public int Pieces { get; private set; }
        public int Octets { get; private set; }

        public SmtpReply? OnHelo(ReadOnlySpan<byte> name, bool extended) => null;
        public SmtpReply? OnMail(in MailCommand mail) => null;
        public SmtpReply? OnRcpt(in RcptCommand rcpt) => null;
        public SmtpReply? OnData() => null;
        public SmtpReply? OnEndOfData() => SmtpReply.Of(250, "2.0.0", "Taken");
        public void OnReset() { }
        public void OnQuit() { }

        public void OnContent(ReadOnlySpan<byte> octets)
        {
            Pieces++;
            Octets += octets.Length;
        }
    }
}
