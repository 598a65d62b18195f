using MailBench.Model.Records;
using MailBench.Runs.Probes;
using Xunit;

namespace MailBench.Unit.Runs.Probes;

public sealed class FindingsTests
{
    [Theory]
    [InlineData("per-recipient", "one", "two", "set", "host")]
    [InlineData("per-domain", "one two", "set", "host")]
    [InlineData("per-mx-set", "one two set", "host")]
    [InlineData("per-mx-host", "one two set host")]
    public void A_strategy_shows_in_who_shares_a_transaction(string strategy, params string[] groups) =>
        Assert.Equal(strategy, FeatureClaims.StrategyOf([.. groups.Select(group => group.Split(' '))]));

    [Theory]
    [InlineData("none", 30, 30, true)]
    [InlineData("none", 29, 30, false)]
    [InlineData("within-message", 30, 30, true)]
    [InlineData("across-messages, where a site gets much mail", 13, 30, true)]
    [InlineData("across-messages, where more waits for a host", 30, 30, true)]
    [InlineData("across-messages", 30, 30, false)]
    public void Reuse_shows_in_sessions_beside_transactions(string declared, int sessions, int transactions, bool fits) => Assert.Equal(fits, FeatureClaims.ReuseFits(declared, sessions, transactions));

    [Theory]
    [InlineData("4 per site, 200 in all", 4)]
    [InlineData("2 per message, a process per message, 5 queue runners", null)]
    [InlineData("a process per message, 10 per host", 10)]
    public void Only_a_bound_per_host_bounds_the_sessions_to_one(string declared, int? most) => Assert.Equal(most, FeatureClaims.MostPerHost(declared));

    [Theory]
    [InlineData("none: 8-bit content goes as it is", FeatureClaims.Passed)]
    [InlineData("none: 8-bit content fails at a host without 8BITMIME", FeatureClaims.Failed)]
    [InlineData("8-bit to quoted-printable where a peer lacks 8BITMIME", FeatureClaims.Converted)]
    [InlineData("none", FeatureClaims.Passed)]
    public void Conversion_is_one_of_three_things(string declared, string expected) => Assert.Equal(expected, FeatureClaims.ConversionOf(declared));

    [Fact]
    public void A_feature_is_held_against_what_was_seen_and_silence_claims_nothing()
    {
        var claims = new FeatureClaims(new Dictionary<string, string> { ["reuse"] = "none" });
        Assert.Equal(ProbeFinding.Agrees, claims.Against("reuse", "sessions", "30", _ => true).Verdict);
        Assert.Equal(ProbeFinding.Differs, claims.Against("reuse", "sessions", "4", _ => false).Verdict);
        Assert.Equal(ProbeFinding.Seen, claims.Against("overlap", "early MAIL", "none", _ => false).Verdict);
    }

    [Fact]
    public void A_right_bounce_meets_all_and_a_wrong_one_is_told_point_by_point()
    {
        const string right = """
            From: MAILER-DAEMON@sut.test
            To: probe@source.test
            Auto-Submitted: auto-replied
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=delivery-status; boundary=b

            --b

            Words.
            --b
            Content-Type: message/delivery-status

            Reporting-MTA: dns; sut.test

            Final-Recipient: rfc822; bad@a.test
            Action: failed
            Status: 5.1.1
            Diagnostic-Code: smtp; 550 5.1.1 no such user here: bad
            --b
            Content-Type: text/rfc822-headers

            Subject: one
            --b--

            """;
        static List<string> Differing(string reversePath, string content, char statusClass) =>
            [.. DsnInspection.Inspect("bounce", reversePath, content.ReplaceLineEndings("\r\n"), "bad@a.test", statusClass, "no such user here").Where(f => f.Verdict == ProbeFinding.Differs).Select(f => f.Question)];
        Assert.Empty(Differing("", right, '5'));
        Assert.Equal(["reverse-path"], Differing("postmaster@sut.test", right, '5'));
        Assert.Equal(["Status"], Differing("", right, '4'));
        Assert.Equal(["Auto-Submitted", "Diagnostic-Code"], Differing("", right.Replace("Auto-Submitted: auto-replied\n", "", StringComparison.Ordinal).Replace("no such user here", "sorry", StringComparison.Ordinal), '5'));
        Assert.Equal(8, Differing("", "From: x\n\nyour mail failed", '5').Count);
    }

    [Fact]
    public void A_log_is_scored_by_what_one_line_tells_of_a_failure()
    {
        PlantedFailure[] planted = [new("a refusal", "bad@a.test", [("where", ["127.0.4.1", "h1.test"]), ("the code", ["550"]), ("the host's words", ["no such user"])])];
        Assert.Equal("4 of 4", LogScore.Of(["x", "to=<bad@a.test> relay=h1.test[127.0.4.1] (host said: 550 5.1.1 No such user)"], planted)[0].Observed);
        var poor = LogScore.Of(["delivery to bad@a.test failed"], planted)[0];
        Assert.Equal(("1 of 4; not where, the code, the host's words", ProbeFinding.Differs), (poor.Observed, poor.Verdict));
        Assert.Equal(ProbeFinding.Differs, LogScore.Of([], planted)[0].Verdict);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void The_order_of_sync_and_250_is_read_from_interleaved_calls(bool syncedBefore, bool expected)
    {
        const string reply = """71 sendto(9<TCP:[127.0.0.1:25->127.0.0.1:4]>, "250 2.0.0 Ok: queued as 1\r\n", 27, 0, NULL, 0) = 27""";
        const string resumed = "70 <... fdatasync resumed>) = 0";
        string[] lines =
        [
            """71 sendto(9<TCP:[127.0.0.1:25->127.0.0.1:4]>, "250 2.1.5 Ok\r\n", 14, 0, NULL, 0) = 14""",
            """70 pwrite64(5</q/1.seg>, "Received: x\r\nSubject: marked\r\n", 400, 0) = 400""",
            "70 fdatasync(5</q/1.seg> <unfinished ...>",
            """71 write(9<TCP:[127.0.0.1:25->127.0.0.1:4]>, "250 2.1.0 Ok\r\n", 14) = 14""",
            .. syncedBefore ? new[] { resumed, reply } : [reply, resumed],
        ];
        Assert.Equal(new CommitOrder("/q/1.seg", true, expected, false), SyncTrace.Follow(lines, "marked"));
        Assert.Null(SyncTrace.Follow(lines, "another").File);
    }
}
