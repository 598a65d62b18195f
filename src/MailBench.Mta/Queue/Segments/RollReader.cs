using System.Buffers.Binary;

namespace MailBench.Mta.Queue.Segments;

/// <summary>Goes through a <see cref="Roll"/>: message by message, and behind each its recipients.</summary>
internal ref struct RollReader
{
    private readonly int _messages;
    private ReadOnlySpan<byte> _rest;
    private string? _reason;
    private int _called;

    private RollReader(ReadOnlySpan<byte> payload)
    {
        Sequence = BinaryPrimitives.ReadInt64LittleEndian(payload);
        From = BinaryPrimitives.ReadInt64LittleEndian(payload[8..]);
        To = BinaryPrimitives.ReadInt64LittleEndian(payload[16..]);
        _messages = BinaryPrimitives.ReadInt32LittleEndian(payload[24..]);
        _rest = payload[Roll.HeadBytes..];
    }

    /// <summary>The segment whose messages are called, and between which offsets.</summary>
    public long Sequence { get; }
    public long From { get; }
    public long To { get; }

    /// <summary>False when the octets, though their sum is right, are no roll of this version. After it, a reader of the same octets meets no end too early.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < Roll.HeadBytes) return false;
        var reader = new RollReader(payload);
        while (reader.TryNext(out _, out var recipients))
            for (; recipients > 0; recipients--)
                if (!reader.TryStatus(out _))
                    return false;
        return reader._called == reader._messages && reader._rest.IsEmpty;
    }

    /// <param name="payload">Of which <see cref="IsWhole"/> is true.</param>
    public static RollReader Of(ReadOnlySpan<byte> payload) => new(payload);

    /// <summary>The next message; its recipients follow by <see cref="TryStatus"/>.</summary>
    public bool TryNext(out long id, out int recipients)
    {
        (id, recipients) = (0, 0);
        if (_called == _messages || _rest.Length < 12) return false;
        id = BinaryPrimitives.ReadInt64LittleEndian(_rest);
        recipients = BinaryPrimitives.ReadInt32LittleEndian(_rest[8..]);
        _rest = _rest[12..];
        _called++;
        return true;
    }

    public bool TryStatus(out RecipientStatus status)
    {
        if (!RecipientRecord.TryReadStatus(_rest, out status, out var bytes, _reason)) return false;
        if (_rest[1] != 0) status = status with { Reason = _reason };
        _reason = status.Reason;
        _rest = _rest[bytes..];
        return true;
    }
}
