namespace MailBench.Wire.Pop3;

/// <summary>The maildrop of a session as it was when it was locked (RFC 1939 §5): messages by index from 0. It does not change while the session lasts.</summary>
public interface IPop3Maildrop
{
    int Count { get; }

    /// <summary>Octets as RETR will send them, CRLF line ends counted, dots not stuffed (RFC 1939 §11).</summary>
    long SizeOf(int index);

    /// <summary>The unique-id: 1 to 70 octets of 0x21–0x7E (RFC 1939 §7).</summary>
    ReadOnlySpan<byte> UidOf(int index);
}
