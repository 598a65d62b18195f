using MailBench.EndToEnd.Mta;
using MailBench.Model.Options;
using Xunit;

namespace MailBench.EndToEnd.Faults;

/// <summary>The wall clock is set while mail waits: nothing expires, nothing is tried early, nothing waits longer for it.</summary>
public sealed class ClockStepTests
{
    private const string Content = "Subject: one\r\n\r\nbody\r\n";
    private static readonly RetrySettings Retry = new() { First = TimeSpan.FromMilliseconds(300), Max = TimeSpan.FromSeconds(1), Lifetime = TimeSpan.FromDays(5) };

    [Theory]
    [InlineData(30)]
    [InlineData(-30)]
    public async Task Mail_that_waits_neither_expires_nor_waits_longer(int days)
    {
        var clock = new StepClock();
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { Retry = Retry }, TimeSpan.FromHours(1), clock);
        await rig.StopSinkAsync();
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, "u0@d0.test"), StringComparison.Ordinal);
        await rig.CountReachesAsync("deferred", 1);
        clock.Step(TimeSpan.FromDays(days));
        Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, "u1@d0.test"), StringComparison.Ordinal);

        // It has been tried again since, and is as patient as before.
        await MtaRig.EventuallyAsync(() => rig.AttemptLog.Contains("attempt=3", StringComparison.Ordinal), () => rig.AttemptLog);
        Assert.Equal((2, 0, 0), (rig.Count("queued"), rig.Count("failed"), rig.Count("dsns")));
        await rig.StartSinkAsync();
        await rig.CountReachesAsync("delivered", 2);
        Assert.Equal((2, 0), (rig.Count("accepted"), rig.Count("queued")));

        // What people read is the clock's time.
        Assert.Contains(rig.Saved(), message => message.Text.Contains($"{clock.GetUtcNow():yyyy} ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_clock_set_back_between_two_lives_puts_no_retry_off()
    {
        var clock = new StepClock();
        clock.Step(TimeSpan.FromDays(2));
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { Retry = Retry }, TimeSpan.FromHours(1), clock);
        await rig.StopSinkAsync();
        using (var client = await RawClient.GreetedAsync(rig.EndPoint))
            Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, "u0@d0.test"), StringComparison.Ordinal);
        await rig.CountReachesAsync("deferred", 1);
        await rig.StopMtaAsync();
        clock.Step(TimeSpan.FromDays(-2));
        await rig.StartSinkAsync();
        await rig.StartMtaAsync(MtaRig.Settings with { Retry = Retry });
        await rig.CountReachesAsync("delivered", 1);
    }
}
