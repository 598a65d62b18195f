using System.Buffers.Binary;
using System.Net;
using MailBench.Wire.Dns;
using Xunit;

namespace MailBench.Unit.Wire.Dns;

/// <summary>A response read back by a reader of its own, written from RFC 1035 and sharing nothing with the writer but name parsing.</summary>
internal sealed record DnsMessage(ushort Id, bool Authoritative, bool Truncated, bool RecursionDesired, DnsRcode Rcode, string Question, DnsType QuestionType,
    IReadOnlyList<DnsMessage.Record> Answers, IReadOnlyList<DnsMessage.Record> Authorities, IReadOnlyList<DnsMessage.Record> Additionals, int? EdnsSize)
{
    internal sealed record Record(string Owner, DnsType Type, uint Ttl, string Data)
    {
        public override string ToString() => $"{Owner} {Ttl} {Type} {Data}";
    }

    public static DnsMessage Read(ReadOnlySpan<byte> message)
    {
        Assert.True(message.Length >= 12);
        var flags = U16(message, 2);
        Assert.NotEqual(0, flags & 0x8000);
        var at = 12;
        var question = "";
        var type = DnsType.None;
        if (U16(message, 4) == 1)
        {
            question = Name(message, ref at);
            type = (DnsType)U16(message, at);
            at += 4;
        }

        int? edns = null;
        var rcode = flags & 0xF;
        var sections = new List<Record>[3];
        for (var s = 0; s < 3; s++)
        {
            sections[s] = [];
            for (var i = U16(message, 6 + (2 * s)); i > 0; i--)
            {
                var owner = Name(message, ref at);
                var recordType = (DnsType)U16(message, at);
                var ttl = BinaryPrimitives.ReadUInt32BigEndian(message[(at + 4)..]);
                var length = U16(message, at + 8);
                if (recordType == DnsType.OPT)
                {
                    edns = U16(message, at + 2);
                    rcode |= (int)(ttl >> 24) << 4;
                }
                else
                {
                    Assert.Equal(1, U16(message, at + 2));
                    sections[s].Add(new Record(owner, recordType, ttl, Data(message, at + 10, length, recordType)));
                }

                at += 10 + length;
            }
        }

        Assert.Equal(message.Length, at);
        return new DnsMessage(U16(message, 0), (flags & 0x400) != 0, (flags & 0x200) != 0, (flags & 0x100) != 0, (DnsRcode)rcode, question, type,
            sections[0], sections[1], sections[2], edns);
    }

    private static string Data(ReadOnlySpan<byte> message, int at, int length, DnsType type)
    {
        var end = at + length;
        string text;
        switch (type)
        {
            case DnsType.A or DnsType.AAAA:
                return new IPAddress(message.Slice(at, length)).ToString();
            case DnsType.NS or DnsType.CNAME or DnsType.PTR:
                text = Name(message, ref at);
                break;
            case DnsType.MX:
                var preference = U16(message, at);
                at += 2;
                text = $"{preference} {Name(message, ref at)}";
                break;
            case DnsType.SOA:
                text = $"{Name(message, ref at)} {Name(message, ref at)}";
                for (var i = 0; i < 5; i++, at += 4) text += $" {BinaryPrimitives.ReadUInt32BigEndian(message[at..])}";
                break;
            default:
                return Convert.ToHexString(message.Slice(at, length));
        }

        Assert.Equal(end, at);
        return text;
    }

    private static string Name(ReadOnlySpan<byte> message, ref int at)
    {
        Span<byte> wire = stackalloc byte[DnsWire.MaxNameBytes];
        Assert.True(DnsName.TryRead(message, ref at, wire, allowPointers: true, out var length));
        return DnsName.Format(wire[..length]);
    }

    private static ushort U16(ReadOnlySpan<byte> message, int at) => BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
}
