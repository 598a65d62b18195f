using MailBench.Model.Options;
using MailBench.Mta.Batching;
using Xunit;

namespace MailBench.Unit.Mta.Batching;

public sealed class BatcherFailureTests
{
    [Theory]
    [InlineData(DeliveryStrategy.PerRecipient)]
    [InlineData(DeliveryStrategy.PerDomain)]
    [InlineData(DeliveryStrategy.PerMxSet)]
    [InlineData(DeliveryStrategy.PerMxHost)]
    public void Goes_on_to_the_next_mx_when_one_refuses(DeliveryStrategy strategy)
    {
        var bench = new BatcherBench(BatcherBench.Options(strategy));
        bench.Refusing.Add("first");
        bench.Add(Entries.Entry(1, "a@d.test", "b@d.test"), _ => Entries.Route("first=10", "second=20"));
        bench.Run();
        Assert.All(bench.Transactions, t => Assert.Equal("second", t.Host));
        Assert.Equal(2, bench.Transactions.Sum(t => t.Recipients.Length));
        Assert.Empty(bench.Exhausted);
    }

    [Theory]
    [InlineData(DeliveryStrategy.PerRecipient)]
    [InlineData(DeliveryStrategy.PerDomain)]
    [InlineData(DeliveryStrategy.PerMxSet)]
    [InlineData(DeliveryStrategy.PerMxHost)]
    public void Defers_recipient_when_every_mx_refuses(DeliveryStrategy strategy)
    {
        var bench = new BatcherBench(BatcherBench.Options(strategy));
        bench.Refusing.UnionWith(["first", "second"]);
        bench.Add(Entries.Entry(1, "a@d.test", "b@d.test"), _ => Entries.Route("first=10", "second=20"));
        bench.Run();
        Assert.Equal([0, 1], bench.Exhausted.Select(e => e.Recipient).Order());
        Assert.All(bench.Exhausted, e => Assert.Equal("connection refused", e.Fault.Detail));
        Assert.Equal(0, bench.Batcher.Waiting);
        Assert.Equal(0, bench.Batcher.Sites);
    }

    [Fact]
    public void Per_mx_host_moves_recipients_into_the_transaction_that_waits_at_their_next_host()
    {
        var bench = new BatcherBench(BatcherBench.Options(DeliveryStrategy.PerMxHost));
        bench.Refusing.Add("first");
        bench.Add(Entries.Entry(1, "a@d.test", "b@e.test"), i => i == 0 ? Entries.Route("first=10", "second=20") : Entries.Route("second=10"));
        bench.Run();
        Assert.Equal(2, bench.Transactions.Sum(t => t.Recipients.Length));
        Assert.Single(bench.Transactions);
    }

    [Fact]
    public void A_dead_host_is_dialled_once_for_many_recipients_and_again_after_its_time()
    {
        var bench = new BatcherBench(BatcherBench.Options(DeliveryStrategy.PerMxHost) with { SessionsPerSite = 1 });
        bench.Refusing.Add("mx");
        for (var message = 1; message <= 1000; message++) bench.Add(Entries.Entry(message, "a@d.test"), _ => Entries.Route("mx"));
        bench.Run();
        Assert.Equal(1, bench.Dials);
        Assert.Equal(1000, bench.Exhausted.Count);

        bench.Add(Entries.Entry(2000, "a@d.test"), _ => Entries.Route("mx"));
        bench.Run();
        Assert.Equal(1, bench.Dials);
        Assert.Equal(1001, bench.Exhausted.Count);
        Assert.True(bench.Exhausted[^1].Remembered);
        Assert.Equal("connection refused a moment ago, so not tried again yet", bench.Exhausted[^1].Fault.RememberedDetail);

        bench.NowNs += 1_000_000_000;
        bench.Refusing.Clear();
        bench.Add(Entries.Entry(2001, "a@d.test"), _ => Entries.Route("mx"));
        bench.Run();
        Assert.Equal(2, bench.Dials);
        Assert.Single(bench.Transactions);
    }

    [Fact]
    public void The_time_of_a_dead_host_doubles_up_to_its_bound_and_a_success_forgets_it()
    {
        var memory = new HostMemory(1_000, 5_000);
        var now = 0L;
        foreach (var skipped in new[] { 1_000, 2_000, 4_000, 5_000, 5_000 })
        {
            memory.Failed(BatcherBench.Fault("mx"), now);
            Assert.True(memory.IsDead("mx", now + skipped - 1, out _));
            Assert.False(memory.IsDead("mx", now + skipped, out _));
            now += skipped;
        }

        memory.Succeeded("mx");
        memory.Failed(BatcherBench.Fault("mx"), now);
        Assert.Equal(now + 1_000, memory.DeadUntilNs("mx"));
    }

    [Fact]
    public void Old_failures_are_forgotten()
    {
        var memory = new HostMemory(1_000, 5_000);
        for (var i = 0; i < 10_000; i++) memory.Failed(BatcherBench.Fault($"mx{i}"), i * 1_000L);
        Assert.InRange(memory.Count, 1, 700);
    }

    [Fact]
    public void A_refused_further_session_is_not_tried_again_at_once_and_spares_the_working_host()
    {
        var batcher = new Batcher(BatcherBench.Options(DeliveryStrategy.PerMxHost) with { SessionsPerSite = 2 });
        var entry = Entries.Entry(1, "a@d.test");
        batcher.Add(entry, 0, "d.test", Entries.Route("mx"), 0, 0);
        Assert.True(batcher.TryTakeWork(0, out var first));
        batcher.Opened(first.Session, 0);
        Assert.Equal(NextStep.Begin, batcher.Next(first.Session, 0));

        batcher.Add(Entries.Entry(2, "a@d.test"), 0, "d.test", Entries.Route("mx"), 0, 0);
        Assert.True(batcher.TryTakeWork(0, out var second));
        Assert.False(batcher.HostFailed(second.Session, BatcherBench.Fault("mx"), 0));
        Assert.False(batcher.TryTakeWork(0, out _));
        Assert.False(batcher.TryTakeExhausted(out _));

        Assert.Equal(NextStep.Begin, batcher.Next(first.Session, 0));
        Assert.Equal(2, first.Session.Batch.Entry!.Id.Value);
    }

    [Fact]
    public void What_comes_back_from_broken_sessions_too_often_is_exhausted()
    {
        var batcher = new Batcher(BatcherBench.Options(DeliveryStrategy.PerDomain) with { MaxReturns = 2 });
        batcher.Add(Entries.Entry(1, "a@d.test"), 0, "d.test", Entries.Route("mx"), 0, 0);
        for (var i = 0; i < 3; i++)
        {
            Assert.False(batcher.TryTakeExhausted(out _));
            Assert.True(batcher.TryTakeWork(0, out var work));
            batcher.Opened(work.Session, 0);
            Assert.Equal(NextStep.Begin, batcher.Next(work.Session, 0));
            batcher.Return(work.Session, 0, BatcherBench.Fault("mx"));
            batcher.Ended(work.Session);
        }

        Assert.True(batcher.TryTakeExhausted(out _));
        Assert.Equal(0, batcher.Waiting);
    }
}
