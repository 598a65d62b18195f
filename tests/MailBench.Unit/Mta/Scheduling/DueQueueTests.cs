using CsCheck;
using MailBench.Mta.Scheduling;
using Xunit;

namespace MailBench.Unit.Mta.Scheduling;

public sealed class DueQueueTests
{
    [Fact]
    public void Takes_what_is_due_in_order_of_time() =>
        Gen.Int[0, 50].Array[0, 200].Sample(dues =>
        {
            var queue = new DueQueue();
            for (var i = 0; i < dues.Length; i++) queue.Add(Entries.Entry(i, "a@x.test"), 0, dues[i]);
            var taken = new List<DueRecipient>();
            for (var now = 0; now <= 50; now += 10)
            {
                taken.Clear();
                queue.TakeDue(now, int.MaxValue, taken);
                Assert.All(taken, t => Assert.InRange(t.DueNs, now - 9, now));
                Assert.Equal(taken.Select(t => t.DueNs).Order(), taken.Select(t => t.DueNs));
                Assert.True(queue.NextDueNs > now);
            }

            Assert.Equal(0, queue.Count);
            Assert.Equal(long.MaxValue, queue.NextDueNs);
        });

    [Fact]
    public void Recipients_of_a_message_due_together_come_together()
    {
        var queue = new DueQueue();
        var (one, two) = (Entries.Entry(1, 3, 3), Entries.Entry(2, 3, 3));
        for (var k = 2; k >= 0; k--)
        {
            queue.Add(two, k, 100);
            queue.Add(one, k, 100);
        }

        var taken = new List<DueRecipient>();
        Assert.Equal(4, queue.TakeDue(100, 4, taken));
        Assert.Equal(2, queue.TakeDue(100, 4, taken));
        Assert.Equal([(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)], taken.Select(t => ((int)t.Entry.Id.Value, t.Recipient)));
    }
}
