using System.Buffers.Binary;

namespace MailBench.Mta.Queue.Segments;

/// <summary>What a record says. The number is the file format.</summary>
internal enum RecordType : byte
{
    /// <summary>An envelope with its recipients' states, then the content (<see cref="Envelope"/>).</summary>
    Message = 1,

    /// <summary>A recipient's state (<see cref="RecipientRecord"/>); the last one counts.</summary>
    State = 2,

    /// <summary>Fills a group to a whole block; its payload means nothing and is not summed.</summary>
    Pad = 3,

    /// <summary>Who is still waiting in a stretch of another segment (<see cref="Roll"/>).</summary>
    Roll = 4,
}

/// <summary>
/// The 32 octets before each record's payload, little-endian: <c>magic:4 type:1 reserved:3 payloadBytes:4 payloadCrc32c:4 id:8 group:4 headerCrc32c:4</c>. Records begin at
/// multiples of 32 and groups at multiples of 4096, padded by records: the chain has no holes, so a hole is damage; and no block that holds acknowledged records is written again.
/// </summary>
/// <param name="Group">Number of the group commit within the segment, from 1.</param>
internal readonly record struct RecordHeader(RecordType Type, uint PayloadBytes, uint PayloadSum, long Id, uint Group)
{
    public const int Bytes = 32, Alignment = 32, GroupAlignment = 4096;
    private const uint Magic = 0x3152424D; // "MBR1"

    /// <summary>Octets of the record with header and filling.</summary>
    public long RecordBytes => SizeOf(PayloadBytes);

    public static long SizeOf(long payloadBytes) => Bytes + AlignUp(payloadBytes, Alignment);

    public static long AlignUp(long value, int alignment) => (value + alignment - 1) & ~(alignment - 1L);

    public void Write(Span<byte> target, ulong salt, long offset)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        target[4..8].Clear();
        target[4] = (byte)Type;
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], PayloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(target[12..], PayloadSum);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], Id);
        BinaryPrimitives.WriteUInt32LittleEndian(target[24..], Group);
        BinaryPrimitives.WriteUInt32LittleEndian(target[28..], Sum(target, salt, offset));
    }

    /// <summary>False unless it is a record header of the segment with this salt at this offset.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, ulong salt, long offset, out RecordHeader header)
    {
        header = default;
        if (source.Length < Bytes || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(source[28..]) != Sum(source, salt, offset)) return false;
        header = new RecordHeader(
            (RecordType)source[4],
            BinaryPrimitives.ReadUInt32LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[12..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[24..]));
        return true;
    }

    private static uint Sum(ReadOnlySpan<byte> header, ulong salt, long offset)
    {
        Span<byte> place = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(place, salt);
        BinaryPrimitives.WriteInt64LittleEndian(place[8..], offset);
        return Crc32C.Append(Crc32C.Append(0, place), header[..28]);
    }
}
