using System.Text;
using MailBench.Peers.Sink;
using Xunit;

namespace MailBench.Unit.Peers.Sink;

public sealed class DsnReaderTests
{
    private const string Postfix = """
        From: MAILER-DAEMON@sut.test (Mail Delivery System)
        Subject: Undelivered Mail Returned to Sender
        To: ab12.3-0.7@source.test
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="B"

        --B
        Content-Type: text/plain; charset=us-ascii

        I'm sorry.

        --B
        Content-Type: message/delivery-status

        Reporting-MTA: dns; sut.test
        Arrival-Date: Tue, 24 Nov 2026 00:00:00 +0000 (UTC)

        Final-Recipient: rfc822; u3@d5.test
        Original-Recipient: rfc822;u3@d5.test
        Action: failed
        Status: 5.1.1
        Diagnostic-Code: smtp; 550 5.1.1 no such user

        Final-Recipient: rfc822; other@elsewhere.test
        Original-Recipient: rfc822; <u4@d6.test>
        Action: failed (permanently)
        Status: 4.4.1

        Final-Recipient: rfc822; u5@d7.test
        Action: delayed
        Status: 4.2.0

        Final-Recipient: rfc822; postmaster@d7.test
        Action: failed
        Status: 5.0.0

        --B
        Content-Type: message/rfc822

        Subject: the message

        text
        --B--
        """;

    [Fact]
    public void Reads_failed_recipients_and_their_codes() =>
        Assert.Equal([new(3, 550), new(4, 0), new(-1, 0)], DsnReader.ReadFailed(Octets(Postfix)));

    [Fact]
    public void Reads_them_from_a_report_that_is_cut_off_behind_its_status() =>
        Assert.Equal(3, DsnReader.ReadFailed(Octets(Postfix[..Postfix.IndexOf("Subject: the", StringComparison.Ordinal)])).Count);

    [Fact]
    public void Finds_no_failure_in_a_report_of_delay() =>
        Assert.Empty(DsnReader.ReadFailed(Octets(Postfix.Replace("Action: failed", "Action: delayed", StringComparison.Ordinal))));

    [Theory]
    [InlineData("Hi. This is the qmail-send program.\n\n<u1@d1.test>:\nSorry, no mailbox here by that name.\n")]
    [InlineData("")]
    [InlineData("Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n--x--\n")]
    [InlineData("\0\0\0")]
    public void Calls_a_bounce_without_readable_status_unreadable(string text) =>
        Assert.Equal([new FailedRecipient(-1, 0)], DsnReader.ReadFailed(Octets(text)));

    private static byte[] Octets(string text) => Encoding.Latin1.GetBytes(text.ReplaceLineEndings("\r\n"));
}
