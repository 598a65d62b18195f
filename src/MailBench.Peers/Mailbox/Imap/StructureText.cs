using System.Buffers;
using System.Text;
using MailBench.Wire.Imap;
using MimeKit;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>Writes BODY and BODYSTRUCTURE (RFC 3501 §7.4.2) of a part whose message's octets are at hand.</summary>
internal static class StructureText
{
    public static void Write(MessagePart part, ReadOnlySpan<byte> message, bool extended, IBufferWriter<byte> output)
    {
        output.Write("("u8);
        if (part is { IsMultipart: true, Children.Count: > 0 }) WriteMultipart(part, message, extended, output);
        else WriteSingle(part, message, extended, output);
        output.Write(")"u8);
    }

    private static void WriteMultipart(MessagePart part, ReadOnlySpan<byte> message, bool extended, IBufferWriter<byte> output)
    {
        foreach (var child in part.Children) Write(child, message, extended, output);
        var type = part.Entity!.ContentType;
        output.Write(" "u8);
        ImapText.WriteNString(type.MediaSubtype, output);
        if (!extended) return;
        output.Write(" "u8);
        WriteParameters(type.Parameters, output);
        WriteDisposition(part.Entity, output);
    }

    private static void WriteSingle(MessagePart part, ReadOnlySpan<byte> message, bool extended, IBufferWriter<byte> output)
    {
        var entity = part.Entity!;
        var type = entity.ContentType;

        // A multipart without parts is no structure that the grammar knows: it is said to be text.
        var (media, subtype) = part.IsMultipart ? ("text", "plain") : (type.MediaType, type.MediaSubtype);
        ImapText.WriteNString(media, output);
        output.Write(" "u8);
        ImapText.WriteNString(subtype, output);
        output.Write(" "u8);
        if (type.Parameters.Count == 0 && entity is TextPart) output.Write("(\"charset\" \"us-ascii\")"u8);
        else WriteParameters(type.Parameters, output);
        output.Write(" "u8);
        EnvelopeText.WriteRaw(entity.Headers, HeaderId.ContentId, output);
        output.Write(" "u8);
        EnvelopeText.WriteRaw(entity.Headers, HeaderId.ContentDescription, output);
        output.Write(" "u8);
        if (entity.Headers.Contains(HeaderId.ContentTransferEncoding)) EnvelopeText.WriteRaw(entity.Headers, HeaderId.ContentTransferEncoding, output);
        else output.Write("\"7bit\""u8);
        output.Write(" "u8);
        ImapText.WriteNumber(part.End - part.Body, output);
        if (part.Message is { } inner)
        {
            output.Write(" "u8);
            EnvelopeText.Write(part.Source!, output);
            output.Write(" "u8);
            Write(inner, message, extended, output);
        }

        if (part.Message is not null || media.Equals("text", StringComparison.OrdinalIgnoreCase))
        {
            output.Write(" "u8);
            ImapText.WriteNumber(message[part.Body..part.End].Count((byte)'\n'), output);
        }

        if (!extended) return;
        output.Write(" "u8);
        EnvelopeText.WriteRaw(entity.Headers, HeaderId.ContentMd5, output);
        WriteDisposition(entity, output);
    }

    /// <summary>Disposition, language and location: the extension data that single parts and multiparts have in common.</summary>
    private static void WriteDisposition(MimeEntity entity, IBufferWriter<byte> output)
    {
        output.Write(" "u8);
        if (entity.ContentDisposition is { } disposition)
        {
            output.Write("("u8);
            ImapText.WriteNString(disposition.Disposition, output);
            output.Write(" "u8);
            WriteParameters(disposition.Parameters, output);
            output.Write(")"u8);
        }
        else
        {
            output.Write("NIL"u8);
        }

        output.Write(" "u8);
        EnvelopeText.WriteRaw(entity.Headers, HeaderId.ContentLanguage, output);
        output.Write(" "u8);
        EnvelopeText.WriteRaw(entity.Headers, HeaderId.ContentLocation, output);
    }

    private static void WriteParameters(ParameterList parameters, IBufferWriter<byte> output)
    {
        if (parameters.Count == 0)
        {
            output.Write("NIL"u8);
            return;
        }

        output.Write("("u8);
        var first = true;
        foreach (var parameter in parameters)
        {
            if (!first) output.Write(" "u8);
            first = false;
            ImapText.WriteNString(parameter.Name, output);
            output.Write(" "u8);
            ImapText.WriteString(Encoding.UTF8.GetBytes(parameter.Value ?? ""), output);
        }

        output.Write(")"u8);
    }
}
