using System.Buffers.Binary;
using MailBench.Model.Nodes;

namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// The first 4 KiB of a segment, little-endian: <c>magic:8 version:2 reserved:2 end:4 sequence:8 salt:8 idFloor:8 previousSequence:8 previousEnd:8 crc32c:4</c>, at offset 0 and again
/// at 2048. Each copy lies in one sector, so a power cut leaves it old or new. When a finished segment is used again, its header is written anew, and with the salt everything
/// in it ceases to be valid.
/// </summary>
/// <param name="Sequence">Place in the directory's log; file names only tell files apart.</param>
/// <param name="Salt">Random. Every record's header sum covers it, so neither a former life of the file nor octets inside a message can pass for a record.</param>
/// <param name="IdFloor">Ids below it have been given out.</param>
/// <param name="PreviousSequence">The segment written before this one, 0 if none.</param>
/// <param name="PreviousEnd">Where that one's log ends: what is before has been synced; what is after belongs to a group that failed or was torn, and is not read.</param>
/// <param name="End">The same of this one, once it is full and may outlive the segment behind it; 0 before. In the file in units of <see cref="RecordHeader.Alignment"/>: a torn group ends at a record.</param>
internal readonly record struct SegmentHeader(long Sequence, ulong Salt, long IdFloor, long PreviousSequence, long PreviousEnd, long End = 0)
{
    public const int Bytes = 4096;

    /// <summary>2 has rolls (<see cref="RecordType.Roll"/>) and <see cref="End"/>; what 1 has reads the same.</summary>
    public const ushort Version = 2;
    private const int CopyOffset = 2048, Length = 60;
    private static ReadOnlySpan<byte> Magic => "MBQUEUE\n"u8;

    public void Write(Span<byte> block)
    {
        block[..Bytes].Clear();
        Magic.CopyTo(block);
        BinaryPrimitives.WriteUInt16LittleEndian(block[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(block[12..], (uint)(End / RecordHeader.Alignment));
        BinaryPrimitives.WriteInt64LittleEndian(block[16..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(block[24..], Salt);
        BinaryPrimitives.WriteInt64LittleEndian(block[32..], IdFloor);
        BinaryPrimitives.WriteInt64LittleEndian(block[40..], PreviousSequence);
        BinaryPrimitives.WriteInt64LittleEndian(block[48..], PreviousEnd);
        BinaryPrimitives.WriteUInt32LittleEndian(block[56..], Crc32C.Append(0, block[..56]));
        block[..Length].CopyTo(block[CopyOffset..]);
    }

    /// <summary>Reads the first whole copy; false when there is none. Throws <see cref="NodeRefusedException"/> for a version that this program does not know.</summary>
    public static bool TryRead(ReadOnlySpan<byte> block, string path, out SegmentHeader header) =>
        TryReadCopy(block, path, out header) || (block.Length >= CopyOffset + Length && TryReadCopy(block[CopyOffset..], path, out header));

    private static bool TryReadCopy(ReadOnlySpan<byte> block, string path, out SegmentHeader header)
    {
        header = default;
        if (block.Length < Length || !block[..8].SequenceEqual(Magic)) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(block[56..]) != Crc32C.Append(0, block[..56])) return false;
        var version = BinaryPrimitives.ReadUInt16LittleEndian(block[8..]);
        if (version is 0 or > Version)
            throw new NodeRefusedException($"{path} is in queue format {version}, and this program knows up to {Version}; empty the queue with the program that wrote it, or name another directory.");
        header = new SegmentHeader(
            BinaryPrimitives.ReadInt64LittleEndian(block[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(block[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(block[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(block[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(block[48..]),
            BinaryPrimitives.ReadUInt32LittleEndian(block[12..]) * (long)RecordHeader.Alignment);
        return true;
    }
}
