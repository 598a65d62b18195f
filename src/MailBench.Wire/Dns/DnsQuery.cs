using System.Buffers.Binary;

namespace MailBench.Wire.Dns;

/// <summary>What a datagram turned out to be.</summary>
public enum DnsParse
{
    Query,

    /// <summary>Answer FORMERR: it has a header and nothing sound behind it.</summary>
    FormatError,

    /// <summary>Answer NOTIMP: another operation than QUERY.</summary>
    NotImplemented,

    /// <summary>Answer nothing: too short to have an ID, or itself a response (two servers would talk for ever).</summary>
    Ignore,
}

/// <summary>A query, parsed without allocation and without an exception whatever the octets (RFC 1035 §4.1, RFC 6891 §6.1).</summary>
public readonly struct DnsQuery
{
    public ushort Id { get; private init; }

    /// <summary>The header's second word as it came.</summary>
    public ushort Flags { get; private init; }
    public DnsType Type { get; private init; }
    public ushort Class { get; private init; }

    /// <summary>Octets of the name in wire form.</summary>
    public int NameLength { get; private init; }

    /// <summary>Where the question ends in the message; 12 when there is none worth repeating.</summary>
    public int QuestionEnd { get; private init; }
    public bool HasEdns { get; private init; }
    public byte EdnsVersion { get; private init; }

    /// <summary>The largest UDP payload that the client takes: at least 512.</summary>
    public int UdpSize { get; private init; }

    /// <summary>Reads a message; <paramref name="name"/> (at least 255 octets) gets the queried name in lower case, <see cref="NameLength"/> of it.</summary>
    public static DnsParse Parse(ReadOnlySpan<byte> message, Span<byte> name, out DnsQuery query)
    {
        query = default;
        if (message.Length < DnsWire.HeaderBytes) return DnsParse.Ignore;
        var id = BinaryPrimitives.ReadUInt16BigEndian(message);
        var flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        if ((flags & DnsWire.FlagResponse) != 0) return DnsParse.Ignore;
        query = new DnsQuery { Id = id, Flags = flags, QuestionEnd = DnsWire.HeaderBytes, UdpSize = DnsWire.PlainUdpBytes };
        if ((flags & DnsWire.OpcodeMask) != 0) return DnsParse.NotImplemented;
        if (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1) return DnsParse.FormatError;

        var at = DnsWire.HeaderBytes;
        if (!DnsName.TryRead(message, ref at, name, allowPointers: false, out var length) || at + 4 > message.Length) return DnsParse.FormatError;
        var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
        var @class = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]);
        at += 4;
        var end = at;

        var records = BinaryPrimitives.ReadUInt16BigEndian(message[6..]) + BinaryPrimitives.ReadUInt16BigEndian(message[8..]);
        for (var i = 0; i < records; i++)
            if (!TrySkipRecord(message, ref at, out _, out _, out _)) return DnsParse.FormatError;

        var hasEdns = false;
        byte version = 0;
        var udpSize = DnsWire.PlainUdpBytes;
        int additional = BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        for (var i = 0; i < additional; i++)
        {
            var ownerAt = at;
            if (!TrySkipRecord(message, ref at, out var recordType, out var recordClass, out var ttl)) return DnsParse.FormatError;
            if (recordType != DnsType.OPT) continue;
            if (hasEdns || message[ownerAt] != 0) return DnsParse.FormatError;
            hasEdns = true;
            version = (byte)(ttl >> 16);
            udpSize = Math.Max(DnsWire.PlainUdpBytes, (int)recordClass);
        }

        if (at != message.Length) return DnsParse.FormatError;
        query = new DnsQuery
        {
            Id = id,
            Flags = flags,
            Type = type,
            Class = @class,
            NameLength = length,
            QuestionEnd = end,
            HasEdns = hasEdns,
            EdnsVersion = version,
            UdpSize = udpSize,
        };
        return DnsParse.Query;
    }

    /// <summary>Writes a query for tests and probes, recursion desired; returns its length.</summary>
    public static int Write(Span<byte> output, ushort id, DnsName name, DnsType type, int? ednsSize = null)
    {
        output[..DnsWire.HeaderBytes].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(output, id);
        BinaryPrimitives.WriteUInt16BigEndian(output[2..], DnsWire.FlagRecursionDesired);
        BinaryPrimitives.WriteUInt16BigEndian(output[4..], 1);
        var at = DnsWire.HeaderBytes;
        name.Wire.CopyTo(output[at..]);
        at += name.Wire.Length;
        BinaryPrimitives.WriteUInt16BigEndian(output[at..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(output[(at + 2)..], DnsWire.ClassIn);
        at += 4;
        if (ednsSize is not { } size) return at;
        BinaryPrimitives.WriteUInt16BigEndian(output[10..], 1);
        output.Slice(at, DnsWire.OptBytes).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(output[(at + 1)..], (ushort)DnsType.OPT);
        BinaryPrimitives.WriteUInt16BigEndian(output[(at + 3)..], (ushort)size);
        return at + DnsWire.OptBytes;
    }

    private static bool TrySkipRecord(ReadOnlySpan<byte> message, ref int at, out DnsType type, out ushort @class, out uint ttl)
    {
        (type, @class, ttl) = (DnsType.None, 0, 0);
        while (true)
        {
            if (at >= message.Length) return false;
            int count = message[at];
            at += (count & 0xC0) == 0xC0 ? 2 : count + 1;
            if (count is > DnsWire.MaxLabelBytes and < 0xC0) return false;
            if (count is 0 or >= 0xC0) break;
        }

        if (at + 10 > message.Length) return false;
        type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
        @class = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]);
        ttl = BinaryPrimitives.ReadUInt32BigEndian(message[(at + 4)..]);
        at += 10 + BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
        return at <= message.Length;
    }
}
