using System.Globalization;
using System.Text;
using MailBench.Model.Options;
using MailBench.Mta.Delivery;
using MailBench.Mta.Routing;
using MailBench.Mta.Submission;
using MailBench.Testing.Smtp;
using Xunit;

namespace MailBench.Unit.Mta.Delivery;

/// <summary>Sessions: which host and address, how long, how many; and what the stage does around them.</summary>
public sealed class DeliverySessionTests
{
    private const string Content = "Subject: t\r\n\r\nhello\r\n";

    [Theory]
    [InlineData("connect", "554 5.3.2 go away")]
    [InlineData("connect", "421 4.3.2 too many connections")]
    [InlineData("EHLO", "421 4.3.2 not now")]
    [InlineData("connect", ScriptedSmtpServer.Close)]
    public void A_host_that_does_not_greet_is_passed_over(string step, string answer)
    {
        foreach (var strategy in Enum.GetValues<DeliveryStrategy>())
        {
            using var bench = new DeliveryBench { Settings = new MtaSettings { Strategy = strategy } };
            bench.Server(2, s => s.Step == step ? answer : null);
            bench.Server(3);
            bench.Route("d.test", 2, 3);
            bench.Add(1, Content, "a@d.test");
            Assert.Equal((OutcomeKind.Delivered, "mx3"), bench.Await(1).Select(o => (o.Kind, o.Host)).Single());
        }
    }

    [Fact]
    public void A_greeting_that_refuses_for_good_defers_all_the_same()
    {
        using var bench = new DeliveryBench();
        bench.Server(2, s => s.Step == "connect" ? "554 5.3.2 go away" : null);
        bench.Route("d.test", 2);
        bench.Add(1, Content, "a@d.test");
        var outcome = Assert.Single(bench.Await(1));
        Assert.Equal((OutcomeKind.Deferred, "4.3.2"), (outcome.Kind, outcome.Status));
        Assert.Contains("554 5.3.2 go away", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void All_addresses_of_a_host_are_tried_and_then_the_next_host()
    {
        using var bench = new DeliveryBench();
        bench.Server(2);
        bench.Route("many.test", new MxHost("many", 10, [DeliveryBench.Address(91), DeliveryBench.Address(92), DeliveryBench.Address(2)]));
        bench.Route("next.test", 93, 2);
        bench.Route("none.test", 94);
        bench.Add(1, Content, "a@many.test", "a@next.test", "a@none.test");
        var outcomes = bench.Await(3);
        Assert.Equal([OutcomeKind.Delivered, OutcomeKind.Delivered, OutcomeKind.Deferred], outcomes.Select(o => o.Kind));
        Assert.Equal("127.0.0.2", outcomes[0].Address!.ToString());
        Assert.Equal("mx94[127.0.0.94]: connection refused.", outcomes[2].Reason);
        Assert.Equal("4.4.1", outcomes[2].Status);
        Assert.Equal(2, bench.Counters.SessionsOut);
    }

    [Theory]
    [InlineData(SessionReuse.None, 6)]
    [InlineData(SessionReuse.WithinMessage, 3)]
    [InlineData(SessionReuse.AcrossMessages, 1)]
    public void Sessions_are_reused_as_the_setting_says(SessionReuse reuse, int sessions)
    {
        using var bench = new DeliveryBench
        {
            Settings = new MtaSettings { Reuse = reuse, Strategy = DeliveryStrategy.PerRecipient, SessionsPerSite = 1 },
        };
        var server = bench.Server(2);
        bench.Route("d.test", 2);
        for (var i = 1; i <= 3; i++)
        {
            bench.Add(i, Content, "a@d.test", "b@d.test");
            Assert.All(bench.Await(2), o => Assert.Equal(OutcomeKind.Delivered, o.Kind));
        }

        Assert.Equal(sessions, server.Sessions);
        Assert.Equal(6, bench.Counters.TransactionsOut);
    }

    [Fact]
    public void An_idle_session_says_quit_after_its_time()
    {
        using var bench = new DeliveryBench { IdleTimeout = TimeSpan.FromMilliseconds(50) };
        var server = bench.Server(2);
        bench.Route("d.test", 2);
        bench.Add(1, Content, "a@d.test");
        bench.Await(1);
        bench.Until(() => server.Count("QUIT") == 1 && bench.Counters.SessionsOutOpen == 0);
        Assert.True(bench.Counters.SessionOutNs(0) > 0);
        Assert.True(bench.Counters.OctetsOut > Content.Length);
    }

    [Fact]
    public void A_session_that_the_server_had_enough_of_is_replaced_at_once()
    {
        using var bench = new DeliveryBench { Settings = new MtaSettings { SessionsPerSite = 1 } };
        var server = bench.Server(2, s => s is { Step: "MAIL", Transaction: 2 } ? "421 4.4.2 enough" : null);
        bench.Route("d.test", 2);
        for (var i = 1; i <= 5; i++) bench.Add(i, Content, "a@d.test");
        Assert.All(bench.Await(5), o => Assert.Equal(OutcomeKind.Delivered, o.Kind));
        Assert.Equal(5, server.Sessions);
    }

    [Fact]
    public void Large_content_is_streamed_whole()
    {
        using var bench = new DeliveryBench();
        var server = bench.Server(2);
        bench.Route("d.test", 2);
        var content = string.Concat(Enumerable.Range(0, 60_000).Select(i => (i % 7 == 0 ? "." : "") + i.ToString(CultureInfo.InvariantCulture) + " some text of a longer line\r\n"));
        bench.Add(1, content, "a@d.test");
        Assert.Equal(OutcomeKind.Delivered, bench.Await(1)[0].Kind);
        var arrived = server.Steps.Single(s => s.Step == "end").Argument.Split("\r\n").Select(l => l.StartsWith('.') ? l[1..] : l);
        Assert.Equal(content.Split("\r\n"), arrived);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(BlockPool.BlockBytes)]
    [InlineData(600_000)]
    public void Content_that_is_still_in_memory_is_sent_from_there_and_the_queue_is_not_read(int length)
    {
        using var bench = new DeliveryBench();
        var server = bench.Server(2);
        bench.Route("d.test", 2);
        var content = string.Concat(Enumerable.Range(0, 60_000).Select(i => i.ToString(CultureInfo.InvariantCulture) + " some text\r\n"))[..(length - 2)] + "\r\n";
        var kept = new BlockPool(1 << 20, 1 << 20).Rent();
        Assert.True(kept.TryAdd(Encoding.ASCII.GetBytes(content)));
        bench.Queue.BrokenFrom = 0;
        bench.Add(1, content, kept, "a@d.test");
        Assert.Equal(OutcomeKind.Delivered, bench.Await(1)[0].Kind);
        Assert.Equal(content, server.Steps.Single(s => s.Step == "end").Argument);
    }

    [Fact]
    public void Helo_serves_where_ehlo_is_unknown()
    {
        using var bench = new DeliveryBench();
        var server = bench.Server(2, s => s.Step == "EHLO" ? "502 5.5.1 what" : null);
        bench.Route("d.test", 2);
        bench.Add(1, Content, "a@d.test", "b@d.test");
        Assert.All(bench.Await(2), o => Assert.Equal(OutcomeKind.Delivered, o.Kind));
        Assert.Equal("MAIL FROM:<s@source.test>", server.Steps.Single(s => s.Step == "MAIL").Argument);
    }

    [Fact]
    public void Recipients_wait_for_the_routes_of_their_message_and_share_a_transaction()
    {
        using var bench = new DeliveryBench();
        bench.Server(2);
        bench.Route("d.test", 2);
        bench.Route("slow.test", 2);
        bench.Held.Add("slow.test");
        bench.Add(1, Content, "a@d.test", "b@slow.test");
        bench.Release("slow.test");
        bench.Await(2);
        Assert.Equal(1, bench.Counters.TransactionsOut);
    }

    [Fact]
    public void Recipients_do_not_wait_for_ever_for_the_routes_of_others()
    {
        using var bench = new DeliveryBench { GatherTimeout = TimeSpan.FromMilliseconds(20) };
        bench.Server(2);
        bench.Route("d.test", 2);
        bench.Route("slow.test", 2);
        bench.Held.Add("slow.test");
        bench.Add(1, Content, "a@d.test", "b@slow.test");
        Assert.Equal(0, Assert.Single(bench.Await(1)).Recipient);
        bench.Release("slow.test");
        Assert.Equal(1, Assert.Single(bench.Await(1)).Recipient);
    }

    [Fact]
    public async Task Stop_lets_the_transaction_in_flight_end_and_begins_no_other()
    {
        using var go = new SemaphoreSlim(0);
        using var bench = new DeliveryBench { Settings = new MtaSettings { SessionsPerSite = 1 } };
        var server = bench.Server(2, s =>
        {
            if (s.Step == "end") go.Wait(DeliveryBench.Patience);
            return null;
        });
        bench.Route("d.test", 2);
        bench.Add(1, Content, "a@d.test");
        bench.Add(2, Content, "a@d.test");
        bench.Until(() => bench.Counters.TransactionsOut == 1);
        var stopped = bench.Stop();
        Assert.False(stopped.IsCompleted);
        go.Release();
        await stopped;
        Assert.Equal(OutcomeKind.Delivered, Assert.Single(bench.Await(1)).Kind);
        Assert.Equal(1, bench.Counters.TransactionsOut);
        Assert.Equal(0, bench.Counters.SessionsOutOpen);
        bench.Until(() => server.Count("QUIT") == 1);
    }

    [Fact]
    public async Task Stop_without_work_ends_at_once()
    {
        using var bench = new DeliveryBench();
        bench.Server(2);
        await bench.Stop();
    }

    [Fact]
    public void Fifty_recipients_over_fifty_domains_on_five_hosts_take_five_transactions_per_mx_host()
    {
        using var bench = new DeliveryBench();
        for (var host = 2; host <= 6; host++) bench.Server(host);
        for (var domain = 0; domain < 50; domain++) bench.Route($"d{domain}.test", 2 + (domain % 5));
        bench.Add(1, Content, [.. Enumerable.Range(0, 50).Select(i => $"u{i}@d{i}.test")]);
        Assert.All(bench.Await(50), o => Assert.Equal(OutcomeKind.Delivered, o.Kind));
        Assert.Equal(5, bench.Counters.TransactionsOut);
        Assert.Equal(5, bench.Counters.SessionsOut);
    }
}
