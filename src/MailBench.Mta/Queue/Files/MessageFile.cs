using System.Buffers;
using System.Buffers.Binary;
using MailBench.Mta.Queue.Disk;
using MailBench.Mta.Queue.Segments;

namespace MailBench.Mta.Queue.Files;

/// <summary>
/// The octets of a message's file, little-endian: <c>magic:8 id:8 envelopeBytes:4 crc32c:4 envelope content</c>, then state records <c>bytes:4 life:8 state crc32c:4</c>. The first sum
/// is of all that is not itself, up to the content's end; a state record's begins with the sum before it. So a record counts only behind the very ones it was written behind, and what a
/// torn tail has left is never taken for a later record; the life (one per opening of the queue) keeps equal records apart.
/// </summary>
internal static class MessageFile
{
    private const int HeadBytes = 24, SumOffset = 20, StateOverhead = 16, MaxStateBytes = StateOverhead + 4 + RecipientRecord.StatusBytes + RecipientRecord.MaxReasonBytes;
    private const int PartBytes = 1 << 16;

    private static ReadOnlySpan<byte> Magic => "MBFILE1\n"u8;

    /// <summary>Head and envelope of a new message; its sum, from which the chain of state records goes on.</summary>
    public static uint WriteHead(ArrayBufferWriter<byte> target, QueueEntry entry, IReadOnlyList<ReadOnlyMemory<byte>> content)
    {
        var head = target.GetSpan(HeadBytes)[..HeadBytes];
        Magic.CopyTo(head);
        BinaryPrimitives.WriteInt64LittleEndian(head[8..], entry.Id.Value);
        target.Advance(HeadBytes);
        Envelope.Write(target, entry, null);
        var written = System.Runtime.InteropServices.MemoryMarshal.AsMemory(target.WrittenMemory).Span;
        BinaryPrimitives.WriteInt32LittleEndian(written[16..], written.Length - HeadBytes);
        var sum = Crc32C.Append(Crc32C.Append(0, written[..SumOffset]), written[HeadBytes..]);
        for (var i = 0; i < content.Count; i++) sum = Crc32C.Append(sum, content[i].Span);
        BinaryPrimitives.WriteUInt32LittleEndian(written[SumOffset..], sum);
        return sum;
    }

    /// <summary>Appends a state record behind the one whose sum is given; returns its own.</summary>
    public static uint WriteState(ArrayBufferWriter<byte> target, long life, int recipient, RecipientStatus status, uint previousSum)
    {
        var start = target.WrittenCount;
        target.GetSpan(12)[..12].Clear();
        target.Advance(12);
        RecipientRecord.Write(target, recipient, status);
        target.GetSpan(4);
        target.Advance(4);
        var record = System.Runtime.InteropServices.MemoryMarshal.AsMemory(target.WrittenMemory).Span[start..];
        BinaryPrimitives.WriteInt32LittleEndian(record, record.Length);
        BinaryPrimitives.WriteInt64LittleEndian(record[4..], life);
        var sum = Crc32C.Append(previousSum, record[..^4]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[^4..], sum);
        return sum;
    }

    /// <summary>Reads a message with its present states; false when it is damaged.</summary>
    public static bool TryRead(IDiskFile file, QueueId id, out QueueEntry? entry, out long contentOffset, out long end, out uint sum)
    {
        (entry, contentOffset, end, sum) = (null, 0, 0, 0);
        Span<byte> head = stackalloc byte[HeadBytes];
        if (file.Read(head, 0) < HeadBytes || !head.StartsWith(Magic) || BinaryPrimitives.ReadInt64LittleEndian(head[8..]) != id.Value) return false;
        var envelopeBytes = BinaryPrimitives.ReadInt32LittleEndian(head[16..]);
        if (envelopeBytes <= 0 || envelopeBytes > file.Length - HeadBytes) return false;
        var envelope = new byte[envelopeBytes];
        if (file.Read(envelope, HeadBytes) < envelopeBytes || !Envelope.TryRead(envelope, id.Value, out entry)) return false;
        contentOffset = HeadBytes + envelopeBytes;
        end = contentOffset + entry!.ContentBytes;
        sum = Crc32C.Append(Crc32C.Append(0, head[..SumOffset]), envelope);
        if (entry.ContentBytes < 0 || end > file.Length || !TrySum(file, contentOffset, end, ref sum) || sum != BinaryPrimitives.ReadUInt32LittleEndian(head[SumOffset..])) return false;
        ReadStates(file, entry, ref end, ref sum);
        return true;
    }

    private static bool TrySum(IDiskFile file, long from, long end, ref uint sum)
    {
        var part = ArrayPool<byte>.Shared.Rent(PartBytes);
        try
        {
            while (from < end)
            {
                var read = file.Read(part.AsSpan(0, (int)Math.Min(PartBytes, end - from)), from);
                if (read == 0) return false;
                sum = Crc32C.Append(sum, part.AsSpan(0, read));
                from += read;
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(part);
        }
    }

    /// <summary>Up to the first that is not whole: behind it nothing was acknowledged.</summary>
    private static void ReadStates(IDiskFile file, QueueEntry entry, ref long end, ref uint sum)
    {
        var record = new byte[MaxStateBytes];
        while (file.Read(record.AsSpan(0, 4), end) == 4)
        {
            var bytes = BinaryPrimitives.ReadInt32LittleEndian(record);
            if (bytes < StateOverhead || bytes > MaxStateBytes || file.Read(record.AsSpan(0, bytes), end) < bytes) return;
            var next = Crc32C.Append(sum, record.AsSpan(0, bytes - 4));
            if (next != BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(bytes - 4))) return;
            if (!RecipientRecord.TryRead(record.AsSpan(12, bytes - StateOverhead), out var recipient, out var status) || (uint)recipient >= (uint)entry.Recipients.Length) return;
            status.ApplyTo(entry.Recipients[recipient]);
            end += bytes;
            sum = next;
        }
    }
}
