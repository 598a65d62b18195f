using System.Globalization;
using System.Text;
using MailBench.Mta.Queue;
using MailBench.Mta.Submission;
using MimeKit;

namespace MailBench.Mta.Notification;

/// <summary>
/// A delivery status notification (RFC 3464): a multipart/report of plain words, the machine-readable status, and the header of the message in question. Pure, but for
/// the boundaries that MimeKit draws.
/// </summary>
internal static class DeliveryReport
{
    /// <summary>A field beyond this says nothing more to anyone; RFC 5322 §2.1.1 bounds lines, and replies come from strangers.</summary>
    private const int MaxFieldLength = 800;

    /// <summary>Content to queue, CRLF line ends.</summary>
    /// <param name="originalHeader">The header section as received, trace fields included; empty when it could not be read.</param>
    /// <param name="id">The DSN's own queue id, for its Message-ID.</param>
    public static byte[] Compose(QueueEntry entry, IReadOnlyList<RecipientFailure> failures, ReadOnlySpan<byte> originalHeader, string hostName, QueueId id, DateTimeOffset at)
    {
        var report = new MultipartReport("delivery-status") { Words(entry, failures, hostName), Status(entry, failures, hostName), Original(originalHeader) };
        using var message = new MimeMessage { Body = report, Subject = "Your message could not be delivered", Date = at.ToUniversalTime(), MessageId = $"{id}.dsn@{hostName}" };
        message.From.Add(new MailboxAddress("Mail Delivery System", $"MAILER-DAEMON@{hostName}"));
        message.Headers.Add(HeaderId.To, $"<{Field(Text(entry.ReversePath))}>");

        // RFC 3834 §5: nobody's vacation responder shall answer this.
        message.Headers.Add(HeaderId.AutoSubmitted, "auto-replied");

        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        using var output = new MemoryStream();
        message.WriteTo(format, output);
        return output.ToArray();
    }

    private static TextPart Words(QueueEntry entry, IReadOnlyList<RecipientFailure> failures, string hostName)
    {
        var words = new StringBuilder();
        words.Append(CultureInfo.InvariantCulture, $"This is the mail system at {hostName}.\r\n\r\n");
        words.Append("Your message could not be delivered to ");
        words.Append(failures.Count == 1 ? "one recipient" : $"{failures.Count} recipients").Append(". It will not be tried again. Delivery to\r\n");
        words.Append("recipients who are not named here is not affected.\r\n");
        foreach (var failure in failures)
            words.Append(CultureInfo.InvariantCulture, $"\r\n<{Field(Text(entry.Recipients[failure.Recipient].Address))}>\r\n    {Field(failure.Reason)}\r\n");
        return new TextPart("plain") { Text = words.ToString(), ContentTransferEncoding = ContentEncoding.QuotedPrintable };
    }

    private static MessageDeliveryStatus Status(QueueEntry entry, IReadOnlyList<RecipientFailure> failures, string hostName)
    {
        var status = new MessageDeliveryStatus();
        status.StatusGroups.Add(new HeaderList
        {
            { "Reporting-MTA", $"dns; {hostName}" },
            { "Arrival-Date", TraceHeader.Date(DateTimeOffset.FromUnixTimeMilliseconds(entry.AcceptedUnixMs)) },
        });
        foreach (var failure in failures)
        {
            var group = new HeaderList
            {
                { "Final-Recipient", $"rfc822; {Field(Text(entry.Recipients[failure.Recipient].Address))}" },
                { "Action", "failed" },
                { "Status", failure.Status },
            };
            if (failure.Host is { } host) group.Add("Remote-MTA", $"dns; {Field(host)}");
            if (failure.Diagnostic is { } said) group.Add("Diagnostic-Code", $"smtp; {Field(said)}");
            group.Add("Last-Attempt-Date", TraceHeader.Date(failure.At));
            status.StatusGroups.Add(group);
        }

        return status;
    }

    private static MimePart Original(ReadOnlySpan<byte> header)
    {
        var part = new MimePart("text", "rfc822-headers") { Content = new MimeContent(new MemoryStream(header.ToArray())) };
        part.ContentTransferEncoding = part.GetBestEncoding(EncodingConstraint.SevenBit);
        return part;
    }

    private static string Text(byte[] octets) => Encoding.Latin1.GetString(octets);

    /// <summary>Printable ASCII on one line, of bounded length: what strangers said must not become fields of its own.</summary>
    private static string Field(string text) => string.Create(Math.Min(text.Length, MaxFieldLength), text, static (target, source) =>
    {
        for (var i = 0; i < target.Length; i++) target[i] = source[i] is >= ' ' and <= '~' ? source[i] : source[i] < ' ' ? ' ' : '?';
    });
}
