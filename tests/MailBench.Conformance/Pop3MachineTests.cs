using System.Buffers;
using System.Text;
using CsCheck;
using MailBench.Wire.Pop3;
using Xunit;

namespace MailBench.Conformance;

public sealed class Pop3MachineTests
{
    private static readonly string[] Parts = ["\n", "\r\n", ".", "..", "a", "line\n", ".line\r\n", "\n.\n", "\r"];
    private static readonly Pop3ServerOptions Options = new() { HostName = "pop.test" };

    /// <summary>Any content, in any pieces, comes through both machines as its lines with CRLF, and its size is what the server announces.</summary>
    [Fact]
    public void Content_survives_stuffing_and_any_cut() =>
        Gen.Select(Gen.Int[0, Parts.Length - 1].Select(static i => Parts[i]).Array[0, 30], Gen.Int[1, 9].Array[1, 40]).Sample((parts, cuts) =>
        {
            var file = Encoding.ASCII.GetBytes(string.Concat(parts));
            var wanted = Encoding.ASCII.GetString(file).Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\n", "\r\n", StringComparison.Ordinal);
            Assert.Equal(wanted.Length, default(LineEnding).Measure(file));

            var owner = new OneMessage(file, cuts);
            var wire = new ArrayBufferWriter<byte>();
            owner.Serve("USER u\r\nPASS p\r\nRETR 1\r\n"u8, wire);
            var client = new Pop3ClientMachine();
            var heard = new HeardContent();
            client.Send(Pop3Verb.User, "u"u8, new ArrayBufferWriter<byte>());
            client.Send(Pop3Verb.Pass, "p"u8, new ArrayBufferWriter<byte>());
            client.Send(Pop3Verb.Retr, 1, new ArrayBufferWriter<byte>());
            var (start, end) = (0, 0);
            for (var i = 0; end < wire.WrittenCount; i++)
            {
                end = Math.Min(wire.WrittenCount, end + cuts[i % cuts.Length]);
                start += client.Receive(wire.WrittenSpan[start..end], heard);
            }

            // A dot line is told from CRLF alone, so a content that ends in CR gets a CRLF of its own.
            Assert.Equal(wanted.EndsWith("\r\n", StringComparison.Ordinal) || wanted.Length == 0 ? wanted : wanted + "\r\n", heard.Text);
            Assert.Null(client.Fault);
            Assert.Equal(0, client.Outstanding);
        }, iter: 2000);

    [Fact]
    public void A_poll_costs_the_server_machine_no_allocation_per_command()
    {
        var owner = new OneMessage("Subject: x\n\n.text\n"u8.ToArray(), [7]);
        var output = new ArrayBufferWriter<byte>(1 << 20);
        owner.Serve("USER u\r\nPASS p\r\n"u8, output);
        var commands = "STAT\r\nLIST\r\nUIDL\r\nRETR 1\r\nTOP 1 0\r\nLIST 1\r\nNOOP\r\nDELE 1\r\nRSET\r\nCAPA\r\n"u8.ToArray();
        long allocated = 0;
        for (var i = 0; i < 100; i++)
        {
            output.ResetWrittenCount();
            var before = GC.GetAllocatedBytesForCurrentThread();
            owner.Serve(commands, output);
            if (i >= 50) allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void A_client_never_sends_what_would_be_another_command() =>
        Assert.Throws<ArgumentException>(() => new Pop3ClientMachine().Send(Pop3Verb.User, "bob\r\nDELE 1"u8, new ArrayBufferWriter<byte>()));

    [Fact]
    public void An_endless_reply_line_ends_the_client()
    {
        var client = new Pop3ClientMachine();
        client.Receive(new byte[5000], new HeardContent());
        Assert.True(client.ShouldClose);
        Assert.NotNull(client.Fault);
    }

    [Fact]
    public void Random_octets_break_neither_machine() => Gen.Byte.Array[0, 300].Sample(octets =>
    {
        var output = new ArrayBufferWriter<byte>();
        new OneMessage("x\n"u8.ToArray(), [1]).Serve([.. "USER u\r\nPASS p\r\n"u8, .. octets, .. "\r\n"u8], output);
        new Pop3ClientMachine().Receive(octets, new HeardContent());
    }, iter: 2000);

    private sealed class OneMessage : IPop3ServerSession, IPop3Maildrop
    {
        private readonly byte[] _file;
        private readonly int[] _cuts;
        private readonly Pop3ServerMachine _machine = new(Options);
        private IBufferWriter<byte> _output = new ArrayBufferWriter<byte>();

        public OneMessage(byte[] file, int[] cuts)
        {
            (_file, _cuts) = (file, cuts);
            _machine.Greet(new ArrayBufferWriter<byte>());
        }

        public int Count => 1;

        public void Serve(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
        {
            _output = output;
            if (_output is ArrayBufferWriter<byte> { WrittenCount: 0 } && input.StartsWith("USER"u8)) output.Write("+OK\r\n"u8);
            while (!input.IsEmpty && !_machine.ShouldClose)
            {
                var taken = _machine.Receive(input, this, output);
                if (taken == 0) return;
                input = input[taken..];
            }
        }

        public long SizeOf(int index) => _file.Length;

        public ReadOnlySpan<byte> UidOf(int index) => "uid"u8;

        public void OnLogin(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password) => _machine.Open(this, _output);

        public void OnRetrieve(int index, bool whole)
        {
            _machine.BeginContent(_output);
            for (int at = 0, i = 0; at < _file.Length && _machine.WantsContent; i++)
            {
                var piece = _file.AsSpan(at, Math.Min(_file.Length - at, _cuts[i % _cuts.Length]));
                _machine.WriteContent(piece, _output);
                at += piece.Length;
            }

            _machine.EndContent(_output);
        }

        public void OnUpdate() => _machine.Close(removed: true, _output);
    }

    private sealed class HeardContent : IPop3ClientSession
    {
        private readonly List<byte> _content = [];

        public string Text => Encoding.ASCII.GetString([.. _content]);

        public void OnReply(Pop3Verb verb, int argument, bool ok, ReadOnlySpan<byte> text) { }

        public void OnLine(Pop3Verb verb, ReadOnlySpan<byte> line) { }

        public void OnContent(int argument, ReadOnlySpan<byte> octets) => _content.AddRange(octets);

        public void OnEnd(Pop3Verb verb, int argument) { }
    }
}
