using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace MailBench.Wire.Dns;

/// <summary>
/// A domain name: labels in wire form (length, octets … 0), in lower case. Immutable; equality is that of DNS, without regard to case. Written form as in
/// master files, absolute, with <c>\.</c> and <c>\DDD</c> escapes (RFC 1035 §5.1), without the final dot unless it is the root.
/// </summary>
public sealed class DnsName : IEquatable<DnsName>
{
    private readonly byte[] _wire;

    private DnsName(byte[] wire) => _wire = wire;

    public static DnsName Root { get; } = new([0]);

    public ReadOnlySpan<byte> Wire => _wire;

    public bool IsRoot => _wire.Length == 1;

    /// <summary>The name without its first label; the root has no parent and gives itself.</summary>
    public DnsName Parent => IsRoot ? this : new DnsName(_wire[(_wire[0] + 1)..]);

    /// <summary>True when this name equals <paramref name="ancestor"/> or lies under it.</summary>
    public bool IsWithin(DnsName ancestor)
    {
        for (var at = 0; _wire.Length - at >= ancestor._wire.Length; at += _wire[at] + 1)
            if (_wire.AsSpan(at).SequenceEqual(ancestor._wire)) return true;
        return false;
    }

    /// <summary>Takes a wire form that <see cref="TryRead"/> has written.</summary>
    public static DnsName FromWire(ReadOnlySpan<byte> lowerCaseWire) => new(lowerCaseWire.ToArray());

    /// <summary>Reads the written form; a relative name (no final dot) is completed by <paramref name="origin"/>, or is absolute where that is null. <c>@</c> is the origin.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, DnsName? origin, [NotNullWhen(true)] out DnsName? name)
    {
        name = null;
        if (text is "@" && origin is not null) return (name = origin) is not null;
        if (text is ".") return (name = Root) is not null;
        if (text.IsEmpty) return false;

        Span<byte> wire = stackalloc byte[DnsWire.MaxNameBytes];
        var labelAt = 0;
        var at = 1;
        var absolute = origin is null;
        for (var i = 0; i < text.Length;)
        {
            if (text[i] == '.')
            {
                if (at == labelAt + 1 || at >= wire.Length) return false;
                wire[labelAt] = (byte)(at - labelAt - 1);
                labelAt = at++;
                i++;
                absolute |= i == text.Length;
                continue;
            }

            if (!TryUnescape(text, ref i, out var octet) || at >= wire.Length || at - labelAt > DnsWire.MaxLabelBytes) return false;
            wire[at++] = Lower(octet);
        }

        if (at == labelAt + 1) at = labelAt;
        else wire[labelAt] = (byte)(at - labelAt - 1);

        var tail = absolute ? Root._wire : origin!._wire;
        if (at + tail.Length > wire.Length) return false;
        tail.CopyTo(wire[at..]);
        name = new DnsName(wire[..(at + tail.Length)].ToArray());
        return true;
    }

    /// <summary>Parses an absolute name, final dot or not; throws <see cref="FormatException"/>.</summary>
    public static DnsName Parse(string text) =>
        TryParse(text, null, out var name) ? name : throw new FormatException($"'{text}' is not a domain name; write for example d0.test (labels of 1 to 63 octets, 253 in all).");

    /// <summary>One octet of a name or quoted string: itself, <c>\X</c> or <c>\DDD</c>.</summary>
    public static bool TryUnescape(ReadOnlySpan<char> text, ref int at, out byte octet)
    {
        octet = 0;
        var c = text[at++];
        if (c != '\\')
        {
            octet = (byte)c;
            return c < 256;
        }

        if (at == text.Length) return false;
        if (!char.IsAsciiDigit(text[at]))
        {
            octet = (byte)text[at];
            return text[at++] < 256;
        }

        if (at + 3 > text.Length || !byte.TryParse(text.Slice(at, 3), System.Globalization.NumberStyles.None, null, out octet)) return false;
        at += 3;
        return true;
    }

    /// <summary>
    /// Reads a name at <paramref name="at"/> of a message into <paramref name="wire"/> (at least 255 octets), in lower case and without compression;
    /// <paramref name="at"/> moves behind it. <c>false</c>, without exception, for anything malformed: pointers only backwards, so no loop.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> message, ref int at, Span<byte> wire, bool allowPointers, out int length)
    {
        length = 0;
        var from = at;
        var jumped = false;
        var lowest = at;
        while (true)
        {
            if (from >= message.Length) return false;
            int count = message[from];
            if (count == 0)
            {
                if (length >= DnsWire.MaxNameBytes) return false;
                wire[length++] = 0;
                if (!jumped) at = from + 1;
                return true;
            }

            if ((count & 0xC0) == 0xC0)
            {
                if (!allowPointers || from + 1 >= message.Length) return false;
                var target = ((count & 0x3F) << 8) | message[from + 1];
                if (target >= lowest) return false;
                if (!jumped) at = from + 2;
                jumped = true;
                lowest = from = target;
                continue;
            }

            if (count > DnsWire.MaxLabelBytes || from + 1 + count > message.Length || length + 1 + count >= DnsWire.MaxNameBytes) return false;
            wire[length++] = (byte)count;
            for (var i = 1; i <= count; i++) wire[length++] = Lower(message[from + i]);
            from += 1 + count;
        }
    }

    public static byte Lower(byte octet) => octet is >= (byte)'A' and <= (byte)'Z' ? (byte)(octet | 0x20) : octet;

    public bool Equals(DnsName? other) => other is not null && _wire.AsSpan().SequenceEqual(other._wire);

    public override bool Equals(object? obj) => Equals(obj as DnsName);

    public override int GetHashCode() => DnsNameComparer.Hash(_wire);

    public override string ToString() => Format(_wire);

    /// <summary>The written form of a wire name.</summary>
    public static string Format(ReadOnlySpan<byte> wire)
    {
        if (wire.Length <= 1) return ".";
        var text = new StringBuilder(wire.Length);
        for (var at = 0; wire[at] != 0; at += wire[at] + 1)
        {
            if (at > 0) text.Append('.');
            foreach (var octet in wire.Slice(at + 1, wire[at]))
            {
                if (octet is (byte)'.' or (byte)'\\' or (byte)'"' or (byte)';' or (byte)'@' or (byte)'(' or (byte)')') text.Append('\\').Append((char)octet);
                else if (octet is <= 0x20 or >= 0x7F) text.Append('\\').Append(octet.ToString("000", System.Globalization.CultureInfo.InvariantCulture));
                else text.Append((char)octet);
            }
        }

        return text.ToString();
    }
}

/// <summary>Looks names up by the lower-case wire form of a query, without an object for it.</summary>
public sealed class DnsNameComparer : IEqualityComparer<DnsName>, IAlternateEqualityComparer<ReadOnlySpan<byte>, DnsName>
{
    public static DnsNameComparer Instance { get; } = new();

    public bool Equals(DnsName? x, DnsName? y) => x is null ? y is null : x.Equals(y);

    public int GetHashCode(DnsName obj) => Hash(obj.Wire);

    public bool Equals(ReadOnlySpan<byte> alternate, DnsName other) => alternate.SequenceEqual(other.Wire);

    public int GetHashCode(ReadOnlySpan<byte> alternate) => Hash(alternate);

    public DnsName Create(ReadOnlySpan<byte> alternate) => DnsName.FromWire(alternate);

    internal static int Hash(ReadOnlySpan<byte> wire)
    {
        var hash = new HashCode();
        hash.AddBytes(wire);
        return hash.ToHashCode();
    }
}
