using System.Text;
using MailBench.Model.Options;
using MailBench.Mta.Delivery;
using MailBench.Mta.Routing;
using MailBench.Testing.Smtp;
using MailBench.Wire.Smtp;
using MimeKit;
using Xunit;

namespace MailBench.Unit.Mta.Delivery;

/// <summary>What a host offers against what a message needs.</summary>
public sealed class OfferedExtensionTests
{
    private const string Plain = "Subject: t\r\n\r\nhello\r\n";

    // Latin-1 by the bench: "Grüße" in the body, declared.
    private const string EightBit = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\nSubject: t\r\n\r\nGr\u00fc\u00dfe\r\n.dot\r\n";

    [Fact]
    public void A_message_beyond_the_hosts_SIZE_fails_without_being_sent()
    {
        using var bench = new DeliveryBench { Settings = new MtaSettings { SessionsPerSite = 1 } };
        var server = bench.Server(2, Offering("SIZE 20"));
        bench.Route("d.test", 2);
        bench.AddTogether(("12345678\r\n", ["a@d.test"]), (Plain, ["b@d.test", "c@d.test"]), ("12345678\r\n", ["d@d.test"]));
        var outcomes = bench.Await(4);
        Assert.Equal([OutcomeKind.Delivered, OutcomeKind.Failed, OutcomeKind.Failed, OutcomeKind.Delivered], outcomes.Select(o => o.Kind));
        Assert.Equal("5.3.4", outcomes[1].Status);
        Assert.Equal("mx2[127.0.0.2]: the message has 21 octets and the host takes at most 20.", outcomes[1].Reason);
        Assert.Equal(2, server.Count("MAIL"));
        Assert.Equal(1, server.Sessions);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Eight_bit_content_is_converted_for_a_host_without_8BITMIME(bool chunking)
    {
        using var bench = new DeliveryBench { Body = BodyKind.EightBitMime, Settings = new MtaSettings { SessionsPerSite = 1 } };
        var server = bench.Server(2, Offering(chunking ? "CHUNKING\n250-PIPELINING" : "PIPELINING"));
        bench.Route("d.test", 2);
        bench.AddTogether((EightBit, ["a@d.test"]), (Plain, ["b@d.test"]));
        Assert.All(bench.Await(2), o => Assert.Equal(OutcomeKind.Delivered, o.Kind));
        Assert.Equal(1, bench.Counters.Conversions);
        Assert.All(server.Steps.Where(s => s.Step == "MAIL"), s => Assert.DoesNotContain("BODY", s.Argument, StringComparison.Ordinal));
        var ends = server.Steps.Where(s => s.Step == "end").Select(s => chunking ? s.Argument : s.Argument.Replace("\r\n..", "\r\n.", StringComparison.Ordinal)).ToList();
        Assert.Equal(Plain, ends[1]);
        Assert.True(Ascii.IsValid(ends[0]));
        using var message = MimeMessage.Load(new MemoryStream(Encoding.ASCII.GetBytes(ends[0])), TestContext.Current.CancellationToken);
        Assert.DoesNotContain('\n', ends[0].Replace("\r\n", "", StringComparison.Ordinal));
        Assert.Equal("Gr\u00fc\u00dfe\r\n.dot\r\n", message.TextBody!.ReplaceLineEndings("\r\n"));
        Assert.Equal("t", message.Subject);
    }

    [Fact]
    public void A_host_with_8BITMIME_gets_it_as_it_is_and_is_told()
    {
        using var bench = new DeliveryBench { Body = BodyKind.EightBitMime };
        var server = bench.Server(2, Offering("8BITMIME"));
        bench.Route("d.test", 2);
        bench.Add(1, EightBit, "a@d.test");
        Assert.Equal(OutcomeKind.Delivered, Assert.Single(bench.Await(1)).Kind);
        Assert.EndsWith(" BODY=8BITMIME", server.Steps.Single(s => s.Step == "MAIL").Argument, StringComparison.Ordinal);
        Assert.Contains("Gr\u00fc\u00dfe", server.Steps.Single(s => s.Step == "end").Argument, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ContentConversion.Convert, "Subject: \u00fc\r\n\r\nx\r\n", "it has 8-bit octets in its header")]
    [InlineData(ContentConversion.Bounce, EightBit, "8-bit content is not converted here")]
    public void What_cannot_or_may_not_be_converted_fails(ContentConversion conversion, string content, string why)
    {
        using var bench = new DeliveryBench { Settings = new MtaSettings { ContentConversion = conversion } };
        var server = bench.Server(2, Offering("PIPELINING"));
        bench.Route("d.test", 2);
        bench.Add(1, content, "a@d.test");
        var outcome = Assert.Single(bench.Await(1));
        Assert.Equal((OutcomeKind.Failed, "5.6.3"), (outcome.Kind, outcome.Status));
        Assert.Contains(why, outcome.Reason, StringComparison.Ordinal);
        Assert.Equal(0, server.Count("MAIL"));
    }

    [Fact]
    public void Passing_sends_it_as_it_is()
    {
        using var bench = new DeliveryBench { Settings = new MtaSettings { ContentConversion = ContentConversion.Pass } };
        var server = bench.Server(2, Offering("PIPELINING"));
        bench.Route("d.test", 2);
        bench.Add(1, EightBit, "a@d.test");
        Assert.Equal(OutcomeKind.Delivered, Assert.Single(bench.Await(1)).Kind);
        Assert.Contains("Gr\u00fc\u00dfe", server.Steps.Single(s => s.Step == "end").Argument, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_that_needs_SMTPUTF8_fails_alone_at_a_host_without_it()
    {
        using var bench = new DeliveryBench();
        var server = bench.Server(2, Offering("PIPELINING"));
        bench.Route("d.test", 2);
        bench.Add(1, Plain, "a@d.test", "\u00fc@d.test");
        var outcomes = bench.Await(2);
        Assert.Equal([OutcomeKind.Delivered, OutcomeKind.Failed], outcomes.Select(o => o.Kind));
        Assert.Equal("5.6.7", outcomes[1].Status);
        Assert.Equal(1, server.Count("RCPT"));
    }

    [Fact]
    public void A_sender_that_needs_SMTPUTF8_fails_all_there()
    {
        using var bench = new DeliveryBench { Sender = "\u00fc@source.test" };
        bench.Server(2, Offering("PIPELINING"));
        bench.Route("d.test", 2);
        bench.Add(1, Plain, "a@d.test", "b@d.test");
        Assert.All(bench.Await(2), o => Assert.Equal((OutcomeKind.Failed, "5.6.7"), (o.Kind, o.Status)));
    }

    [Fact]
    public void A_host_with_SMTPUTF8_is_told_of_it()
    {
        using var bench = new DeliveryBench();
        var server = bench.Server(2, Offering("SMTPUTF8\n250-8BITMIME"));
        bench.Route("d.test", 2);
        bench.Add(1, Plain, "\u00fc@d.test");
        Assert.Equal(OutcomeKind.Delivered, Assert.Single(bench.Await(1)).Kind);
        Assert.EndsWith(" SMTPUTF8", server.Steps.Single(s => s.Step == "MAIL").Argument, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Limits_mailmax_ends_the_session_before_the_host_does(bool overlap)
    {
        using var bench = new DeliveryBench { Settings = new MtaSettings { SessionsPerSite = 1, Overlap = overlap } };
        var server = bench.Server(2, Offering("PIPELINING\n250-LIMITS MAILMAX=2"));
        bench.Route("d.test", 2);
        bench.AddTogether([.. Enumerable.Range(0, 5).Select(_ => (Plain, new[] { "a@d.test" }))]);
        Assert.All(bench.Await(5), o => Assert.Equal(OutcomeKind.Delivered, o.Kind));
        Assert.Equal([2, 2, 1], server.Steps.Where(s => s.Step == "MAIL").GroupBy(s => s.Session).Select(g => g.Count()));
        Assert.Equal(2, server.Steps.Where(s => s.Step == "MAIL" && s.Transaction == 2).Select(s => s.Session).Distinct().Count());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Limits_rcptdomainmax_is_kept_over_the_session(bool overlap)
    {
        using var bench = new DeliveryBench { Settings = new MtaSettings { SessionsPerSite = 1, Overlap = overlap } };
        var server = bench.Server(2, Offering("PIPELINING\n250-LIMITS RCPTDOMAINMAX=2"));
        foreach (var domain in "defg") bench.Route($"{domain}.test", 2);
        bench.AddTogether((Plain, ["a@d.test", "a@e.test", "a@f.test", "b@d.test"]), (Plain, ["a@g.test", "a@D.test"]));
        Assert.All(bench.Await(6), o => Assert.Equal(OutcomeKind.Delivered, o.Kind));
        foreach (var session in server.Steps.Where(s => s.Step == "RCPT").GroupBy(s => s.Session))
            Assert.InRange(session.Select(s => s.Argument.Split('@')[1].ToUpperInvariant()).Distinct().Count(), 1, 2);
        Assert.Equal(6, server.Count("RCPT"));
    }

    [Fact]
    public void A_session_that_is_old_says_QUIT_behind_its_transaction()
    {
        using var bench = new DeliveryBench { SessionAge = TimeSpan.Zero, Settings = new MtaSettings { SessionsPerSite = 1 } };
        var server = bench.Server(2);
        bench.Route("d.test", 2);
        bench.AddTogether([.. Enumerable.Range(0, 3).Select(_ => (Plain, new[] { "a@d.test" }))]);
        Assert.All(bench.Await(3), o => Assert.Equal(OutcomeKind.Delivered, o.Kind));
        Assert.Equal(3, server.Sessions);
        Assert.True(server.Count("QUIT") >= 2);
    }

    [Fact]
    public void Sessions_spread_over_a_hosts_addresses_and_pass_over_dead_ones()
    {
        using var bench = new DeliveryBench { Settings = new MtaSettings { Reuse = SessionReuse.None, SessionsPerSite = 1, Retry = new RetrySettings { First = TimeSpan.FromMinutes(5) } } };
        var first = bench.Server(2);
        var second = bench.Server(3);
        bench.Route("d.test", new MxHost("mx", 10, [DeliveryBench.Address(2), DeliveryBench.Address(95), DeliveryBench.Address(3)]));
        bench.AddTogether([.. Enumerable.Range(0, 6).Select(_ => (Plain, new[] { "a@d.test" }))]);
        Assert.All(bench.Await(6), o => Assert.Equal(OutcomeKind.Delivered, o.Kind));
        Assert.InRange(first.Sessions, 2, 4);
        Assert.InRange(second.Sessions, 2, 4);
        Assert.Equal(1, bench.OnLoop(() => bench.Stage.Addresses.Count));
    }

    private static Func<ScriptStep, string?> Offering(string extensions) => s => s.Step == "EHLO" ? $"250-mx.test\n250-{extensions}\n250 ENHANCEDSTATUSCODES" : null;
}
