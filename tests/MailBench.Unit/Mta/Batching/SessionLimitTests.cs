using MailBench.Model.Options;
using MailBench.Mta.Batching;
using Xunit;

namespace MailBench.Unit.Mta.Batching;

public sealed class SessionLimitTests
{
    [Fact]
    public void A_site_gets_one_session_until_that_stands_then_as_many_as_it_has_transactions_up_to_its_limit()
    {
        var batcher = new Batcher(BatcherBench.Options(DeliveryStrategy.PerRecipient) with { SessionsPerSite = 3 });
        for (var message = 1; message <= 9; message++) batcher.Add(Entries.Entry(message, "a@d.test"), 0, "d.test", Entries.Route("mx"), 0, 0);
        var first = Assert.Single(TakeAll(batcher)).Session;
        batcher.Opened(first, 0);
        batcher.Next(first, 0);
        var second = Assert.Single(TakeAll(batcher)).Session;
        batcher.Next(first, 0);
        Assert.Single(TakeAll(batcher));
        batcher.Opened(second, 0);
        batcher.Next(second, 0);
        Assert.Empty(TakeAll(batcher));
        Assert.Equal(3, batcher.OpenSessions);
    }

    [Fact]
    public void Sites_get_sessions_in_turn_when_all_slots_are_few()
    {
        var batcher = new Batcher(BatcherBench.Options(DeliveryStrategy.PerDomain) with { SessionsOut = 6, SessionsPerSite = 4 });
        for (var site = 0; site < 3; site++)
            for (var message = 0; message < 20; message++)
                batcher.Add(Entries.Entry((site * 100) + message + 1, $"a@d{site}.test"), 0, $"d{site}.test", Entries.Route($"mx{site}"), 0, 0);
        var opened = TakeAll(batcher);
        Assert.Equal(3, opened.Count);
        foreach (var work in opened)
        {
            batcher.Opened(work.Session, 0);
            batcher.Next(work.Session, 0);
            batcher.Next(work.Session, 0);
        }

        opened.AddRange(TakeAll(batcher));
        Assert.Equal(6, opened.Count);
        Assert.All(opened.GroupBy(w => w.Session.Queue.Site), g => Assert.Equal(2, g.Count()));
    }

    [Fact]
    public void A_busy_session_gives_its_slot_up_after_its_turn_when_others_wait()
    {
        var options = BatcherBench.Options(DeliveryStrategy.PerDomain) with { SessionsOut = 1, TransactionsPerTurn = 10 };
        var bench = new BatcherBench(options);
        for (var message = 1; message <= 100; message++) bench.Add(Entries.Entry(message, "a@big.test"), _ => Entries.Route("big"));
        bench.Add(Entries.Entry(1000, "a@small.test"), _ => Entries.Route("small"));
        bench.Run();
        Assert.Equal(101, bench.Transactions.Count);
        // Sites of which something is known and those of which nothing is take turns.
        Assert.Equal("small", bench.Transactions[20].Host);
        Assert.Equal(1, bench.MostOpen);
    }

    [Fact]
    public void An_idle_session_gives_its_slot_up_when_another_site_wants_one()
    {
        var bench = new BatcherBench(BatcherBench.Options(DeliveryStrategy.PerDomain) with { SessionsOut = 1 });
        bench.Add(Entries.Entry(1, "a@one.test"), _ => Entries.Route("one"));
        bench.Run();
        Assert.Equal(1, bench.Batcher.OpenSessions);
        bench.Add(Entries.Entry(2, "a@two.test"), _ => Entries.Route("two"));
        bench.Run();
        Assert.Equal(["one", "two"], bench.Transactions.Select(t => t.Host));
        Assert.Equal(1, bench.MostOpen);
    }

    [Fact]
    public void A_session_ends_after_its_transactions()
    {
        var bench = new BatcherBench(BatcherBench.Options(DeliveryStrategy.PerDomain) with { SessionsPerSite = 1, TransactionsPerSession = 10 });
        for (var message = 1; message <= 100; message++) bench.Add(Entries.Entry(message, "a@d.test"), _ => Entries.Route("mx"));
        bench.Run();
        Assert.Equal(10, bench.SessionsOpened);
    }

    [Fact]
    public void Sites_without_work_and_sessions_are_forgotten()
    {
        var bench = new BatcherBench(BatcherBench.Options(DeliveryStrategy.PerDomain) with { Reuse = SessionReuse.None });
        for (var message = 1; message <= 500; message++) bench.Add(Entries.Entry(message, $"a@d{message}.test"), _ => Entries.Route("mx"));
        bench.Run();
        Assert.Equal(500, bench.Transactions.Count);
        Assert.Equal(0, bench.Batcher.Sites);
        Assert.Equal(0, bench.Batcher.OpenSessions);
    }

    private static List<Work> TakeAll(Batcher batcher)
    {
        var works = new List<Work>();
        while (batcher.TryTakeWork(0, out var work)) works.Add(work);
        return works;
    }
}
