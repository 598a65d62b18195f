using System.Text;
using MailBench.Model.Units;
using MailBench.Mta.Queue;
using Xunit;

namespace MailBench.EndToEnd.Mta;

public class SubmissionTests
{
    private const string Content = "Subject: one\r\n\r\nbody\r\n";

    [Theory]
    [InlineData("")]
    [InlineData("192.0.2.0/24")]
    public async Task Strangers_do_not_relay(string relayFrom)
    {
        await using var rig = await MtaRig.StartAsync(relayFrom: relayFrom);
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        Assert.StartsWith("250 ", await client.SayAsync("MAIL FROM:<a@source.test>"), StringComparison.Ordinal);
        Assert.Equal("550 5.7.1 Relaying denied", await client.SayAsync("RCPT TO:<u0@d0.test>"));
        Assert.StartsWith("550 5.1.1 ", await client.SayAsync("RCPT TO:<postmaster>"), StringComparison.Ordinal);
        Assert.StartsWith("501 5.1.3 ", await client.SayAsync("RCPT TO:<u0>"), StringComparison.Ordinal);
        Assert.StartsWith("5", await client.SayAsync("DATA"), StringComparison.Ordinal);
        Assert.Equal(0, rig.Count("accepted"));
    }

    [Theory]
    [InlineData("postmaster")]
    [InlineData("PostMaster@MTA.test")]
    public async Task Postmasters_mail_is_taken_from_anyone_and_goes_where_it_was_told_to(string recipient)
    {
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { Postmaster = "u7@d1.test" }, relayFrom: "");
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        Assert.StartsWith("250 ", await client.SayAsync("MAIL FROM:<a@elsewhere.example>"), StringComparison.Ordinal);
        Assert.StartsWith("250 ", await client.SayAsync($"RCPT TO:<{recipient}>"), StringComparison.Ordinal);
        Assert.Equal("550 5.7.1 Relaying denied", await client.SayAsync("RCPT TO:<u7@d1.test>"));
        Assert.Equal("550 5.7.1 Relaying denied", await client.SayAsync("RCPT TO:<postmaster@d1.test>"));
        Assert.StartsWith("354 ", await client.SayAsync("DATA"), StringComparison.Ordinal);
        Assert.StartsWith("250 ", await client.SayAsync($"{Content}."), StringComparison.Ordinal);
        await rig.CountReachesAsync("delivered", 1);
        Assert.Equal(["u7@d1.test"], Assert.Single(rig.Saved()).Recipients);
    }

    [Fact]
    public async Task Pipelined_transactions_are_answered_in_order_and_a_half_close_still_hears_the_answer()
    {
        await using var rig = await MtaRig.StartAsync();
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        var text = new StringBuilder();
        for (var i = 0; i < 20; i++) text.Append($"MAIL FROM:<a@source.test>\r\nRCPT TO:<u{i}@d0.test>\r\nDATA\r\n{Content}.\r\n");
        await client.SendAsync(text.ToString());
        client.EndInput();
        for (var i = 0; i < 20; i++)
        {
            Assert.StartsWith("250 2.1.0", await client.ReadAsync(), StringComparison.Ordinal);
            Assert.StartsWith("250 2.1.5", await client.ReadAsync(), StringComparison.Ordinal);
            Assert.StartsWith("354", await client.ReadAsync(), StringComparison.Ordinal);
            Assert.StartsWith("250 2.0.0 Ok: queued", await client.ReadAsync(), StringComparison.Ordinal);
        }

        Assert.Equal("", await client.ReadAsync());
        await rig.CountReachesAsync("delivered", 20);
    }

    [Fact]
    public async Task Message_that_loops_is_refused_at_its_end()
    {
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { MaxHops = 3 });
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        const string hop = "Received: from a by b; Mon, 05 Jan 2026 09:30:07 +0000\r\n";
        Assert.StartsWith("554 5.4.6 ", await client.TransactAsync("a@source.test", string.Concat(Enumerable.Repeat(hop, 4)) + Content, "u0@d0.test"), StringComparison.Ordinal);
        Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", string.Concat(Enumerable.Repeat(hop, 3)) + Content, "u0@d0.test"), StringComparison.Ordinal);
        await rig.CountReachesAsync("delivered", 1);
    }

    [Fact]
    public async Task Sessions_beyond_the_limit_are_told_to_come_again()
    {
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { MaxSessionsIn = 1 });
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        using var other = await RawClient.ConnectAsync(rig.EndPoint);
        Assert.StartsWith("421 4.3.2 ", await other.ReadAsync(), StringComparison.Ordinal);
        Assert.Equal("", await other.ReadAsync());
        Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, "u0@d0.test"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silent_session_is_ended()
    {
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { SessionTimeout = TimeSpan.FromSeconds(2) });
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        Assert.StartsWith("421 4.4.2 ", await client.ReadAsync(), StringComparison.Ordinal);
        Assert.Equal("", await client.ReadAsync());
    }

    [Fact]
    public async Task Content_beyond_the_memory_for_it_is_refused_and_the_session_goes_on()
    {
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { ReceiveMemory = new ByteSize(256 << 10) });
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        var large = Content + string.Concat(Enumerable.Repeat(new string('x', 998) + "\r\n", 600));
        Assert.StartsWith("452 4.3.1 ", await client.TransactAsync("a@source.test", large, "u0@d0.test"), StringComparison.Ordinal);
        Assert.StartsWith("452 4.3.1 ", await client.SayAsync("MAIL FROM:<a@source.test> SIZE=600000"), StringComparison.Ordinal);
        Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, "u0@d0.test"), StringComparison.Ordinal);
        await rig.CountReachesAsync("delivered", 1);
    }

    [Fact]
    public async Task Recipients_beyond_the_queues_limit_are_told_to_come_again()
    {
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { MaxQueuedRecipients = 2 });
        await rig.StopSinkAsync();
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        await client.SayAsync("MAIL FROM:<a@source.test>");
        Assert.StartsWith("250 ", await client.SayAsync("RCPT TO:<u0@d0.test>"), StringComparison.Ordinal);
        Assert.StartsWith("250 ", await client.SayAsync("RCPT TO:<u1@d0.test>"), StringComparison.Ordinal);
        Assert.StartsWith("452 4.3.1 ", await client.SayAsync("RCPT TO:<u2@d0.test>"), StringComparison.Ordinal);
        await client.SayAsync("DATA");
        Assert.StartsWith("250 ", await client.SayAsync(Content + "."), StringComparison.Ordinal);
        Assert.StartsWith("452 4.3.1 ", await client.SayAsync("MAIL FROM:<a@source.test>"), StringComparison.Ordinal);
        await rig.StartSinkAsync();
        await rig.CountReachesAsync("delivered", 2);
        Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, "u0@d0.test"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Full_disk_is_said_and_nothing_is_kept()
    {
        var full = true;
        await using var rig = await MtaRig.StartAsync(openQueue: options => new RefusingQueue(
            MessageQueue.Open(options.QueueDirectories, TimeProvider.System), _ => full ? new QueueRefusedException(QueueRefusal.DiskFull, "no space") : null));
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        Assert.StartsWith("452 4.3.1 ", await client.TransactAsync("a@source.test", Content, "u0@d0.test"), StringComparison.Ordinal);
        Assert.Equal(0, rig.Count("accepted"));
        full = false;
        Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, "u0@d0.test"), StringComparison.Ordinal);
        await rig.CountReachesAsync("delivered", 1);
        Assert.Single(rig.Saved());
    }

    [Fact]
    public async Task Stop_ends_idle_sessions_and_lets_a_transaction_finish()
    {
        await using var rig = await MtaRig.StartAsync();
        using var idle = await RawClient.GreetedAsync(rig.EndPoint);
        using var busy = await RawClient.GreetedAsync(rig.EndPoint);
        await busy.SayAsync("MAIL FROM:<a@source.test>");
        await busy.SayAsync("RCPT TO:<u0@d0.test>");
        await busy.SayAsync("DATA");
        await busy.SendAsync("Subject: in the middle\r\n");
        var stopped = rig.StopMtaAsync();
        Assert.StartsWith("421 4.3.2 ", await idle.ReadAsync(), StringComparison.Ordinal);
        Assert.False(stopped.IsCompleted);
        Assert.StartsWith("250 2.0.0 Ok", await busy.SayAsync("\r\nbody\r\n."), StringComparison.Ordinal);
        Assert.StartsWith("421 4.3.2 ", await busy.ReadAsync(), StringComparison.Ordinal);
        await stopped;
        await rig.StartMtaAsync();
        await MtaRig.EventuallyAsync(() => rig.Saved().Count == 1, () => rig.Mta.Counts().ToString());
    }
}
