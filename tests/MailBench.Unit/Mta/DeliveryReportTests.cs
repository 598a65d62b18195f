using System.Net;
using System.Text;
using MailBench.Mta.Delivery;
using MailBench.Mta.Notification;
using MailBench.Mta.Queue;
using MailBench.Wire.Smtp;
using MimeKit;
using Xunit;

namespace MailBench.Unit.Mta;

public class DeliveryReportTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 5, 9, 30, 7, TimeSpan.Zero);

    [Fact]
    public void Report_reads_back_with_every_field()
    {
        var message = Compose("Subject: Hello\r\nFrom: a@x.test\r\n", Refused(0, 550, "5.1.1", "No such user"), Expired(1));

        Assert.Equal("7f3a.0-0.42@source.test", message.To.Mailboxes.Single().Address);
        Assert.Equal("MAILER-DAEMON@mta.test", message.From.Mailboxes.Single().Address);
        Assert.Equal("auto-replied", message.Headers[HeaderId.AutoSubmitted]);
        Assert.Equal(At, message.Date);
        var report = Assert.IsType<MultipartReport>(message.Body);
        Assert.Equal("delivery-status", report.ReportType);
        Assert.Equal(["text/plain", "message/delivery-status", "text/rfc822-headers"], report.Select(part => part.ContentType.MimeType));

        var groups = Assert.IsType<MessageDeliveryStatus>(report[1], exactMatch: false).StatusGroups;
        Assert.Equal(3, groups.Count);
        Assert.Equal("dns; mta.test", groups[0]["Reporting-MTA"]);
        Assert.Equal("Mon, 05 Jan 2026 09:00:00 +0000", groups[0]["Arrival-Date"]);
        Assert.Equal("rfc822; u0@d0.test", groups[1]["Final-Recipient"]);
        Assert.Equal("failed", groups[1]["Action"]);
        Assert.Equal("5.1.1", groups[1]["Status"]);
        Assert.Equal("dns; mx0.test", groups[1]["Remote-MTA"]);
        Assert.Equal("smtp; 550 5.1.1 No such user", groups[1]["Diagnostic-Code"]);
        Assert.Equal("rfc822; u1@d1.test", groups[2]["Final-Recipient"]);
        Assert.Equal("4.4.3", groups[2]["Status"]);
        Assert.Null(groups[2]["Remote-MTA"]);
        Assert.Null(groups[2]["Diagnostic-Code"]);

        var words = Assert.IsType<TextPart>(report[0]).Text;
        Assert.Contains("<u0@d0.test>", words, StringComparison.Ordinal);
        Assert.Contains("mx0.test[127.0.1.1] said to RCPT: 550 5.1.1 No such user", words, StringComparison.Ordinal);
        Assert.Contains("Given up after 3 attempts", words, StringComparison.Ordinal);
        Assert.Equal("Subject: Hello\r\nFrom: a@x.test", Decode(report[2]).TrimEnd());
    }

    [Theory]
    [InlineData(550, null, "5.0.0")]
    [InlineData(554, "5.7.1", "5.7.1")]
    [InlineData(550, "4.2.2", "5.0.0")]
    public void Status_is_the_servers_and_always_final(int code, string? enhanced, string expected) =>
        Assert.Equal(expected, Refused(0, code, enhanced, "no").Status);

    [Fact]
    public void Words_of_a_stranger_make_no_fields()
    {
        var failure = Refused(0, 550, "5.1.1", "no\nStatus: 2.0.0\r\n\r\nAction: delivered \u001b[31m\u00e9" + new string('x', 5000));
        var groups = ((MessageDeliveryStatus)((Multipart)Compose("", failure).Body!)[1]).StatusGroups;
        if (groups.Count != 2) Assert.Fail(Encoding.ASCII.GetString(Bytes("", failure)));
        Assert.Equal("5.1.1", groups[1]["Status"]);
        Assert.Equal("failed", groups[1]["Action"]);
        Assert.DoesNotContain('\u001b', groups[1]["Diagnostic-Code"]!);
    }

    [Fact]
    public void Report_is_seven_bit_with_network_line_ends_whatever_the_original_header_holds()
    {
        var bytes = Bytes("Subject: caf\u00e9 \r\nX-Long: " + new string('y', 3000) + "\r\n", Refused(0, 550, "5.1.1", "no"));
        Assert.DoesNotContain(bytes, octet => octet >= 128);
        var text = Encoding.ASCII.GetString(bytes);
        Assert.Equal(text.Count(c => c == '\n'), text.Split("\r\n").Length - 1);
        Assert.All(text.Split("\r\n"), line => Assert.True(line.Length <= 998, line));
        Assert.Equal("Subject: caf\u00e9 \r\nX-Long: " + new string('y', 3000), Decode(((Multipart)MimeMessage.Load(new MemoryStream(bytes)).Body!)[2]).TrimEnd());
    }

    private static MimeMessage Compose(string header, params RecipientFailure[] failures) => MimeMessage.Load(new MemoryStream(Bytes(header, failures)));

    private static byte[] Bytes(string header, params RecipientFailure[] failures) =>
        DeliveryReport.Compose(Entry, failures, Encoding.Latin1.GetBytes(header), "mta.test", new QueueId(99), At);

    private static QueueEntry Entry { get; } = new()
    {
        Id = new QueueId(71),
        ReversePath = "7f3a.0-0.42@source.test"u8.ToArray(),
        Recipients = [new RecipientEntry("u0@d0.test"u8.ToArray()), new RecipientEntry("u1@d1.test"u8.ToArray())],
        ContentBytes = 100,
        AcceptedUnixMs = new DateTimeOffset(2026, 1, 5, 9, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds(),
    };

    private static RecipientFailure Refused(int recipient, int code, string? enhanced, string text) => RecipientFailure.Refused(
        new DeliveryOutcome
        {
            Entry = Entry,
            Recipient = recipient,
            Kind = OutcomeKind.Failed,
            Reply = SmtpReply.Of(code, enhanced, text),
            Step = "RCPT",
            Host = "mx0.test",
            Address = IPAddress.Parse("127.0.1.1"),
        }, At);

    private static RecipientFailure Expired(int recipient) => RecipientFailure.Expired(
        new DeliveryOutcome { Entry = Entry, Recipient = recipient, Kind = OutcomeKind.Deferred, Detail = "DNS did not answer", OwnStatus = "4.4.3" }, attempts: 3, At);

    private static string Decode(MimeEntity part)
    {
        using var output = new MemoryStream();
        switch (part)
        {
            case MimePart { Content: { } content }: content.DecodeTo(output); break;
            case MessagePart { Message: { } inner }:
                var format = FormatOptions.Default.Clone();
                format.NewLineFormat = NewLineFormat.Dos;
                inner.Headers.WriteTo(format, output);
                break;
        }

        return Encoding.Latin1.GetString(output.ToArray());
    }
}
