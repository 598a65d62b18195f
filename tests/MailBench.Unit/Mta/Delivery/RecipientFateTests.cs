using MailBench.Model.Options;
using MailBench.Mta.Delivery;
using MailBench.Mta.Routing;
using MailBench.Testing.Smtp;
using Xunit;

namespace MailBench.Unit.Mta.Delivery;

/// <summary>Every way in which a transaction can end gives each recipient its right fate.</summary>
public sealed class RecipientFateTests
{
    private const string Content = "Subject: t\r\n\r\nhello\r\n.dot\r\n";

    /// <summary>More than all buffers on the way hold, so that the final dot is not written when the server ends at the first octets.</summary>
    private static readonly string Large = string.Concat(Enumerable.Repeat(new string('x', 30_000) + "\r\n", 540));

    public static TheoryData<bool> Pipelining => [true, false];

    [Theory]
    [MemberData(nameof(Pipelining))]
    public void Delivers_to_all_recipients_in_one_transaction(bool pipelining)
    {
        using var bench = Bench(pipelining);
        var server = bench.Server(2);
        bench.Route("d.test", 2);
        bench.Add(1, Content, "a@d.test", "b@d.test", "c@d.test");
        var outcomes = bench.Await(3);
        Assert.All(outcomes, o =>
        {
            Assert.Equal(OutcomeKind.Delivered, o.Kind);
            Assert.Equal("2.0.0", o.Status);
            Assert.Equal("mx2[127.0.0.2] said to end of data: 250 2.0.0 taken", o.Reason);
            Assert.True(o.DelayNs >= 0);
        });
        Assert.Equal(1, server.Count("MAIL"));
        Assert.Equal("Subject: t\r\n\r\nhello\r\n..dot\r\n", server.Steps.Single(s => s.Step == "end").Argument);
        Assert.Equal($"MAIL FROM:<s@source.test> SIZE={Content.Length}", server.Steps.Single(s => s.Step == "MAIL").Argument);
        // Connect with greeting, EHLO, envelope, end of data; unpipelined MAIL, three RCPT and DATA instead of the envelope.
        Assert.Equal(pipelining ? 4 : 8, bench.Counters.RoundTripsOut);
        Assert.Equal(1, bench.Counters.TransactionsOut);
        Assert.Equal(1, bench.Counters.SessionsOut);
        Assert.Equal(0, bench.OnLoop(() => bench.Stage.InHand));
    }

    [Theory]
    [MemberData(nameof(Pipelining))]
    public void Refused_recipients_have_their_own_replies(bool pipelining)
    {
        using var bench = Bench(pipelining);
        bench.Server(2, s => s is { Step: "RCPT", Recipient: 0 } ? "550 5.1.1 no such user" : s is { Step: "RCPT", Recipient: 1 } ? "450 4.2.1 busy" : null);
        bench.Route("d.test", 2);
        bench.Add(1, Content, "a@d.test", "b@d.test", "c@d.test");
        var outcomes = bench.Await(3);
        Assert.Equal([OutcomeKind.Failed, OutcomeKind.Deferred, OutcomeKind.Delivered], outcomes.Select(o => o.Kind));
        Assert.Equal(["5.1.1", "4.2.1", "2.0.0"], outcomes.Select(o => o.Status));
        Assert.Equal("mx2[127.0.0.2] said to RCPT: 550 5.1.1 no such user", outcomes[0].Reason);
    }

    [Theory]
    [InlineData(true, "MAIL", "550 5.7.1 not you", OutcomeKind.Failed)]
    [InlineData(false, "MAIL", "550 5.7.1 not you", OutcomeKind.Failed)]
    [InlineData(true, "MAIL", "451 4.3.0 later", OutcomeKind.Deferred)]
    [InlineData(true, "DATA", "554 5.6.0 no", OutcomeKind.Failed)]
    [InlineData(false, "DATA", "451 4.3.0 later", OutcomeKind.Deferred)]
    [InlineData(true, "end", "554 5.7.1 spam", OutcomeKind.Failed)]
    [InlineData(false, "end", "451 4.3.0 later", OutcomeKind.Deferred)]
    [InlineData(true, "end", "421 4.3.2 shutting down", OutcomeKind.Deferred)]
    public void A_refusal_of_the_transaction_is_every_recipients(bool pipelining, string step, string reply, OutcomeKind kind)
    {
        using var bench = Bench(pipelining);
        bench.Server(2, s => s.Step == step ? reply : null);
        bench.Route("d.test", 2);
        bench.Add(1, Content, "a@d.test", "b@d.test");
        Assert.All(bench.Await(2), o =>
        {
            Assert.Equal(kind, o.Kind);
            Assert.Equal(reply, o.Reply!.ToString());
            Assert.False(o.Uncertain);
        });
    }

    [Fact]
    public void The_session_goes_on_after_a_refused_transaction()
    {
        using var bench = new DeliveryBench { Settings = new MtaSettings { SessionsPerSite = 1 } };
        var server = bench.Server(2, s => s is { Step: "MAIL", Transaction: 1 } or { Step: "RCPT", Transaction: 2 } ? "550 5.0.0 no" : null);
        bench.Route("d.test", 2);
        for (var i = 1; i <= 3; i++)
        {
            bench.Add(i, Content, "a@d.test");
            Assert.Equal(i == 3 ? OutcomeKind.Delivered : OutcomeKind.Failed, Assert.Single(bench.Await(1)).Kind);
        }

        Assert.Equal(1, server.Sessions);
    }

    [Theory]
    [InlineData("EHLO")]
    [InlineData("MAIL")]
    [InlineData("RCPT")]
    [InlineData("DATA")]
    [InlineData("content")]
    public void A_connection_lost_before_the_final_dot_moves_its_recipients_to_the_next_mx(string step)
    {
        foreach (var ending in new[] { ScriptedSmtpServer.Close, ScriptedSmtpServer.Reset, "421 4.3.2 shutting down" })
            foreach (var strategy in Enum.GetValues<DeliveryStrategy>())
            {
                using var bench = Bench(strategy: strategy);
                bench.Server(2, s => s.Step == step ? ending : null);
                bench.Server(3);
                bench.Route("d.test", 2, 3);
                bench.Add(1, step == "content" ? Large : Content, "a@d.test", "b@d.test");
                Assert.All(bench.Await(2), o =>
                {
                    Assert.Equal(OutcomeKind.Delivered, o.Kind);
                    Assert.Equal("mx3", o.Host);
                });
                Assert.Equal(0, bench.Counters.Uncertain);
            }
    }

    [Theory]
    [InlineData("connect")]
    [InlineData("MAIL")]
    [InlineData("content")]
    public void A_connection_lost_before_the_final_dot_defers_when_there_is_no_other_mx(string step)
    {
        using var bench = Bench();
        bench.Server(2, s => s.Step == step ? ScriptedSmtpServer.Close : null);
        bench.Route("d.test", 2);
        bench.Add(1, step == "content" ? Large : Content, "a@d.test");
        var outcome = Assert.Single(bench.Await(1));
        Assert.Equal(OutcomeKind.Deferred, outcome.Kind);
        Assert.Equal("4.4.2", outcome.Status);
        Assert.StartsWith("mx2[127.0.0.2]: the server ", outcome.Reason, StringComparison.Ordinal);
        Assert.False(outcome.Uncertain);
    }

    [Theory]
    [InlineData(ScriptedSmtpServer.Close)]
    [InlineData(ScriptedSmtpServer.Reset)]
    [InlineData("no smtp at all")]
    public void A_final_reply_that_is_lost_makes_its_recipients_uncertain_and_deferred(string ending)
    {
        using var bench = Bench();
        bench.Server(2, s => s.Step == "end" ? ending : s is { Step: "RCPT", Recipient: 1 } ? "550 5.1.1 no such user" : null);
        var other = bench.Server(3);
        bench.Route("d.test", 2, 3);
        bench.Add(1, Content, "a@d.test", "b@d.test", "c@d.test");
        var outcomes = bench.Await(3);
        Assert.Equal([true, false, true], outcomes.Select(o => o.Uncertain));
        Assert.Equal([OutcomeKind.Deferred, OutcomeKind.Failed, OutcomeKind.Deferred], outcomes.Select(o => o.Kind));
        Assert.Equal(2, bench.Counters.Uncertain);
        Assert.Equal(0, other.Sessions);
    }

    [Theory]
    [InlineData("connect")]
    [InlineData("MAIL")]
    [InlineData("end")]
    public void A_silent_server_times_out(string step)
    {
        using var bench = new DeliveryBench { Settings = new MtaSettings { SessionTimeout = TimeSpan.FromSeconds(3) } };
        bench.Server(2, s => s.Step == step ? ScriptedSmtpServer.Silence : null);
        bench.Route("d.test", 2);
        bench.Add(1, Content, "a@d.test");
        var outcome = Assert.Single(bench.Await(1));
        Assert.Equal(OutcomeKind.Deferred, outcome.Kind);
        Assert.Contains("did not answer in time", outcome.Reason, StringComparison.Ordinal);
        Assert.Equal(step == "end", outcome.Uncertain);
    }

    [Theory]
    [MemberData(nameof(Pipelining))]
    public void Recipients_beyond_the_servers_limit_go_again_at_once(bool pipelining)
    {
        using var bench = Bench(pipelining);
        var server = bench.Server(2, s => s is { Step: "RCPT", Recipient: >= 2 } ? "452 4.5.3 too many recipients" : null);
        bench.Route("d.test", 2);
        bench.Add(1, Content, "a@d.test", "b@d.test", "c@d.test", "d@d.test", "e@d.test");
        Assert.All(bench.Await(5), o => Assert.Equal(OutcomeKind.Delivered, o.Kind));
        Assert.Equal(3, bench.Counters.TransactionsOut);
        // The limit is learnt from the first refusal: the later transactions stay below it.
        Assert.Equal(5 + 2 + 1, server.Count("RCPT"));
    }

    [Fact]
    public void A_full_mailbox_is_no_limit_of_recipients()
    {
        using var bench = Bench();
        bench.Server(2, s => s is { Step: "RCPT", Recipient: 1 } ? "452 4.2.2 mailbox full" : null);
        bench.Route("d.test", 2);
        bench.Add(1, Content, "a@d.test", "b@d.test");
        Assert.Equal([OutcomeKind.Delivered, OutcomeKind.Deferred], bench.Await(2).Select(o => o.Kind));
        Assert.Equal(1, bench.Counters.TransactionsOut);
    }

    [Fact]
    public void Limits_rcptmax_is_kept()
    {
        using var bench = Bench();
        var server = bench.Server(2, s => s.Step == "EHLO" ? "250-mx\n250-PIPELINING\n250 LIMITS RCPTMAX=2" : null);
        bench.Route("d.test", 2);
        bench.Add(1, Content, "a@d.test", "b@d.test", "c@d.test", "d@d.test", "e@d.test");
        bench.Await(5);
        Assert.Equal(3, server.Count("MAIL"));
        Assert.Equal(5, server.Count("RCPT"));
    }

    [Theory]
    [InlineData(RouteKind.NullMx, "5.7.27", OutcomeKind.Failed)]
    [InlineData(RouteKind.NoSuchDomain, "5.1.2", OutcomeKind.Failed)]
    [InlineData(RouteKind.Unroutable, "5.4.4", OutcomeKind.Failed)]
    [InlineData(RouteKind.Defer, "4.4.3", OutcomeKind.Deferred)]
    public void Where_there_is_no_route_its_kind_decides(RouteKind kind, string status, OutcomeKind outcome)
    {
        using var bench = Bench();
        bench.Server(2);
        bench.Route("d.test", kind, "the reason", status);
        bench.Route("e.test", 2);
        bench.Add(1, Content, "a@d.test", "b@e.test");
        var outcomes = bench.Await(2);
        Assert.Equal([outcome, OutcomeKind.Delivered], outcomes.Select(o => o.Kind));
        Assert.Equal((status, "the reason."), (outcomes[0].Status, outcomes[0].Reason));
    }

    [Fact]
    public void Content_that_cannot_be_read_is_never_half_delivered()
    {
        using var bench = Bench();
        var server = bench.Server(2);
        bench.Route("d.test", 2);
        bench.Queue.BrokenFrom = 70_000;
        bench.Add(1, new string('x', 200_000), "a@d.test");
        var outcome = Assert.Single(bench.Await(1));
        Assert.Equal((OutcomeKind.Deferred, "4.3.0"), (outcome.Kind, outcome.Status));
        Assert.Contains("planted fault", outcome.Reason, StringComparison.Ordinal);
        bench.Until(() => server.Open == 0);
        Assert.Equal(0, server.Count("end"));
    }

    [Fact]
    public void An_address_that_cannot_be_sent_fails_alone()
    {
        using var bench = Bench();
        bench.Server(2);
        bench.Route("d.test", 2);
        bench.Add(1, Content, "a b@d.test", "c@d.test");
        var outcomes = bench.Await(2);
        Assert.Equal([OutcomeKind.Failed, OutcomeKind.Delivered], outcomes.Select(o => o.Kind));
        Assert.Equal("5.1.3", outcomes[0].Status);
    }

    private static DeliveryBench Bench(bool pipelining = true, DeliveryStrategy strategy = DeliveryStrategy.PerMxHost) => new()
    {
        Settings = new MtaSettings { SessionTimeout = TimeSpan.FromSeconds(100), Pipelining = pipelining, Strategy = strategy, AttemptLog = AttemptLog.All },
    };
}
