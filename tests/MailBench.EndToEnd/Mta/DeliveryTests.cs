using System.Text;
using MailBench.Model.Options;
using MailKit.Net.Smtp;
using MimeKit;
using Xunit;

namespace MailBench.EndToEnd.Mta;

public class DeliveryTests
{
    private const string Content = "Subject: one\r\n\r\n.dots\r\n..and dots\r\nlast\r\n";

    [Theory]
    [InlineData(DeliveryStrategy.PerRecipient, 7)]
    [InlineData(DeliveryStrategy.PerDomain, 4)]
    [InlineData(DeliveryStrategy.PerMxSet, 2)]
    [InlineData(DeliveryStrategy.PerMxHost, 2)]
    public async Task Delivers_to_one_and_to_many(DeliveryStrategy strategy, int atLeast)
    {
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { Strategy = strategy });
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        string[] many = ["u0@d0.test", "u1@d1.test", "u2@d2.test", "u3@d0.test", "u4@d1.test", "u5@d2.test"];
        var first = await client.TransactAsync("a@source.test", Content, "u9@d3.test");
        Assert.StartsWith("250 2.0.0 Ok: queued as ", first, StringComparison.Ordinal);
        Assert.StartsWith("250 ", await client.TransactAsync("b@source.test", Content, many), StringComparison.Ordinal);
        Assert.StartsWith("221 ", await client.SayAsync("QUIT"), StringComparison.Ordinal);

        await rig.CountReachesAsync("delivered", 7);
        Assert.Equal((7L, 0L, 0L), (rig.Count("accepted"), rig.Count("queued"), rig.Count("failed")));
        Assert.InRange(rig.Count("transactionsOut"), atLeast, 7);
        var saved = rig.Saved();
        Assert.Equal(["u9@d3.test"], saved.Where(message => message.ReversePath == "a@source.test").SelectMany(message => message.Recipients));
        Assert.Equal(many, saved.Where(message => message.ReversePath == "b@source.test").SelectMany(message => message.Recipients).Order(StringComparer.Ordinal));
        var one = saved.Single(message => message.ReversePath == "a@source.test");
        Assert.EndsWith("\r\n" + Content, one.Text, StringComparison.Ordinal);
        Assert.Equal("Received: from client.test ([127.0.0.1])", one.Text[..one.Text.IndexOf("\r\n", StringComparison.Ordinal)]);
        Assert.Contains($"with ESMTP id {first["250 2.0.0 Ok: queued as ".Length..]};", one.Text, StringComparison.Ordinal);
        Assert.Equal(1, one.Text.Split("Received:").Length - 1);
        Assert.Empty(rig.Complaints);
    }

    [Fact]
    public async Task Deferred_recipient_is_delivered_on_retry_and_the_log_says_why_it_waited()
    {
        await using var rig = await MtaRig.StartAsync(refuse: [new RefusalRule(RefusalPhase.Rcpt, 450, "4.2.0", 1, null)]);
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        await client.TransactAsync("a@source.test", Content, "u0@d0.test");
        await rig.CountReachesAsync("deferred", 1);
        Assert.Equal(1, rig.Count("queued"));
        await MtaRig.EventuallyAsync(() => rig.AttemptLog.Contains(" deferred to=<u0@d0.test> host=mx", StringComparison.Ordinal), () => rig.AttemptLog);
        Assert.Contains("reply=\"450 4.2.0", rig.AttemptLog, StringComparison.Ordinal);

        await rig.StopSinkAsync();
        await rig.StartSinkAsync();
        await rig.CountReachesAsync("delivered", 1);
        Assert.Equal((0L, 0L, 0L), (rig.Count("deferred"), rig.Count("queued"), rig.Count("dsns")));
        Assert.Single(rig.Saved());
    }

    [Fact]
    public async Task Retries_wait_behind_a_site_that_cannot_be_reached_and_all_go_when_one_of_them_reaches_it()
    {
        const int messages = 40;
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { Retry = MtaRig.Settings.Retry with { Max = TimeSpan.FromMinutes(1) } });
        await rig.StopSinkAsync();
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        for (var i = 0; i < messages; i++) await client.TransactAsync("a@source.test", Content, "u0@d0.test");
        // Each has its first attempt and so its reason; then one at a time tries for all, when by their own schedule all would have been tried again.
        await MtaRig.EventuallyAsync(() => Attempts(1) == messages, () => rig.AttemptLog);
        await MtaRig.EventuallyAsync(() => rig.AttemptLog.Split('\n').Length > messages + 2, () => rig.AttemptLog);
        Assert.InRange(Attempts(2), 1, messages / 2);
        await rig.StartSinkAsync();
        await rig.CountReachesAsync("delivered", messages);
        Assert.Equal(messages, rig.Saved().Count);

        int Attempts(int attempt) => rig.AttemptLog.Split($" attempt={attempt} ").Length - 1;
    }

    [Fact]
    public async Task Refused_recipients_of_a_message_come_back_in_one_DSN()
    {
        await using var rig = await MtaRig.StartAsync(refuse: [new RefusalRule(RefusalPhase.Rcpt, 550, "5.1.1", 1, "bad*")]);
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        await client.TransactAsync("run.0-0.7@source.test", Content, "good@d0.test", "bad1@d1.test", "bad2@d2.test");
        await rig.CountReachesAsync("dsns", 1);
        await rig.CountReachesAsync("queued", 0);
        Assert.Equal((3L, 1L, 2L), (rig.Count("accepted"), rig.Count("delivered"), rig.Count("failed")));

        var dsn = rig.Saved().Single(message => message.ReversePath.Length == 0);
        Assert.Equal(["run.0-0.7@source.test"], dsn.Recipients);
        var report = (MultipartReport)MimeMessage.Load(new MemoryStream(dsn.Content)).Body!;
        var groups = ((MessageDeliveryStatus)report[1]).StatusGroups;
        Assert.Equal(["rfc822; bad1@d1.test", "rfc822; bad2@d2.test"], groups.Skip(1).Select(group => group["Final-Recipient"]!).Order(StringComparer.Ordinal));
        Assert.All(groups.Skip(1), group => Assert.Equal("5.1.1", group["Status"]));
        Assert.Contains("Subject: one", dsn.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("..and dots", dsn.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Recipient_beyond_its_lifetime_is_given_up_with_a_DSN()
    {
        var retry = new RetrySettings { First = TimeSpan.FromMilliseconds(50), Max = TimeSpan.FromMilliseconds(50), Lifetime = TimeSpan.FromMilliseconds(200) };
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { Retry = retry }, [new RefusalRule(RefusalPhase.Rcpt, 451, "4.7.1", 1, "late*")]);
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        await client.TransactAsync("a@source.test", Content, "late@d0.test");
        await rig.CountReachesAsync("failed", 1);
        await rig.CountReachesAsync("queued", 0);
        var dsn = rig.Saved().Single();
        Assert.Contains("Status: 4.7.1", dsn.Text, StringComparison.Ordinal);
        Assert.Contains("Diagnostic-Code: smtp; 451 4.7.1", dsn.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failure_of_a_null_reverse_path_makes_no_DSN()
    {
        await using var rig = await MtaRig.StartAsync(refuse: [new RefusalRule(RefusalPhase.Rcpt, 550, "5.1.1", 1, null)]);
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        await client.TransactAsync("", Content, "u0@d0.test");
        await rig.CountReachesAsync("failed", 1);
        Assert.Equal((0L, 0L), (rig.Count("dsns"), rig.Count("queued")));

        // A DSN that is refused ends there, too.
        await client.TransactAsync("a@source.test", Content, "u0@d0.test");
        await rig.CountReachesAsync("dsns", 1);
        await rig.CountReachesAsync("queued", 0);
        Assert.Equal(1, rig.Count("dsns"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Mail_that_waits_at_a_stop_is_delivered_after_the_restart(int queueDirectories)
    {
        var settings = MtaRig.Settings with { QueueDirectories = queueDirectories };
        await using var rig = await MtaRig.StartAsync(settings);
        await rig.StopSinkAsync();
        using (var client = await RawClient.GreetedAsync(rig.EndPoint))
        {
            for (var i = 0; i < 5; i++) await client.TransactAsync("a@source.test", Content, $"u{2 * i}@d0.test", $"u{(2 * i) + 1}@d1.test");
        }

        await rig.CountReachesAsync("deferred", 10);
        await rig.StopMtaAsync();

        await rig.StartSinkAsync();
        await rig.StartMtaAsync(settings);
        Assert.Equal(10, rig.Count("recovered"));
        await rig.CountReachesAsync("delivered", 10);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"u{i}@d{i % 2}.test"), rig.Saved().SelectMany(message => message.Recipients).Order(StringComparer.Ordinal));
        Assert.All(rig.Saved(), message => Assert.EndsWith(Content, message.Text, StringComparison.Ordinal));
        await rig.StopMtaAsync();
        await rig.StartMtaAsync(settings);
        Assert.Equal(0, rig.Count("recovered"));
    }

    [Fact]
    public async Task MailKit_sends_a_message_with_an_attachment()
    {
        await using var rig = await MtaRig.StartAsync();
        var attachment = new byte[300_000];
        new Random(1).NextBytes(attachment);
        var body = new BodyBuilder { TextBody = "see attachment\r\n.\r\n" };
        body.Attachments.Add("a.bin", attachment);
        using var message = new MimeMessage { Subject = "caf\u00e9", Body = body.ToMessageBody() };
        message.From.Add(MailboxAddress.Parse("a@source.test"));
        message.To.Add(MailboxAddress.Parse("u0@d0.test"));
        message.Bcc.Add(MailboxAddress.Parse("u1@d1.test"));
        using var client = new SmtpClient();
        await client.ConnectAsync(rig.EndPoint.Address.ToString(), rig.EndPoint.Port, MailKit.Security.SecureSocketOptions.None);
        Assert.True(client.Capabilities.HasFlag(SmtpCapabilities.Pipelining | SmtpCapabilities.EightBitMime | SmtpCapabilities.Size | SmtpCapabilities.EnhancedStatusCodes));
        await client.SendAsync(message);
        await client.DisconnectAsync(true);

        await rig.CountReachesAsync("delivered", 2);
        foreach (var saved in rig.Saved())
        {
            var arrived = MimeMessage.Load(new MemoryStream(saved.Content));
            Assert.Equal("caf\u00e9", arrived.Subject);
            using var octets = new MemoryStream();
            ((MimePart)arrived.Attachments.Single()).Content!.DecodeTo(octets);
            Assert.Equal(attachment, octets.ToArray());
        }
    }
}
