using System.Buffers;

namespace MailBench.Mta.Queue.Segments;

/// <summary>Gathers a group's records into large writes at the end of a segment. One per committer; nothing is durable before the segment's sync.</summary>
internal sealed class GroupWriter
{
    /// <summary>A multiple of the block, so that every write but the last begins and ends on one.</summary>
    private const int BufferBytes = 1 << 18;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
    private readonly ArrayBufferWriter<byte> _scratch = new(4096);
    private Segment _segment = null!;
    private uint _group;
    private long _written;
    private int _filled;

    /// <summary>Octets given since construction, for the counter.</summary>
    public long BytesWritten { get; private set; }

    private long Offset => _written + _filled;

    public void Begin(Segment segment)
    {
        _segment = segment;
        _group = segment.Group + 1;
        _written = segment.End;
        _filled = 0;
    }

    public Location AddMessage(QueueEntry entry, IReadOnlyList<ReadOnlyMemory<byte>> content, RecipientStatus[]? statuses)
    {
        _scratch.ResetWrittenCount();
        Envelope.Write(_scratch, entry, statuses);
        var envelope = _scratch.WrittenSpan;
        var sum = Crc32C.Append(0, envelope);
        for (var i = 0; i < content.Count; i++) sum = Crc32C.Append(sum, content[i].Span);

        var offset = Offset;
        var header = new RecordHeader(RecordType.Message, (uint)(envelope.Length + entry.ContentBytes), sum, entry.Id.Value, _group);
        Put(header);
        Put(envelope);
        for (var i = 0; i < content.Count; i++) Put(content[i].Span);
        Fill();
        return new Location(_segment, offset, header.RecordBytes, offset + RecordHeader.Bytes + envelope.Length);
    }

    public void AddState(long id, int recipient, RecipientStatus status)
    {
        _scratch.ResetWrittenCount();
        RecipientRecord.Write(_scratch, recipient, status);
        Put(new RecordHeader(RecordType.State, (uint)_scratch.WrittenCount, Crc32C.Append(0, _scratch.WrittenSpan), id, _group));
        Put(_scratch.WrittenSpan);
        Fill();
    }

    /// <param name="payload">Of a <see cref="Roll"/>.</param>
    public void AddRoll(ReadOnlySpan<byte> payload)
    {
        Put(new RecordHeader(RecordType.Roll, (uint)payload.Length, Crc32C.Append(0, payload), 0, _group));
        Put(payload);
        Fill();
    }

    /// <summary>Octets that a group of such records takes, its pad included.</summary>
    public static long SizeOf(long recordBytes) => RecordHeader.AlignUp(recordBytes + RecordHeader.Bytes, RecordHeader.GroupAlignment);

    /// <summary>
    /// Pads the group to a block and writes the rest; returns where the next group begins. There is a pad even when the records fill their block: it is how a reader knows that the group
    /// is whole, and that what is bad behind it is a later group's, torn perhaps.
    /// </summary>
    public long End()
    {
        var rest = RecordHeader.AlignUp(Offset + RecordHeader.Bytes, RecordHeader.GroupAlignment) - Offset;
        Put(new RecordHeader(RecordType.Pad, (uint)(rest - RecordHeader.Bytes), 0, 0, _group));
        for (var left = rest - RecordHeader.Bytes; left > 0;)
        {
            var part = Room((int)Math.Min(left, BufferBytes));
            part.Clear();
            left -= part.Length;
        }

        Flush();
        return _written;
    }

    private void Put(RecordHeader header)
    {
        // Records are aligned to 32 octets and the buffer's size is a multiple of that: a header never straddles two buffers.
        var offset = Offset;
        header.Write(Room(RecordHeader.Bytes), _segment.Header.Salt, offset);
    }

    private void Put(ReadOnlySpan<byte> octets)
    {
        while (octets.Length > 0)
        {
            var part = Room(octets.Length);
            octets[..part.Length].CopyTo(part);
            octets = octets[part.Length..];
        }
    }

    private void Fill()
    {
        var rest = (int)(RecordHeader.AlignUp(Offset, RecordHeader.Alignment) - Offset);
        if (rest > 0) Room(rest).Clear();
    }

    /// <summary>Up to so many octets of buffer, at least one; they count as filled.</summary>
    private Span<byte> Room(int wanted)
    {
        if (_filled == BufferBytes) Flush();
        var part = _buffer.AsSpan(_filled, Math.Min(wanted, BufferBytes - _filled));
        _filled += part.Length;
        return part;
    }

    private void Flush()
    {
        if (_filled == 0) return;
        _segment.File.Write(_buffer.AsSpan(0, _filled), _written);
        BytesWritten += _filled;
        _written += _filled;
        _filled = 0;
    }
}
