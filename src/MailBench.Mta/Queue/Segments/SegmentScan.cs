using System.Buffers;
using MailBench.Mta.Queue.Disk;

namespace MailBench.Mta.Queue.Segments;

/// <summary>A record as found: of a message its recipients (<see cref="One"/>, or several), of a state record the recipient's index and status, of a roll its payload.</summary>
/// <param name="HeadBytes">Of a message: from the record's begin to the content's.</param>
internal readonly record struct FoundRecord(
    RecordHeader Header, long Offset, int HeadBytes = 0, bool NullReversePath = false, int Recipient = 0, FoundRecipient One = default, FoundRecipient[]? Several = null, byte[]? Roll = null);

/// <summary>
/// Reads a segment from its header to the end of its log, checking every sum. A bad stretch is <em>torn</em> when it can be the last group that was being written, and then
/// the log ends before it; else it is <em>damage</em>, which is reported and passed over to the next valid header. Memory: one window and the records without contents.
/// </summary>
internal sealed class SegmentScan(IDiskFile file, SegmentHeader header, long syncedEnd, List<FoundRecord> records)
{
    private const int WindowBytes = 1 << 18;

    private readonly List<(long Start, long End, uint Group)> _bad = [];
    private readonly List<FoundRecipient> _recipients = [];
    private readonly long _length = Math.Min(file.Length, syncedEnd);
    private byte[] _window = ArrayPool<byte>.Shared.Rent(WindowBytes);
    private long _windowOffset;
    private int _windowFilled;
    private string? _reason;

    /// <summary>Valid records of the log, in order.</summary>
    public List<FoundRecord> Records => records;

    /// <summary>Stretches of damage, from and to offset.</summary>
    public IReadOnlyList<(long Start, long End)> Damage { get; private set; } = [];

    /// <summary>Where the log ends.</summary>
    public long End { get; private set; } = SegmentHeader.Bytes;

    /// <param name="syncedEnd">What a later segment's header says of this one (<see cref="SegmentHeader.PreviousEnd"/>), or <see cref="long.MaxValue"/> for the last segment.</param>
    /// <param name="records">An empty list, which becomes <see cref="Records"/>.</param>
    public static SegmentScan Run(IDiskFile file, SegmentHeader header, long syncedEnd, List<FoundRecord> records)
    {
        var scan = new SegmentScan(file, header, syncedEnd, records);
        try
        {
            scan.Collect();
            scan.Judge(syncedEnd);
            return scan;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scan._window);
        }
    }

    private void Collect()
    {
        var offset = (long)SegmentHeader.Bytes;
        uint group = 0;
        var ended = true; // Whether the group seen last is complete up to its block.
        while (offset + RecordHeader.Bytes <= _length)
        {
            if (!RecordHeader.TryRead(Window(offset, RecordHeader.Bytes), header.Salt, offset, out var record) || offset + record.RecordBytes > _length)
            {
                var next = FindHeader(offset + RecordHeader.Alignment);
                // Nothing valid follows: the zone that waits to be written, with or without a torn group in it.
                if (next < 0)
                {
                    if (!ended) _bad.Add((offset, _length, group));
                    break;
                }

                _bad.Add((offset, next, ended ? group + 1 : group));
                offset = next;
                continue;
            }

            var whole = record.Type == RecordType.Pad || TryReadRecord(record, offset);
            if (!whole) _bad.Add((offset, offset + record.RecordBytes, record.Group));
            group = record.Group;
            offset += record.RecordBytes;
            ended = offset % RecordHeader.GroupAlignment == 0 && record.Type == RecordType.Pad;
            End = offset;
        }

        LastGroup = group;
    }

    /// <summary>Number of the last group.</summary>
    public uint LastGroup { get; private set; }

    /// <summary>Tells torn from damaged (see the class), and ends the log at the first torn record.</summary>
    private void Judge(long syncedEnd)
    {
        var torn = syncedEnd == long.MaxValue ? _bad.FindIndex(bad => bad.Group >= LastGroup) : -1;
        if (torn >= 0)
        {
            End = _bad[torn].Start;
            records.RemoveAll(record => record.Offset >= End);
            _bad.RemoveRange(torn, _bad.Count - torn);
        }
        else if (syncedEnd != long.MaxValue)
        {
            // Everything up to there had been synced, so a chain that stops before it has lost its end.
            if (End < _length && (_bad.Count == 0 || _bad[^1].End < _length)) _bad.Add((End, _length, LastGroup));
            End = _length;
        }

        Damage = _bad.ConvertAll(bad => (bad.Start, bad.End));
    }

    private bool TryReadRecord(RecordHeader record, long offset)
    {
        var payload = offset + RecordHeader.Bytes;
        if (SumOf(payload, record.PayloadBytes) != record.PayloadSum) return false;
        if (record.Type == RecordType.Message)
        {
            var envelopeBytes = Envelope.BytesOf(Window(payload, (int)Math.Min(record.PayloadBytes, 4)));
            if (envelopeBytes < 0 || envelopeBytes > record.PayloadBytes) return false;
            var envelope = Window(payload, envelopeBytes);
            if (envelope.Length < envelopeBytes || !Envelope.TryScan(envelope, _recipients, ref _reason, out var nullReversePath, out var contentBytes) || contentBytes != record.PayloadBytes - envelopeBytes) return false;
            records.Add(new FoundRecord(record, offset, RecordHeader.Bytes + envelopeBytes, nullReversePath, 0, _recipients[0], _recipients.Count > 1 ? _recipients.ToArray() : null));
            return true;
        }

        if (record.Type == RecordType.State)
        {
            if (!RecipientRecord.TryRead(Window(payload, (int)record.PayloadBytes), out var recipient, out var status, _reason)) return false;
            _reason = status.Reason ?? _reason;
            records.Add(new FoundRecord(record, offset, Recipient: recipient, One: new FoundRecipient(status, 0)));
            return true;
        }

        if (record.Type == RecordType.Roll)
        {
            var roll = Window(payload, (int)record.PayloadBytes);
            if (!RollReader.IsWhole(roll)) return false;
            records.Add(new FoundRecord(record, offset, Roll: roll.ToArray()));
            return true;
        }

        return false;
    }

    private uint SumOf(long offset, long length)
    {
        uint sum = 0;
        while (length > 0)
        {
            var part = Window(offset, (int)Math.Min(length, WindowBytes / 2));
            if (part.IsEmpty) return ~sum;
            sum = Crc32C.Append(sum, part);
            offset += part.Length;
            length -= part.Length;
        }

        return sum;
    }

    private long FindHeader(long from)
    {
        for (var offset = from; offset + RecordHeader.Bytes <= _length;)
        {
            var part = Window(offset, (int)Math.Min(_length - offset, WindowBytes / 2));
            if (part.Length < RecordHeader.Bytes) return -1;
            var used = part.Length / RecordHeader.Alignment * RecordHeader.Alignment;
            for (var at = 0; at < used;)
            {
                // Zeros, the common case, are passed over at the speed of memory.
                var skip = part[at..used].IndexOfAnyExcept((byte)0);
                if (skip < 0) break;
                at = (at + skip) / RecordHeader.Alignment * RecordHeader.Alignment;
                if (RecordHeader.TryRead(part[at..], header.Salt, offset + at, out var found) && offset + at + found.RecordBytes <= _length) return offset + at;
                at += RecordHeader.Alignment;
            }

            offset += used;
        }

        return -1;
    }

    /// <summary>The octets at an offset, as many as asked unless the file ends; valid until the next call.</summary>
    private ReadOnlySpan<byte> Window(long offset, int length)
    {
        if (offset < _windowOffset || offset + length > _windowOffset + _windowFilled)
        {
            if (length > _window.Length)
            {
                ArrayPool<byte>.Shared.Return(_window);
                _window = ArrayPool<byte>.Shared.Rent(length);
            }

            _windowOffset = offset;
            _windowFilled = file.Read(_window.AsSpan(0, (int)Math.Min(_window.Length, Math.Max(0, _length - offset))), offset);
        }

        var from = (int)(offset - _windowOffset);
        return _window.AsSpan(from, Math.Clamp(_windowFilled - from, 0, length));
    }
}
