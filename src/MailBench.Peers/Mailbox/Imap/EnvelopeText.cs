using System.Buffers;
using System.Text;
using MailBench.Wire.Imap;
using MimeKit;
using MimeKit.Utils;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>Writes envelopes (RFC 3501 §7.4.2): texts as their header fields have them, unfolded; names encoded again as RFC 2047 has it.</summary>
internal static class EnvelopeText
{
    public static void Write(MimeMessage message, IBufferWriter<byte> output)
    {
        var headers = message.Headers;
        output.Write("("u8);
        WriteRaw(headers, HeaderId.Date, output);
        output.Write(" "u8);
        WriteRaw(headers, HeaderId.Subject, output);
        output.Write(" "u8);
        WriteAddresses(message.From, output);
        output.Write(" "u8);

        // RFC 3501 §7.4.2: who is not named as sender or for replies is the author.
        if (message.Sender is { } sender) WriteAddresses(new InternetAddressList([sender]), output);
        else WriteAddresses(message.From, output);
        output.Write(" "u8);
        WriteAddresses(message.ReplyTo.Count > 0 ? message.ReplyTo : message.From, output);
        output.Write(" "u8);
        WriteAddresses(message.To, output);
        output.Write(" "u8);
        WriteAddresses(message.Cc, output);
        output.Write(" "u8);
        WriteAddresses(message.Bcc, output);
        output.Write(" "u8);
        WriteRaw(headers, HeaderId.InReplyTo, output);
        output.Write(" "u8);
        WriteRaw(headers, HeaderId.MessageId, output);
        output.Write(")"u8);
    }

    /// <summary>A field as it is in the header, on one line; NIL where it is not.</summary>
    public static void WriteRaw(HeaderList headers, HeaderId field, IBufferWriter<byte> output)
    {
        var at = headers.IndexOf(field);
        if (at < 0) output.Write("NIL"u8);
        else ImapText.WriteString(Unfold(headers[at].RawValue), output);
    }

    public static ReadOnlySpan<byte> Unfold(byte[] raw)
    {
        var text = new byte[raw.Length];
        var length = 0;
        foreach (var octet in raw)
            if (octet is not ((byte)'\r' or (byte)'\n' or 0)) text[length++] = octet == (byte)'\t' ? (byte)' ' : octet;
        return text.AsSpan(0, length).Trim((byte)' ');
    }

    private static void WriteAddresses(InternetAddressList addresses, IBufferWriter<byte> output)
    {
        if (addresses.Count == 0)
        {
            output.Write("NIL"u8);
            return;
        }

        output.Write("("u8);
        foreach (var address in addresses) WriteAddress(address, output);
        output.Write(")"u8);
    }

    private static void WriteAddress(InternetAddress address, IBufferWriter<byte> output)
    {
        if (address is GroupAddress group)
        {
            Write(null, group.Name, null, output);
            foreach (var member in group.Members) WriteAddress(member, output);
            Write(null, null, null, output);
            return;
        }

        var mailbox = ((MailboxAddress)address).Address;
        var at = mailbox.LastIndexOf('@');
        Write(address.Name, at < 0 ? mailbox : mailbox[..at], at < 0 ? "" : mailbox[(at + 1)..], output);
    }

    /// <summary>name, source route (nobody has one any more), mailbox, host.</summary>
    private static void Write(string? name, string? mailbox, string? host, IBufferWriter<byte> output)
    {
        output.Write("("u8);
        if (string.IsNullOrEmpty(name)) output.Write("NIL"u8);
        else ImapText.WriteString(Ascii.IsValid(name) ? Encoding.ASCII.GetBytes(name) : Unfold(Rfc2047.EncodeText(Encoding.UTF8, name)), output);
        output.Write(" NIL "u8);
        ImapText.WriteNString(mailbox, output);
        output.Write(" "u8);
        ImapText.WriteNString(host, output);
        output.Write(")"u8);
    }
}
