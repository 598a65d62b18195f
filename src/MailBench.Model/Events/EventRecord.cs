using System.Buffers.Binary;

namespace MailBench.Model.Events;

/// <summary>What an <see cref="EventRecord"/> says. The number is the file format: never renumber, only add.</summary>
public enum EventKind : byte
{
    /// <summary>Source: an arrival. Time = intended start; Value = lateness of the source's own loop in ns.</summary>
    Offered = 1,

    /// <summary>Source: the transaction started. Time = actual start; Value = waiting for a free session in ns; Recipient = number of recipients offered.</summary>
    Started = 2,

    /// <summary>Source: final 250 after end of data. Time = when it was read; Value = intended start in ns; Recipient = number of recipients accepted (250 to RCPT).</summary>
    Accepted = 3,

    /// <summary>Source: a final refusal of one recipient or, with Recipient = -1, of the whole message. Code = the reply.</summary>
    Refused = 4,

    /// <summary>Source: the session broke before the reply to end of data was due (no acceptance): the message counts as failed.</summary>
    Failed = 5,

    /// <summary>Source: the content was sent whole and the final reply was lost: accepted or not, nobody knows.</summary>
    Uncertain = 6,

    /// <summary>Source: one phase of a dialogue ended. Recipient = a <see cref="DialoguePhase"/>; Time = its end; Value = its duration in ns.</summary>
    Phase = 7,

    /// <summary>Users: a poll came to the +OK of its QUIT. Time = when it was read; Value = octets that the server sent in it (headers of the line not counted); Recipient = the user. (Users write Offered and Failed too, with the user as recipient.)</summary>
    Polled = 8,

    /// <summary>Users: a message that EXISTS announced to a held session has been fetched. Sequence = the message's; Time = when EXISTS was read; Value = from then to its last octet, ns; Recipient = the user.</summary>
    Pushed = 9,

    /// <summary>Sink: a copy was booked for a recipient. Time = the stamp just before the 250 was written.</summary>
    Booked = 16,

    /// <summary>Sink: a DSN came back. Recipient = the recipient that it reports failed (-1: it could not be read from the DSN).</summary>
    Returned = 17,

    /// <summary>SUT's books after drain: the recipient is still queued. Code = last reply. Recipient = -1: a DSN about the message is.</summary>
    Queued = 32,

    /// <summary>SUT's books after drain: the recipient was discarded by policy.</summary>
    Discarded = 33,
}

/// <summary>The phases of a client dialogue of which service times are recorded (method: service time). A pipelined group is one phase, named for its last command.</summary>
public enum DialoguePhase
{
    Connect, Greeting, Ehlo, StartTls, Auth, Mail, Rcpt, Data, EndOfData, Quit,

    /// <summary>MAIL, RCPT and DATA sent as one pipelined group.</summary>
    Envelope,
}

/// <summary>
/// One fixed record of an event file (<c>events/ROLE-POINT-REP.bin</c>): 32 octets, little-endian. Sequence: the message's number in its trial. Recipient:
/// the recipient index, or what the kind says. TimeNs: CLOCK_MONOTONIC nanoseconds. ValueNs: what the kind says. Code: the SMTP reply code or 0.
/// </summary>
public readonly record struct EventRecord(EventKind Kind, long Sequence, int Recipient, long TimeNs, long ValueNs, short Code)
{
    public const int SizeBytes = 32;

    public void Write(Span<byte> target)
    {
        target[0] = (byte)Kind;
        target[1] = 0;
        BinaryPrimitives.WriteInt16LittleEndian(target[2..], Code);
        BinaryPrimitives.WriteInt32LittleEndian(target[4..], Recipient);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], TimeNs);
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], ValueNs);
    }

    public static EventRecord Read(ReadOnlySpan<byte> source) => new(
        (EventKind)source[0],
        BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
        BinaryPrimitives.ReadInt32LittleEndian(source[4..]),
        BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
        BinaryPrimitives.ReadInt64LittleEndian(source[24..]),
        BinaryPrimitives.ReadInt16LittleEndian(source[2..]));
}
