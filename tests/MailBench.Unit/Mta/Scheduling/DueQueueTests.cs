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
            for (var i = 0; i < dues.Length; i++) queue.Add(i, 0, dues[i]);
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
    public void Gives_back_what_is_withdrawn_and_keeps_the_rest_in_order()
    {
        var queue = new DueQueue();
        for (var i = 0; i < 20; i++) queue.Add(i, 0, 100 - i);
        var withdrawn = new List<DueRecipient>();
        queue.Withdraw((message, _) => message % 3 == 0, withdrawn);
        Assert.Equal([0, 3, 6, 9, 12, 15, 18], withdrawn.Select(due => due.Message).Order());
        Assert.All(withdrawn, due => Assert.Equal(100 - due.Message, due.DueNs));
        var rest = new List<DueRecipient>();
        Assert.Equal(13, queue.TakeDue(100, int.MaxValue, rest));
        Assert.Equal(rest.Select(due => due.DueNs).Order(), rest.Select(due => due.DueNs));
        Assert.DoesNotContain(rest, due => due.Message % 3 == 0);
    }

    [Fact]
    public void Each_is_in_one_slice_and_keeps_what_it_is()
    {
        var queue = new DueQueue();
        for (var i = 0; i < 1000; i++) queue.Add(new DueRecipient(i, i % 3, i, site: (uint)i * 7, untried: i % 2 == 0));
        var withdrawn = new List<DueRecipient>();
        for (var slice = 0; slice < DueQueue.Slices; slice++)
        {
            var before = withdrawn.Count;
            queue.Withdraw(slice, (_, _) => true, withdrawn);
            Assert.InRange(withdrawn.Count - before, 1, 1000 / DueQueue.Slices * 2);
        }

        Assert.Equal(0, queue.Count);
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => new DueRecipient(i, i % 3, i, (uint)i * 7, i % 2 == 0)), withdrawn.OrderBy(due => due.Message));
    }

    [Fact]
    public void Recipients_of_a_message_due_together_come_together()
    {
        var queue = new DueQueue();
        for (var k = 2; k >= 0; k--)
        {
            queue.Add(2, k, 100);
            queue.Add(1, k, 100);
        }

        var taken = new List<DueRecipient>();
        Assert.Equal(4, queue.TakeDue(100, 4, taken));
        Assert.Equal(2, queue.TakeDue(100, 4, taken));
        Assert.Equal([(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)], taken.Select(t => (t.Message, t.Recipient)));
    }
}
