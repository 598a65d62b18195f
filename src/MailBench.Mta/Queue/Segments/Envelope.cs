using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using MailBench.Wire.Smtp;

namespace MailBench.Mta.Queue.Segments;

/// <summary>A recipient's state as written, a value apart from the entry that the MTA's loop goes on changing.</summary>
internal readonly record struct RecipientStatus(RecipientState State, int Attempts, long NextAttemptUnixMs, string? Reason)
{
    public static RecipientStatus Untried => default;

    public static RecipientStatus Of(RecipientEntry recipient) => new(recipient.State, recipient.Attempts, recipient.NextAttemptUnixMs, recipient.Reason);

    public void ApplyTo(RecipientEntry recipient)
    {
        recipient.State = State;
        recipient.Attempts = Attempts;
        recipient.NextAttemptUnixMs = NextAttemptUnixMs;
        recipient.Reason = Reason;
    }
}

/// <summary>
/// The payload of a state record, little-endian: <c>recipient:4 state:1 reserved:3 attempts:4 nextAttemptUnixMs:8 reasonBytes:4 reason</c>. A message record holds the same
/// without its first field for each recipient, after the address.
/// </summary>
internal static class RecipientRecord
{
    /// <summary>RFC 5321 §4.5.3.1.5 limits a reply line to 512 octets; a long multi-line reply is cut.</summary>
    public const int MaxReasonBytes = 2048;
    public const int StatusBytes = 20;

    public static void Write(ArrayBufferWriter<byte> target, int recipient, RecipientStatus status)
    {
        BinaryPrimitives.WriteInt32LittleEndian(target.GetSpan(4), recipient);
        target.Advance(4);
        WriteStatus(target, status);
    }

    /// <param name="knownReason">A reason that is likely to be the same: then it is the same string.</param>
    public static bool TryRead(ReadOnlySpan<byte> payload, out int recipient, out RecipientStatus status, string? knownReason = null)
    {
        recipient = 0;
        status = RecipientStatus.Untried;
        if (payload.Length < 4) return false;
        recipient = BinaryPrimitives.ReadInt32LittleEndian(payload);
        return TryReadStatus(payload[4..], out status, out _, knownReason);
    }

    public static void WriteStatus(ArrayBufferWriter<byte> target, RecipientStatus status)
    {
        var reason = status.Reason ?? "";
        var room = target.GetSpan(StatusBytes + MaxReasonBytes);
        room[0] = (byte)status.State;
        room[1..4].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(room[4..], status.Attempts);
        BinaryPrimitives.WriteInt64LittleEndian(room[8..], status.NextAttemptUnixMs);
        // As many whole characters as have room.
        _ = Utf8.FromUtf16(reason, room.Slice(StatusBytes, MaxReasonBytes), out _, out var reasonBytes);
        BinaryPrimitives.WriteInt32LittleEndian(room[16..], reasonBytes);
        target.Advance(StatusBytes + reasonBytes);
    }

    public static bool TryReadStatus(ReadOnlySpan<byte> source, out RecipientStatus status, out int bytes, string? knownReason = null)
    {
        status = RecipientStatus.Untried;
        bytes = 0;
        if (source.Length < StatusBytes) return false;
        var reasonBytes = BinaryPrimitives.ReadInt32LittleEndian(source[16..]);
        if (reasonBytes < 0 || reasonBytes > source.Length - StatusBytes) return false;
        bytes = StatusBytes + reasonBytes;
        status = new RecipientStatus(
            (RecipientState)source[0],
            BinaryPrimitives.ReadInt32LittleEndian(source[4..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
            ReasonOf(source.Slice(StatusBytes, reasonBytes), knownReason));
        return true;
    }

    private static string? ReasonOf(ReadOnlySpan<byte> reason, string? known) =>
        reason.IsEmpty ? null : known is not null && Ascii.Equals(reason, known) ? known : Encoding.UTF8.GetString(reason);
}

/// <summary>
/// The payload of a message record before its content, little-endian: <c>envelopeBytes:4 body:1 reserved:3 acceptedUnixMs:8 contentBytes:8 recipients:4 reversePathBytes:4
/// reversePath</c>, then per recipient <c>addressBytes:4 address status</c>.
/// </summary>
internal static class Envelope
{
    private const int FixedBytes = 32;

    public static void Write(ArrayBufferWriter<byte> target, QueueEntry entry, RecipientStatus[]? statuses)
    {
        var start = target.WrittenCount;
        var head = target.GetSpan(FixedBytes);
        head[..FixedBytes].Clear();
        head[4] = (byte)entry.Body;
        BinaryPrimitives.WriteInt64LittleEndian(head[8..], entry.AcceptedUnixMs);
        BinaryPrimitives.WriteInt64LittleEndian(head[16..], entry.ContentBytes);
        BinaryPrimitives.WriteInt32LittleEndian(head[24..], entry.Recipients.Length);
        BinaryPrimitives.WriteInt32LittleEndian(head[28..], entry.ReversePath.Length);
        target.Advance(FixedBytes);
        target.Write(entry.ReversePath);
        for (var i = 0; i < entry.Recipients.Length; i++)
        {
            var address = entry.Recipients[i].Address;
            BinaryPrimitives.WriteInt32LittleEndian(target.GetSpan(4), address.Length);
            target.Advance(4);
            target.Write(address);
            RecipientRecord.WriteStatus(target, statuses is null ? RecipientStatus.Untried : statuses[i]);
        }

        // The length is known now; the writer's memory may have moved since the start.
        BinaryPrimitives.WriteInt32LittleEndian(MemoryMarshal.AsMemory(target.WrittenMemory).Span[start..], target.WrittenCount - start);
    }

    /// <summary>Octets of an untried entry's envelope.</summary>
    public static long BytesOf(QueueEntry entry)
    {
        long bytes = FixedBytes + entry.ReversePath.Length;
        foreach (var recipient in entry.Recipients) bytes += 4 + recipient.Address.Length + RecipientRecord.StatusBytes;
        return bytes;
    }

    /// <summary>Octets of the envelope that begins here, or -1 when fewer than four are given.</summary>
    public static int BytesOf(ReadOnlySpan<byte> payload) => payload.Length < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(payload);

    /// <summary>What recovery wants of an envelope, without an object for it: each recipient's state and domain. False as in <see cref="TryRead"/>.</summary>
    public static bool TryScan(ReadOnlySpan<byte> envelope, List<FoundRecipient> recipients, ref string? knownReason, out bool nullReversePath, out long contentBytes)
    {
        recipients.Clear();
        (nullReversePath, contentBytes) = (false, 0);
        if (envelope.Length < FixedBytes) return false;
        contentBytes = BinaryPrimitives.ReadInt64LittleEndian(envelope[16..]);
        var count = BinaryPrimitives.ReadInt32LittleEndian(envelope[24..]);
        var pathBytes = BinaryPrimitives.ReadInt32LittleEndian(envelope[28..]);
        if (count <= 0 || count > envelope.Length || pathBytes < 0 || pathBytes > envelope.Length - FixedBytes) return false;
        nullReversePath = pathBytes == 0;
        var rest = envelope[(FixedBytes + pathBytes)..];
        for (var i = 0; i < count; i++)
        {
            if (!TryReadAddress(ref rest, out var address) || !RecipientRecord.TryReadStatus(rest, out var status, out var statusBytes, knownReason)) return false;
            knownReason = status.Reason ?? knownReason;
            recipients.Add(new FoundRecipient(status, DomainKey.Of(address)));
            rest = rest[statusBytes..];
        }

        return true;
    }

    /// <summary>False when the octets, though their sum is right, are no envelope of this version.</summary>
    public static bool TryRead(ReadOnlySpan<byte> envelope, long id, out QueueEntry? entry)
    {
        entry = null;
        if (envelope.Length < FixedBytes) return false;
        var count = BinaryPrimitives.ReadInt32LittleEndian(envelope[24..]);
        var pathBytes = BinaryPrimitives.ReadInt32LittleEndian(envelope[28..]);
        if (count < 0 || count > envelope.Length || pathBytes < 0 || pathBytes > envelope.Length - FixedBytes) return false;
        var rest = envelope[(FixedBytes + pathBytes)..];
        var recipients = new RecipientEntry[count];
        for (var i = 0; i < count; i++)
        {
            if (!TryReadAddress(ref rest, out var address)) return false;
            recipients[i] = new RecipientEntry(address.ToArray());
            if (!RecipientRecord.TryReadStatus(rest, out var status, out var statusBytes)) return false;
            status.ApplyTo(recipients[i]);
            rest = rest[statusBytes..];
        }

        entry = new QueueEntry
        {
            Id = new QueueId(id),
            Body = (BodyKind)envelope[4],
            AcceptedUnixMs = BinaryPrimitives.ReadInt64LittleEndian(envelope[8..]),
            ContentBytes = BinaryPrimitives.ReadInt64LittleEndian(envelope[16..]),
            ReversePath = envelope.Slice(FixedBytes, pathBytes).ToArray(),
            Recipients = recipients,
        };
        return true;
    }

    private static bool TryReadAddress(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> address)
    {
        address = default;
        if (rest.Length < 4) return false;
        var bytes = BinaryPrimitives.ReadInt32LittleEndian(rest);
        if (bytes < 0 || bytes > rest.Length - 4) return false;
        address = rest.Slice(4, bytes);
        rest = rest[(4 + bytes)..];
        return true;
    }
}
