using System.Globalization;
using MailBench.Model.Options;
using MailBench.Mta.Delivery;
using MailBench.Testing.Smtp;
using Xunit;

namespace MailBench.Unit.Mta.Delivery;

/// <summary>
/// Three messages of two recipients wait for one host and one session; something happens to the second, in each phase and each form of the dialogue. Its own recipients get the fate
/// that the standard gives them; those of the first and the third, which stand before and behind it in the same groups, are delivered once.
/// </summary>
public sealed class OverlapFateTests
{
    private const string Offer = "250-mx.test\n250-PIPELINING\n250-SIZE\n250-8BITMIME\n250-CHUNKING\n250 ENHANCEDSTATUSCODES";

    public enum Form { Plain, Pipelined, Overlapped, Chunks, PipelinedChunks, OverlappedChunks }

    public enum Fate { Delivered, Failed, Deferred, Uncertain }

    /// <summary>Phase, what the server does there, and the fates of the second message's two recipients. Before the content a session that has worked is held to be stale: they go again.</summary>
    private static readonly (string Step, string Action, Fate First, Fate Second)[] Cases =
    [
        ("MAIL", "550 5.7.1 no", Fate.Failed, Fate.Failed),
        ("MAIL", "451 4.3.0 later", Fate.Deferred, Fate.Deferred),
        ("MAIL", "421 4.3.2 down", Fate.Delivered, Fate.Delivered),
        ("MAIL", ScriptedSmtpServer.Close, Fate.Delivered, Fate.Delivered),
        ("MAIL", ScriptedSmtpServer.Reset, Fate.Delivered, Fate.Delivered),
        ("RCPT", "550 5.1.1 no", Fate.Failed, Fate.Delivered),
        ("RCPT", "450 4.2.1 later", Fate.Deferred, Fate.Delivered),
        ("RCPT", "421 4.3.2 down", Fate.Delivered, Fate.Delivered),
        ("RCPT", ScriptedSmtpServer.Close, Fate.Delivered, Fate.Delivered),
        ("RCPT", "354 what", Fate.Delivered, Fate.Delivered),
        ("both", "550 5.1.1 no", Fate.Failed, Fate.Failed),
        ("both", "452 4.2.2 full", Fate.Deferred, Fate.Deferred),
        ("DATA", "554 5.6.0 no", Fate.Failed, Fate.Failed),
        ("DATA", "451 4.3.0 later", Fate.Deferred, Fate.Deferred),
        ("DATA", "421 4.3.2 down", Fate.Delivered, Fate.Delivered),
        ("DATA", ScriptedSmtpServer.Close, Fate.Delivered, Fate.Delivered),
        ("end", "554 5.7.1 spam", Fate.Failed, Fate.Failed),
        ("end", "451 4.3.0 later", Fate.Deferred, Fate.Deferred),
        ("end", "421 4.3.2 down", Fate.Deferred, Fate.Deferred),
        ("end", ScriptedSmtpServer.Close, Fate.Uncertain, Fate.Uncertain),
        ("end", ScriptedSmtpServer.Reset, Fate.Uncertain, Fate.Uncertain),
        ("end", "no smtp at all", Fate.Uncertain, Fate.Uncertain),
    ];

    public static TheoryData<Form, string, string, Fate, Fate> Table
    {
        get
        {
            var rows = new TheoryData<Form, string, string, Fate, Fate>();
            foreach (var form in Enum.GetValues<Form>())
                foreach (var (step, action, first, second) in Cases)
                    if (step != "DATA" || !IsChunked(form)) rows.Add(form, step, action, first, second);
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Table))]
    public void Each_recipient_has_its_own_fate_and_its_neighbours_theirs(Form form, string step, string action, Fate first, Fate second)
    {
        using var bench = Bench(form);
        var server = bench.Server(2, s => s.Step == "EHLO" ? Offer : s.Session == 1 && s.Transaction == 2 && Hits(s, step) ? action : null);
        bench.Route("d.test", 2);
        bench.AddTogether([.. Enumerable.Range(1, 3).Select(i => ($"Subject: {i}\r\n\r\n.dot\r\n", new[] { "a@d.test", "b@d.test" }))]);
        Assert.Equal([Fate.Delivered, Fate.Delivered, first, second, Fate.Delivered, Fate.Delivered], bench.Await(6).Select(FateOf));
        Assert.Equal(first == Fate.Uncertain ? 2 : 0, bench.Counters.Uncertain);
        Assert.Equal(0, bench.OnLoop(() => bench.Stage.InHand));

        // Octet for octet, and once each but for what the server saw to its end without our hearing of it.
        var ends = server.Steps.Where(s => s.Step == "end").Select(s => s.Argument.Replace("\n..", "\n.", StringComparison.Ordinal)).ToList();
        foreach (var number in new[] { 1, 3 }) Assert.Single(ends, $"Subject: {number.ToString(CultureInfo.InvariantCulture)}\r\n\r\n.dot\r\n");
        Assert.InRange(ends.Count, 2, 3);
        Assert.Equal(IsChunked(form), server.Count("DATA") == 0);
    }

    [Theory]
    [InlineData(Form.Overlapped)]
    [InlineData(Form.OverlappedChunks)]
    public void An_envelope_goes_with_the_content_before_it_and_costs_no_wait_of_its_own(Form form)
    {
        using var bench = Bench(form);
        var server = bench.Server(2, s => s.Step == "EHLO" ? Offer : null);
        bench.Route("d.test", 2);
        bench.AddTogether([.. Enumerable.Range(1, 4).Select(_ => ("Subject: t\r\n", new[] { "a@d.test" }))]);
        Assert.All(bench.Await(4), o => Assert.Equal(OutcomeKind.Delivered, o.Kind));
        Assert.Equal(1, server.Sessions);
        // Connect with greeting, EHLO, the first envelope, then one for each content.
        Assert.Equal(3 + 4, bench.Counters.RoundTripsOut);
        Assert.Equal(form == Form.OverlappedChunks ? 3 : 0, server.Count("RSET"));
    }

    [Theory]
    [InlineData(ScriptedSmtpServer.Close)]
    [InlineData(ScriptedSmtpServer.Reset)]
    public void A_host_that_breaks_on_an_envelope_sent_ahead_gets_no_more_of_them(string ending)
    {
        using var bench = Bench(Form.Overlapped);
        // It takes the message and breaks in place of the reply, as long as something stands behind the content.
        var server = bench.Server(2, s => s.Step == "EHLO" ? Offer : s.Session == 1 && s.Step == "end" ? ending : null);
        bench.Route("d.test", 2);
        bench.AddTogether([.. Enumerable.Range(1, 5).Select(_ => ("Subject: t\r\n", new[] { "a@d.test" }))]);
        Assert.Equal([Fate.Uncertain, Fate.Delivered, Fate.Delivered, Fate.Delivered, Fate.Delivered], bench.Await(5).Select(FateOf));
        Assert.Equal(2, server.Sessions);
        // Two rounds before the first content's end, and two for each message without overlap.
        Assert.Equal(3 + (2 + (2 * 4)), bench.Counters.RoundTripsOut);
    }

    [Fact]
    public async Task Stopping_lets_an_envelope_that_is_out_come_to_its_end()
    {
        using var bench = Bench(Form.Overlapped);
        using var begun = new SemaphoreSlim(0);
        using var goOn = new SemaphoreSlim(0);
        var server = bench.Server(2, s =>
        {
            if (s.Step == "EHLO") return Offer;
            if (s is not { Step: "end", Transaction: 1 }) return null;
            begun.Release();
            Assert.True(goOn.Wait(DeliveryBench.Patience));
            return null;
        });
        bench.Route("d.test", 2);
        bench.AddTogether([.. Enumerable.Range(1, 3).Select(_ => ("Subject: t\r\n", new[] { "a@d.test" }))]);
        Assert.True(begun.Wait(DeliveryBench.Patience, TestContext.Current.CancellationToken));
        var stopped = bench.Stop();
        goOn.Release();
        await stopped;
        Assert.Equal([1L, 2L], bench.Await(2).Select(o => o.Entry.Id.Value));
        Assert.Equal(2, server.Count("MAIL"));
        Assert.Equal(1, server.Count("QUIT"));
    }

    private static bool Hits(ScriptStep said, string step) => step == "both" ? said.Step == "RCPT" : said.Step == step && (step != "RCPT" || said.Recipient == 0);

    private static bool IsChunked(Form form) => form >= Form.Chunks;

    private static Fate FateOf(DeliveryOutcome outcome) => outcome.Uncertain ? Fate.Uncertain : outcome.Kind switch
    {
        OutcomeKind.Delivered => Fate.Delivered,
        OutcomeKind.Failed => Fate.Failed,
        _ => Fate.Deferred,
    };

    private static DeliveryBench Bench(Form form) => new()
    {
        Settings = new MtaSettings
        {
            SessionTimeout = TimeSpan.FromSeconds(100),
            SessionsPerSite = 1,
            Pipelining = form is not (Form.Plain or Form.Chunks),
            Overlap = form is Form.Overlapped or Form.OverlappedChunks,
            Chunking = IsChunked(form),
        },
    };
}
