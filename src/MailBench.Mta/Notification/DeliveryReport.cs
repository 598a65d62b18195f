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
        words.Append(CultureInfo.InvariantCulture, $"Your message could not be delivered to {(failures.Count == 1 ? "one recipient" : $"{failures.Count} recipients")}. It will not be\r\n");
        words.Append("tried again. Recipients who are not named here are not affected.\r\n");
        foreach (var failure in failures)
        {
            words.Append(CultureInfo.InvariantCulture, $"\r\n<{Field(Text(entry.Recipients[failure.Recipient].Address))}>\r\n    ");
            AppendFolded(words, Field(failure.Reason), at: 4, indent: "    ");
        }

        return new TextPart("plain") { Text = words.ToString(), ContentTransferEncoding = ContentEncoding.SevenBit };
    }

    /// <summary>Written out here: MimeKit would encode long values as words of RFC 2047, which these fields do not allow (RFC 3464 §2.1.1).</summary>
    private static MimePart Status(QueueEntry entry, IReadOnlyList<RecipientFailure> failures, string hostName)
    {
        var status = new StringBuilder();
        Add(status, "Reporting-MTA", $"dns; {hostName}");
        Add(status, "Arrival-Date", TraceHeader.Date(DateTimeOffset.FromUnixTimeMilliseconds(entry.AcceptedUnixMs)));
        foreach (var failure in failures)
        {
            status.Append("\r\n");
            Add(status, "Final-Recipient", $"rfc822; {Field(Text(entry.Recipients[failure.Recipient].Address))}");
            Add(status, "Action", "failed");
            Add(status, "Status", failure.Status);
            if (failure.Host is { } host) Add(status, "Remote-MTA", $"dns; {Field(host)}");
            if (failure.Diagnostic is { } said) Add(status, "Diagnostic-Code", $"smtp; {Field(said)}");
            Add(status, "Last-Attempt-Date", TraceHeader.Date(failure.At));
        }

        return new MimePart("message", "delivery-status") { Content = new MimeContent(new MemoryStream(Encoding.ASCII.GetBytes(status.ToString()))) };
    }

    private static void Add(StringBuilder status, string name, string value)
    {
        status.Append(name).Append(": ");
        AppendFolded(status, value, at: name.Length + 2, indent: "\t");
    }

    /// <summary>Breaks at spaces before column 76; a longer word stays whole (fields are bounded well below 998).</summary>
    private static void AppendFolded(StringBuilder target, string text, int at, string indent)
    {
        const int width = 76;
        var first = true;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!first && at + 1 + word.Length > width)
            {
                target.Append("\r\n").Append(indent);
                at = indent.Length;
            }
            else if (!first)
            {
                target.Append(' ');
                at++;
            }

            target.Append(word);
            at += word.Length;
            first = false;
        }

        target.Append("\r\n");
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
