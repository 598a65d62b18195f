using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace MailBench.Wire.Dns;

/// <summary>
/// The data of one record, ready to be written: octets, then up to two names that may be compressed, then octets. Only types of RFC 1035 have their
/// names compressed (RFC 3597 §4).
/// </summary>
public sealed class DnsRdata
{
    private readonly byte[] _head;
    private readonly byte[] _tail;

    private DnsRdata(DnsType type, byte[] head, DnsName? first = null, DnsName? second = null, byte[]? tail = null)
    {
        Type = type;
        _head = head;
        First = first;
        Second = second;
        _tail = tail ?? [];
    }

    public DnsType Type { get; }

    /// <summary>The host that the record names: NS, CNAME, PTR, MX, and the SOA's primary; else null.</summary>
    public DnsName? First { get; }

    internal DnsName? Second { get; }

    internal ReadOnlySpan<byte> Head => _head;

    internal ReadOnlySpan<byte> Tail => _tail;

    /// <summary>A SOA's minimum field: the life of a negative answer in seconds (RFC 2308 §4). 0 for others.</summary>
    public uint SoaMinimum => Type == DnsType.SOA ? BinaryPrimitives.ReadUInt32BigEndian(_tail.AsSpan(16)) : 0;

    /// <summary>A or AAAA, as the address is.</summary>
    public static DnsRdata Address(IPAddress address) =>
        new(address.AddressFamily == AddressFamily.InterNetwork ? DnsType.A : DnsType.AAAA, address.GetAddressBytes());

    public static DnsRdata Mx(ushort preference, DnsName host)
    {
        var head = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(head, preference);
        return new DnsRdata(DnsType.MX, head, host);
    }

    /// <summary>NS, CNAME or PTR.</summary>
    public static DnsRdata Host(DnsType type, DnsName host) => type is DnsType.NS or DnsType.CNAME or DnsType.PTR
        ? new DnsRdata(type, [], host)
        : throw new ArgumentOutOfRangeException(nameof(type), type, "Only NS, CNAME and PTR are a name alone.");

    /// <summary>The times are in seconds.</summary>
    public static DnsRdata Soa(DnsName primary, DnsName mailbox, uint serial, uint refresh, uint retry, uint expire, uint minimum)
    {
        var tail = new byte[20];
        BinaryPrimitives.WriteUInt32BigEndian(tail, serial);
        BinaryPrimitives.WriteUInt32BigEndian(tail.AsSpan(4), refresh);
        BinaryPrimitives.WriteUInt32BigEndian(tail.AsSpan(8), retry);
        BinaryPrimitives.WriteUInt32BigEndian(tail.AsSpan(12), expire);
        BinaryPrimitives.WriteUInt32BigEndian(tail.AsSpan(16), minimum);
        return new DnsRdata(DnsType.SOA, [], primary, mailbox, tail);
    }

    /// <summary>One or more character strings of at most 255 octets each; throws <see cref="ArgumentException"/> beyond.</summary>
    public static DnsRdata Txt(IReadOnlyList<byte[]> strings)
    {
        if (strings.Count == 0) throw new ArgumentException("TXT has at least one string.", nameof(strings));
        var head = new byte[strings.Sum(text => text.Length + 1)];
        if (head.Length > DnsWire.MaxMessageBytes - 512) throw new ArgumentException($"TXT of {head.Length} octets does not fit a message.", nameof(strings));
        var at = 0;
        foreach (var text in strings)
        {
            if (text.Length > 255) throw new ArgumentException($"A string of TXT has {text.Length} octets; at most 255 fit.", nameof(strings));
            head[at++] = (byte)text.Length;
            text.CopyTo(head, at);
            at += text.Length;
        }

        return new DnsRdata(DnsType.TXT, head);
    }

    /// <summary>Same type and data.</summary>
    public bool IsSameAs(DnsRdata other) => Type == other.Type && Head.SequenceEqual(other.Head) && Tail.SequenceEqual(other.Tail)
        && Equals(First, other.First) && Equals(Second, other.Second);
}
