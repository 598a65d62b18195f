using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MailBench.Mta.Queue.Segments;

/// <summary>
/// The payload of a roll, little-endian: <c>sequence:8 from:8 to:8 messages:4</c>, then per message <c>id:8 recipients:4</c> and per recipient the status of a <see cref="RecipientRecord"/>, whose
/// second octet is 1 where the reason is that of the recipient before. It says of the records between two offsets of the segment with that number which messages still wait there, and how: who is
/// not called is finished or was copied on. So what earlier segments say of those messages is no longer needed, for some 32 octets a message.
/// </summary>
internal sealed class Roll
{
    public const int HeadBytes = 28;

    /// <summary>Octets for a message of one recipient, roughly: for who weighs a roll against copying.</summary>
    public const int BytesPerMessage = 40;

    private readonly ArrayBufferWriter<byte> _octets = new(4096);
    private int _messages;
    private string? _reason;

    public ReadOnlySpan<byte> Octets => _octets.WrittenSpan;

    public void Begin(long sequence, long from)
    {
        _octets.ResetWrittenCount();
        (_messages, _reason) = (0, null);
        var head = _octets.GetSpan(HeadBytes);
        BinaryPrimitives.WriteInt64LittleEndian(head, sequence);
        BinaryPrimitives.WriteInt64LittleEndian(head[8..], from);
        _octets.Advance(HeadBytes);
    }

    /// <summary>A message; so many <see cref="Add"/> follow.</summary>
    public void Call(long id, int recipients)
    {
        var head = _octets.GetSpan(12);
        BinaryPrimitives.WriteInt64LittleEndian(head, id);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], recipients);
        _octets.Advance(12);
        _messages++;
    }

    public void Add(in RecipientStatus status)
    {
        var same = status.Reason is not null && status.Reason == _reason;
        var at = _octets.WrittenCount;
        RecipientRecord.WriteStatus(_octets, same ? status with { Reason = null } : status);
        if (same) Written[at + 1] = 1;
        _reason = status.Reason;
    }

    /// <param name="to">The offset up to which all are called.</param>
    public void End(long to)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Written[16..], to);
        BinaryPrimitives.WriteInt32LittleEndian(Written[24..], _messages);
    }

    private Span<byte> Written => MemoryMarshal.AsMemory(_octets.WrittenMemory).Span;
}
