using System.Globalization;
using System.Text;
using MailBench.Model.Events;
using MimeKit;

namespace MailBench.Peers.Sink;

/// <summary>A recipient that a DSN reports failed. Index -1: unreadable. Code: the reply in its Diagnostic-Code, or 0.</summary>
internal readonly record struct FailedRecipient(int Index, short Code);

/// <summary>Reads failed recipients out of delivery status notifications (RFC 3464).</summary>
internal static class DsnReader
{
    private static readonly FailedRecipient Unreadable = new(-1, 0);

    /// <summary>
    /// The recipients whose action is <c>failed</c>; none for a DSN that only tells of a delay or of success; a single unreadable one for what has no
    /// readable message/delivery-status part (the bounces that need a parser each are told apart by nobody here).
    /// </summary>
    public static IReadOnlyList<FailedRecipient> ReadFailed(ReadOnlySpan<byte> content)
    {
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        MessageDeliveryStatus? status;
        try
        {
            status = MimeMessage.Load(stream).BodyParts.OfType<MessageDeliveryStatus>().FirstOrDefault();
        }
        catch (FormatException)
        {
            return [Unreadable];
        }

        var groups = status?.StatusGroups.Where(group => group.Contains("Action")).ToList();
        if (groups is null or []) return [Unreadable];
        return [.. groups.Where(IsFailed).Select(Read)];
    }

    private static bool IsFailed(HeaderList group) => group["Action"]?.Trim().StartsWith("failed", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>The original recipient is what the source sent to; the final one may be an alias of it (RFC 3464 §2.3.1).</summary>
    private static FailedRecipient Read(HeaderList group)
    {
        var code = ReadCode(group["Diagnostic-Code"]);
        foreach (var field in new[] { "Original-Recipient", "Final-Recipient" })
            if (group[field] is { } value && RecipientAddress.TryParseIndex(Encoding.UTF8.GetBytes(AddressOf(value)), out var index)) return new FailedRecipient(index, code);
        return Unreadable with { Code = code };
    }

    /// <summary><c>rfc822; &lt;u1@d1.test&gt;</c> is written with and without type and brackets.</summary>
    private static string AddressOf(string value) => value[(value.IndexOf(';', StringComparison.Ordinal) + 1)..].Trim().Trim('<', '>');

    private static short ReadCode(string? diagnostic)
    {
        if (diagnostic is null) return 0;
        var text = diagnostic[(diagnostic.IndexOf(';', StringComparison.Ordinal) + 1)..].AsSpan().TrimStart();
        return text.Length >= 3 && short.TryParse(text[..3], NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code is >= 400 and < 600 ? code : (short)0;
    }
}
