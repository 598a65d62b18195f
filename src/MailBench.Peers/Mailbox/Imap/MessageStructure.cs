using MimeKit;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>Takes a message's structure apart with MimeKit, which tells where each part begins and ends.</summary>
internal static class MessageStructure
{
    /// <summary>Parts within parts: deeper ones are text to whoever reads them, and no stack grows with what a stranger sent.</summary>
    private const int MaxDepth = 30;

    private static readonly ParserOptions Options = new() { MaxMimeDepth = MaxDepth };

    /// <summary>The structure of a message with CRLF line ends. Octets that are no message are one text.</summary>
    public static MessagePart Read(byte[] octets, int length)
    {
        var places = new Dictionary<object, (int Begin, int Body, int End)>(ReferenceEqualityComparer.Instance);
        try
        {
            using var stream = new MemoryStream(octets, 0, length, writable: false);
            var parser = new MimeParser(Options, stream, MimeFormat.Entity, persistent: true);
            parser.MimeEntityEnd += (_, part) => places[part.Entity] = ((int)part.BeginOffset, (int)part.HeadersEndOffset, (int)part.EndOffset);
            var message = parser.ParseMessage();
            if (message.Body is { } body) return new MessagePart(null, 0, 0, length) { Message = Of(body, places), Source = message };
        }
        catch (FormatException)
        {
            // No header at all: the message is all body, as other servers see it.
        }

        var text = new TextPart("plain");
        text.Headers.Clear();
        return new MessagePart(null, 0, 0, length) { Message = new MessagePart(text, 0, 0, length), Source = new MimeMessage((IEnumerable<Header>)[]) };
    }

    /// <summary>The message with its contents, which outlive the octets; null: they are no message.</summary>
    public static MimeMessage? Load(byte[] octets, int length)
    {
        try
        {
            using var stream = new MemoryStream(octets, 0, length, writable: false);
            return new MimeParser(Options, stream, MimeFormat.Entity, persistent: false).ParseMessage();
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static MessagePart Of(MimeEntity entity, Dictionary<object, (int Begin, int Body, int End)> places)
    {
        var (begin, body, end) = places[entity];
        return new MessagePart(entity, begin, body, end) switch
        {
            var part when entity is Multipart multipart => part with { Children = [.. multipart.Select(child => Of(child, places))] },
            var part when entity is MimeKit.MessagePart { Message: { Body: { } inner } message } => part with { Message = Of(inner, places), Source = message },
            var part => part,
        };
    }
}
