using MimeKit;

namespace MailBench.Peers.Mailbox.Imap;

/// <summary>
/// A part of a message's structure with the places of its octets in the message as it goes over the wire: header (empty line included) from <paramref name="Begin"/>, body from
/// <paramref name="Body"/>, to <paramref name="End"/>, without the line end that belongs to a boundary.
/// </summary>
internal sealed record MessagePart(MimeEntity? Entity, int Begin, int Body, int End)
{
    /// <summary>Of a multipart.</summary>
    public IReadOnlyList<MessagePart> Children { get; init; } = [];

    /// <summary>The message in a message/rfc822, and of the whole: its one entity, which has the message's header.</summary>
    public MessagePart? Message { get; init; }

    /// <summary>The envelope's source where <see cref="Message"/> is there.</summary>
    public MimeMessage? Source { get; init; }

    public bool IsMultipart => Entity is Multipart;

    /// <summary>The part of a section's numbers (RFC 3501 §6.4.5); null: there is none.</summary>
    public MessagePart? At(IReadOnlyList<int> path)
    {
        var part = this;
        foreach (var number in path)
        {
            var holder = part.Message ?? part;
            if (holder.IsMultipart)
            {
                if (number > holder.Children.Count) return null;
                part = holder.Children[number - 1];
            }
            else if (part.Message is not null && number == 1)
            {
                part = holder;
            }
            else
            {
                return null;
            }
        }

        return part;
    }
}
