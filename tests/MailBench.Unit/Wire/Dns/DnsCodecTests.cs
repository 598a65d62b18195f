using CsCheck;
using MailBench.Wire.Dns;
using Xunit;

namespace MailBench.Unit.Wire.Dns;

public sealed class DnsCodecTests
{
    private static readonly Gen<string> Label = Gen.String[Gen.Char["abcdefghijklmnopqrstuvwxyz0123456789-_"], 1, 12];
    private static readonly Gen<DnsName> Names = Label.List[0, 5].Select(labels => DnsName.Parse(labels.Count == 0 ? "." : string.Join('.', labels)));

    [Fact]
    public void A_query_written_is_the_query_read() =>
        Gen.Select(Gen.UShort, Names, Gen.OneOf(Gen.Const(DnsType.A), Gen.Const(DnsType.MX), Gen.Const(DnsType.TXT), Gen.Const(DnsType.ANY)), Gen.Int[512, 4096].Nullable()).Sample((id, name, type, edns) =>
        {
            Span<byte> message = stackalloc byte[512];
            message = message[..DnsQuery.Write(message, id, name, type, edns)];
            Span<byte> read = stackalloc byte[255];
            Assert.Equal(DnsParse.Query, DnsQuery.Parse(message, read, out var query));
            Assert.Equal((id, type, edns is not null, edns ?? 512), (query.Id, query.Type, query.HasEdns, query.UdpSize));
            Assert.Equal(name, DnsName.FromWire(read[..query.NameLength]));
        });

    [Fact]
    public void Wild_octets_are_never_an_exception() =>
        Gen.Byte.Array[0, 80].Sample(octets =>
        {
            Span<byte> name = stackalloc byte[255];
            Span<byte> output = stackalloc byte[512];
            var parse = DnsQuery.Parse(octets, name, out var query);
            if (octets.Length < 12 || (octets[2] & 0x80) != 0) Assert.Equal(DnsParse.Ignore, parse);
            else if (parse != DnsParse.Query) Assert.Equal(12, DnsResponseWriter.WriteError(query, DnsRcode.FormErr, output));
        });

    [Fact]
    public void Every_cut_and_every_single_damage_of_a_sound_query_is_survived()
    {
        var sound = new byte[512];
        var length = DnsQuery.Write(sound, 7, DnsName.Parse("some.name.test"), DnsType.MX, 1232);
        Span<byte> name = stackalloc byte[255];
        for (var cut = 0; cut < length; cut++)
            Assert.Equal(cut < 12 ? DnsParse.Ignore : DnsParse.FormatError, DnsQuery.Parse(sound.AsSpan(0, cut), name, out _));
        for (var at = 0; at < length; at++)
        {
            for (var value = 0; value < 256; value++)
            {
                var damaged = sound[..length];
                damaged[at] = (byte)value;
                DnsQuery.Parse(damaged, name, out _);
            }
        }
    }

    [Fact]
    public void Names_longer_than_the_limits_are_refused()
    {
        Assert.True(DnsName.TryParse(new string('a', 63), null, out _));
        Assert.False(DnsName.TryParse(new string('a', 64), null, out _));
        var longest = string.Join('.', Enumerable.Repeat(new string('a', 63), 3)) + "." + new string('b', 61);
        Assert.True(DnsName.TryParse(longest, null, out var name));
        Assert.Equal(255, name!.Wire.Length);
        Assert.False(DnsName.TryParse(longest + "b", null, out _));
        Assert.False(DnsName.TryParse(new string('b', 61), DnsName.Parse(longest), out _));
    }

    [Theory]
    [InlineData("Example.TEST", "example.test")]
    [InlineData(".", ".")]
    [InlineData(@"a\.b.test", @"a\.b.test")]
    [InlineData(@"\065b.test.", "ab.test")]
    [InlineData(@"tab\009.test", @"tab\009.test")]
    public void Written_names_are_read_and_written(string text, string written) => Assert.Equal(written, DnsName.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData(".test")]
    [InlineData("a..b")]
    [InlineData(@"a\999.test")]
    [InlineData(@"a\")]
    public void What_is_no_name_is_refused(string text) => Assert.False(DnsName.TryParse(text, null, out _));

    [Fact]
    public void Any_written_name_reads_back() =>
        Gen.Byte.Array[1, 20].List[0, 6].Sample(labels =>
        {
            var wire = labels.SelectMany(label => label.Prepend((byte)label.Length)).Append((byte)0).ToArray();
            Span<byte> read = stackalloc byte[255];
            var at = 0;
            Assert.True(DnsName.TryRead(wire, ref at, read, false, out var length));
            var name = DnsName.FromWire(read[..length]);
            Assert.Equal(name, DnsName.Parse(name.ToString()));
            Assert.Equal(wire.Length, at);
        });

    [Fact]
    public void Pointer_loops_and_forward_pointers_are_refused()
    {
        Span<byte> wire = stackalloc byte[255];
        byte[] self = [0xC0, 0x00];
        var at = 0;
        Assert.False(DnsName.TryRead(self, ref at, wire, true, out _));
        byte[] forward = [0xC0, 0x02, 1, (byte)'a', 0];
        at = 0;
        Assert.False(DnsName.TryRead(forward, ref at, wire, true, out _));
        byte[] pair = [1, (byte)'a', 0xC0, 0x04, 0xC0, 0x00];
        at = 4;
        Assert.False(DnsName.TryRead(pair, ref at, wire, true, out _));
    }

    [Fact]
    public void Compressed_responses_read_back_as_written()
    {
        var records = Gen.Select(Names, Gen.UInt[0, 86400], Gen.OneOf(
            Gen.Byte.Array[4].Select(octets => DnsRdata.Address(new System.Net.IPAddress(octets))),
            Gen.Byte.Array[16].Select(octets => DnsRdata.Address(new System.Net.IPAddress(octets))),
            Gen.Select(Gen.UShort, Names).Select(DnsRdata.Mx),
            Names.Select(name => DnsRdata.Host(DnsType.CNAME, name)),
            Gen.Select(Names, Names).Select((primary, mailbox) => DnsRdata.Soa(primary, mailbox, 1, 2, 3, 4, 5))));
        Gen.Select(Names, records.List[0, 60], Gen.Int[512, 4096]).Sample((asked, written, limit) =>
        {
            var message = new byte[512];
            message = message[..DnsQuery.Write(message, 1, asked, DnsType.ANY, 1232)];
            Span<byte> space = stackalloc byte[255];
            DnsQuery.Parse(message, space, out var query);
            Span<ushort> scratch = stackalloc ushort[DnsResponseWriter.ScratchWords];
            var output = new byte[4096];
            var writer = new DnsResponseWriter(message, query, output, limit, scratch);
            var count = 0;
            foreach (var (owner, ttl, rdata) in written)
            {
                if (!writer.TryWrite(DnsSection.Answer, owner.Wire, ttl, rdata)) break;
                count++;
            }

            var length = writer.Finish();
            Assert.InRange(length, 12, limit);
            var read = DnsMessage.Read(output.AsSpan(0, length));
            Assert.Equal(asked.ToString(), read.Question);
            Assert.Equal(4096, read.EdnsSize);
            Assert.Equal(written.Take(count).Select(record => (record.Item1.ToString(), record.Item2, record.Item3.Type)), read.Answers.Select(record => (record.Owner, record.Ttl, record.Type)));
            foreach (var ((_, _, rdata), record) in written.Zip(read.Answers))
                if (rdata.First is { } first) Assert.Contains(first.ToString(), record.Data, StringComparison.Ordinal);
        });
    }
}
