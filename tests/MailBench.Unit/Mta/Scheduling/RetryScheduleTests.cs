using CsCheck;
using MailBench.Model.Options;
using MailBench.Mta.Queue;
using MailBench.Mta.Scheduling;
using Xunit;

namespace MailBench.Unit.Mta.Scheduling;

public sealed class RetryScheduleTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void Waits_double_from_first_up_to_max()
    {
        var schedule = new RetrySchedule(new RetrySettings { First = TimeSpan.FromSeconds(5), Max = TimeSpan.FromSeconds(60), Lifetime = TimeSpan.FromDays(5) });
        Assert.Equal([5, 10, 20, 40, 60, 60], Enumerable.Range(1, 6).Select(n => schedule.WaitNs(n) / Second));
        Assert.Equal(60 * Second, schedule.WaitNs(1000));
    }

    [Fact]
    public void Retries_are_never_early_and_late_by_an_eighth_at_most() =>
        Gen.Select(Gen.Long[1, 1L << 50], Gen.Int[1, 100], Gen.Long[0, 1L << 60], Gen.ULong).Sample((message, attempts, now, seed) =>
        {
            var schedule = new RetrySchedule(new RetrySettings(), seed);
            Assert.True(schedule.TryNext(new QueueId(message), attempts, 0, now, out var due));
            var wait = schedule.WaitNs(attempts);
            Assert.InRange(due - now, wait, wait + (wait / 8));
        });

    [Fact]
    public void Recipients_of_a_message_deferred_a_little_apart_are_due_together()
    {
        var schedule = new RetrySchedule(new RetrySettings(), 7);
        var dues = new HashSet<long>();
        for (var i = 0; i < 50; i++)
        {
            Assert.True(schedule.TryNext(new QueueId(42), 1, 0, (1000 * Second) + (i * 1_000_000), out var due));
            dues.Add(due);
        }

        Assert.InRange(dues.Count, 1, 2);
    }

    [Fact]
    public void Different_messages_spread_out()
    {
        var schedule = new RetrySchedule(new RetrySettings(), 7);
        var dues = new HashSet<long>();
        for (var message = 1; message <= 100; message++)
        {
            Assert.True(schedule.TryNext(new QueueId(message), 1, 0, 1000 * Second, out var due));
            dues.Add(due);
        }

        Assert.True(dues.Count > 90, $"{dues.Count} distinct due times");
    }

    [Fact]
    public void Gives_up_when_the_lifetime_is_over()
    {
        var schedule = new RetrySchedule(new RetrySettings { Lifetime = TimeSpan.FromSeconds(30) });
        Assert.True(schedule.TryNext(new QueueId(1), 3, (30 * Second) - 1, 0, out _));
        Assert.False(schedule.TryNext(new QueueId(1), 3, 30 * Second, 0, out _));
    }

    [Fact]
    public void Refuses_settings_without_sense()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RetrySchedule(new RetrySettings { First = TimeSpan.Zero }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RetrySchedule(new RetrySettings { First = TimeSpan.FromHours(2) }));
    }
}
