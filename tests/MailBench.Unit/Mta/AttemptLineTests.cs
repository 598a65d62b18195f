using System.Net;
using System.Text;
using MailBench.Mta.Attempts;
using MailBench.Mta.Delivery;
using MailBench.Mta.Queue;
using MailBench.Wire.Smtp;
using Xunit;

namespace MailBench.Unit.Mta;

public class AttemptLineTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 5, 9, 30, 0, 123, TimeSpan.Zero);

    [Fact]
    public void Line_says_who_where_what_why_and_when_again() => Assert.Equal(
        "2026-01-05T09:30:00.123Z 1Z deferred to=<u1@d0.test> host=mx0.test[127.0.1.1] reply=\"450 4.2.0 later\" step=\"RCPT\" status=4.2.0 attempt=1 delay=0.012s next=5s\n",
        Line(Outcome("u1@d0.test", OutcomeKind.Deferred) with
        {
            Reply = SmtpReply.Of(450, "4.2.0", "later"),
            Step = "RCPT",
            Host = "mx0.test",
            Address = IPAddress.Parse("127.0.1.1"),
            DelayNs = 12_000_000,
        }, AttemptVerdict.Deferred, TimeSpan.FromSeconds(5)));

    [Fact]
    public void Line_without_a_host_says_why() => Assert.Contains(
        "failed to=<u1@d0.test> why=\"there is no such domain\" status=5.1.2",
        Line(Outcome("u1@d0.test", OutcomeKind.Failed) with { Detail = "there is no such domain", OwnStatus = "5.1.2" }, AttemptVerdict.Failed), StringComparison.Ordinal);

    [Theory]
    [InlineData("no\n2026-01-05T09:30:00.123Z 1Z delivered")]
    [InlineData("no\" status=2.0.0")]
    [InlineData("\u001b[2J\u0007\0\u0085\u2028\u202e\\")]
    public void Strangers_cannot_end_a_line_or_a_quote(string text)
    {
        var line = Line(Outcome("a\nb\"@d0.test", OutcomeKind.Failed) with { Reply = SmtpReply.Of(550, "5.0.0", text), Host = "x\ny", Detail = text }, AttemptVerdict.Failed);
        Assert.Equal(1, line.Count(c => c == '\n'));
        Assert.EndsWith("\n", line, StringComparison.Ordinal);
        Assert.DoesNotContain(line[..^1], c => c is < ' ' or > '~');
        Assert.Equal(2, CountUnescapedQuotes(line[line.IndexOf("reply=", StringComparison.Ordinal)..line.IndexOf(" why=", StringComparison.Ordinal)]));
    }

    [Fact]
    public void Long_words_are_cut() => Assert.True(
        Line(Outcome("u1@d0.test", OutcomeKind.Failed) with { Reply = SmtpReply.Of(550, "5.0.0", new string('x', 100_000)) }, AttemptVerdict.Failed).Length < 1000);

    private static int CountUnescapedQuotes(string text)
    {
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\') i++;
            else if (text[i] == '"') count++;
        }

        return count;
    }

    private static string Line(in DeliveryOutcome outcome, AttemptVerdict verdict, TimeSpan? retryIn = null)
    {
        var line = new StringBuilder();
        AttemptLine.Append(line, outcome, verdict, attempt: 1, retryIn, At);
        return line.ToString();
    }

    private static DeliveryOutcome Outcome(string recipient, OutcomeKind kind) => new()
    {
        Entry = new QueueEntry
        {
            Id = new QueueId(71),
            ReversePath = [],
            Recipients = [new RecipientEntry(Encoding.Latin1.GetBytes(recipient))],
            ContentBytes = 1,
            AcceptedUnixMs = 0,
        },
        Recipient = 0,
        Kind = kind,
    };
}
