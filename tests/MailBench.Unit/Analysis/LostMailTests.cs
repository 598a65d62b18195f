using MailBench.Analysis.Verdicts;
using Xunit;

namespace MailBench.Unit.Analysis;

public sealed class LostMailTests
{
    [Theory]
    [InlineData(
        "Nov 24 17:18:46 sut postfix/qmgr[123]: 1097EB8C0A3: from=<7f3a.1-0.5@source.test>, size=900, nrcpt=2 (queue active)",
        "Nov 24 17:18:47 sut postfix/smtp[124]: 1097EB8C0A3: to=<u1@d3.test>, relay=h1, status=sent (250 Ok)",
        "Nov 24 17:18:48 sut postfix/discard[125]: 2222AAA2222: to=<u1@d3.test>, relay=none, status=sent (another)")]
    [InlineData(
        "2026-11-24 17:18:46 1r6Xyz-000abc-2F <= 7f3a.1-0.5@source.test H=(x) [127.0.0.1] P=esmtp S=900",
        "2026-11-24 17:18:47 1r6Xyz-000abc-2F => u1@d3.test R=by_mx T=smtp_out",
        "2026-11-24 17:18:48 1r6XyA-000abd-1F => u1@d3.test R=by_mx T=smtp_out")]
    [InlineData(
        "smtpd[9]: 5fd1 smtp message msgid=b869f7f2 size=900 nrcpt=2 proto=ESMTP",
        "smtpd[9]: 5fd2 mta delivery evpid=b869f7f2aabbccdd from=<7f3a.1-0.5@source.test> to=<u1@d3.test> result=\"Ok\"",
        "smtpd[9]: 5fd3 mta delivery evpid=c869f7f2aabbccdd from=<7f3a.1-0.6@source.test> to=<u1@d3.test> result=\"Ok\"")]
    public void What_a_log_says_of_a_recipient_is_found_by_the_messages_queue_id(string first, string wanted, string another) =>
        Assert.Equal(wanted, LostMail.LastWords(() => [first, wanted, another], "7f3a.1-0.5@source.test", "u1@d3.test"));

    [Fact]
    public void A_log_that_names_no_recipient_still_tells_of_the_message_and_one_that_names_neither_tells_nothing()
    {
        string[] lines = ["QX: 1097EB8C0A3: from=<7f3a.1-0.5@source.test>", "QX: 1097EB8C0A3: removed", "QX: 3333EB8C0A3: removed"];
        Assert.Equal(lines[1], LostMail.LastWords(() => lines, "7f3a.1-0.5@source.test", "u1@d3.test"));
        Assert.Null(LostMail.LastWords(() => lines, "7f3a.1-0.7@source.test", "u1@d3.test"));
    }
}
