using MailBench.Model.Options;
using MailBench.Mta.Batching;
using Xunit;

namespace MailBench.Unit.Mta.Batching;

public sealed class StrategyTests
{
    [Theory]
    [InlineData(DeliveryStrategy.PerRecipient, 50)]
    [InlineData(DeliveryStrategy.PerDomain, 50)]
    [InlineData(DeliveryStrategy.PerMxSet, 5)]
    [InlineData(DeliveryStrategy.PerMxHost, 5)]
    public void Fifty_recipients_over_fifty_domains_on_five_hosts(DeliveryStrategy strategy, int transactions)
    {
        var bench = new BatcherBench(BatcherBench.Options(strategy));
        bench.Add(Entries.Entry(1, 50, 50), i => Entries.Ring(i, 5, 1));
        bench.Run();
        Assert.Equal(transactions, bench.Transactions.Count);
        Assert.Equal(Enumerable.Range(0, 50), bench.Transactions.SelectMany(t => t.Recipients).Order());
    }

    [Theory]
    [InlineData(DeliveryStrategy.PerRecipient, 50)]
    [InlineData(DeliveryStrategy.PerDomain, 10)]
    [InlineData(DeliveryStrategy.PerMxSet, 5)]
    public void Recipients_that_share_domains_share_transactions_where_the_strategy_says_so(DeliveryStrategy strategy, int transactions)
    {
        var bench = new BatcherBench(BatcherBench.Options(strategy));
        bench.Add(Entries.Entry(1, 50, 10), i => Entries.Ring(i % 10, 5, 2));
        bench.Run();
        Assert.Equal(transactions, bench.Transactions.Count);
    }

    [Fact]
    public void Per_mx_host_shares_a_host_among_domains_with_different_mx_sets()
    {
        var bench = new BatcherBench(BatcherBench.Options(DeliveryStrategy.PerMxHost));
        bench.Add(Entries.Entry(1, 3, 3), i => Entries.Route("shared=10", $"own{i}=20"));
        bench.Run();
        var only = Assert.Single(bench.Transactions);
        Assert.Equal("shared", only.Host);
        Assert.Equal([0, 1, 2], only.Recipients);
    }

    [Fact]
    public void Per_mx_set_keeps_different_sets_apart()
    {
        var bench = new BatcherBench(BatcherBench.Options(DeliveryStrategy.PerMxSet));
        bench.Add(Entries.Entry(1, 3, 3), i => Entries.Route("shared=10", $"own{i}=20"));
        bench.Run();
        Assert.Equal(3, bench.Transactions.Count);
    }

    [Fact]
    public void Per_mx_host_spreads_messages_over_equal_hosts_and_gathers_each_message_at_few()
    {
        var bench = new BatcherBench(BatcherBench.Options(DeliveryStrategy.PerMxHost));
        for (var message = 1; message <= 200; message++) bench.Add(Entries.Entry(message, 50, 50), i => Entries.Ring(i, 5, 2));
        bench.Run();
        var perHost = bench.Transactions.GroupBy(t => t.Host).ToDictionary(g => g.Key, g => g.Sum(t => t.Recipients.Length));
        Assert.Equal(5, perHost.Count);
        Assert.All(perHost.Values, recipients => Assert.InRange(recipients, 1400, 2600));
        // Drawn once for a message, five hosts in a ring are met at 10/3 of them on average; drawn for each domain, nearly always at all five.
        Assert.InRange(bench.Transactions.Count / 200.0, 3.0, 3.7);
    }

    [Theory]
    [InlineData(DeliveryStrategy.PerDomain)]
    [InlineData(DeliveryStrategy.PerMxSet)]
    public void Sessions_of_a_site_spread_over_equal_hosts(DeliveryStrategy strategy)
    {
        var bench = new BatcherBench(BatcherBench.Options(strategy) with { Reuse = SessionReuse.None });
        for (var message = 1; message <= 200; message++) bench.Add(Entries.Entry(message, "u@d.test"), _ => Entries.Route("a=10", "b=10", "last=20"));
        bench.Run();
        Assert.InRange(bench.Transactions.Count(t => t.Host == "a"), 60, 140);
        Assert.DoesNotContain(bench.Transactions, t => t.Host == "last");
    }

    [Fact]
    public void Recipients_added_later_join_a_transaction_that_has_not_been_cut()
    {
        var bench = new BatcherBench(BatcherBench.Options(DeliveryStrategy.PerMxHost));
        var entry = Entries.Entry(1, 4, 4);
        bench.Batcher.Add(entry, 0, "d0.test", Entries.Route("mx"), 0, bench.NowNs);
        bench.Batcher.Add(Entries.Entry(2, "a@b.test"), 0, "b.test", Entries.Route("mx"), 0, bench.NowNs);
        bench.Batcher.Add(entry, 1, "d1.test", Entries.Route("mx"), 0, bench.NowNs);
        bench.Run();
        Assert.Equal([2, 1], bench.Transactions.Select(t => t.Recipients.Length));
    }

    [Theory]
    [InlineData(SessionReuse.None, 6)]
    [InlineData(SessionReuse.WithinMessage, 3)]
    [InlineData(SessionReuse.AcrossMessages, 1)]
    public void Sessions_serve_what_reuse_allows(SessionReuse reuse, int sessions)
    {
        var bench = new BatcherBench(BatcherBench.Options(DeliveryStrategy.PerRecipient) with { Reuse = reuse, SessionsPerSite = 1 });
        for (var message = 1; message <= 3; message++) bench.Add(Entries.Entry(message, "a@d.test", "b@d.test"), _ => Entries.Route("mx"));
        bench.Run();
        Assert.Equal(6, bench.Transactions.Count);
        Assert.Equal(sessions, bench.SessionsOpened);
    }

    [Fact]
    public void An_idle_session_takes_the_next_message()
    {
        var bench = new BatcherBench(BatcherBench.Options(DeliveryStrategy.PerDomain));
        for (var message = 1; message <= 5; message++)
        {
            bench.Add(Entries.Entry(message, "a@d.test"), _ => Entries.Route("mx"));
            bench.Run();
        }

        Assert.Equal(5, bench.Transactions.Count);
        Assert.Equal(1, bench.SessionsOpened);
    }

    [Fact]
    public void Transactions_hold_at_most_the_recipients_of_the_setting()
    {
        var bench = new BatcherBench(BatcherBench.Options(DeliveryStrategy.PerMxHost) with { RecipientsPerTransaction = 20 });
        bench.Add(Entries.Entry(1, 50, 50), _ => Entries.Route("mx"));
        bench.Run();
        Assert.Equal([10, 20, 20], bench.Transactions.Select(t => t.Recipients.Length).Order());
    }
}
