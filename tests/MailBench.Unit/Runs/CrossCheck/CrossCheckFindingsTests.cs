using MailBench.Model.Records;
using MailBench.Runs.CrossCheck;
using MailBench.Runs.Disclosure;
using Xunit;

namespace MailBench.Unit.Runs.CrossCheck;

public sealed class CrossCheckFindingsTests
{
    [Theory]
    [InlineData("400 410 390", "405 405 380", ProbeFinding.Agrees)]
    [InlineData("400 410 390", "300 310 305", ProbeFinding.Differs)]
    [InlineData("400 410 390", "100 400 800", ProbeFinding.NotShown)]
    [InlineData("400 440 380 400", "430 410 395 390", ProbeFinding.Agrees)]
    [InlineData("400 410 390 400 410 400", "350 340 350 345 350 420", ProbeFinding.Differs)]
    [InlineData("0 0 0", "400 410 390", ProbeFinding.NotShown)]
    [InlineData("400 410 390", "0 0 0", ProbeFinding.NotShown)]
    public void Two_instruments_agree_within_three_percent_or_where_the_middle_half_of_the_ratios_lies_about_one_but_noise_makes_no_agreement(string ours, string theirs, string verdict)
    {
        Assert.Equal(verdict, Findings(ours, theirs, choice => choice.Source != SourceTool.SmtpSource).Single(f => f.Question == "accepted messages/s").Verdict);
        Assert.Equal(verdict, Findings(ours, theirs, choice => choice.OurSink).Single(f => f.Question == "delivered messages/s").Verdict);
    }

    [Theory]
    [InlineData("a source that loads otherwise", "accepted messages/s", "delivered messages/s, each sink twice")]
    [InlineData("a sink that takes otherwise", "accepted messages/s, each source twice", "delivered messages/s")]
    [InlineData("usual mail that costs otherwise", "accepted messages/s, MailBench's source alone", "delivered messages/s, MailBench's ends alone")]
    public void What_makes_a_difference_shows_in_the_rows_that_exchange_it_and_in_no_other(string cause, params string[] rows)
    {
        var findings = Findings("400 410 390", "300 310 305", choice => cause[0] == 'u' ? choice.Source != SourceTool.OwnAsUsual : cause.Contains("source") ? choice.Source != SourceTool.SmtpSource : choice.OurSink);
        // What makes a system slower here costs it as much more CPU.
        string[] all = [.. rows.SelectMany(row => new[] { row, row.Replace("accepted messages/s", "system's CPU ms per message accepted").Replace("delivered messages/s", "system's CPU ms per message delivered") })];
        Assert.Equal(all, findings.Where(f => f.Verdict == ProbeFinding.Differs).Select(f => f.Question));
        Assert.All(findings.Where(f => !all.Contains(f.Question)), f => Assert.Equal(ProbeFinding.Agrees, f.Verdict));
        Assert.Equal(13, findings.Count);
    }

    [Fact]
    public void A_row_says_medians_and_the_ratios_of_turns_that_followed_each_other() =>
        Assert.Equal(
            "MailBench's source 420, smtp-source 400: 1.05 × (1.00–3.55); the ratios are too far apart to tell anything",
            Findings("400 420 1420", "400 400 400", choice => choice.Source != SourceTool.SmtpSource).Single(f => f.Question == "accepted messages/s").Observed);

    [Fact]
    public void One_round_has_too_few_ratios_to_tell_anything_of_rates()
    {
        var findings = Findings("400", "300", choice => choice.OurSink);
        Assert.All(findings.Skip(1), f => Assert.Equal(ProbeFinding.NotShown, f.Verdict));
        Assert.EndsWith(": 1.33 × (1.33–1.33); too few ratios to tell anything", findings.Single(f => f.Question == "delivered messages/s").Observed);
    }

    [Theory]
    [InlineData(99, 100, 100)]
    [InlineData(100, 99, 100)]
    [InlineData(100, 100, 101)]
    public void One_message_that_only_one_of_them_counted_is_told_with_its_turn(long sent, long held, long received)
    {
        var rounds = Rounds("400 410", "400 410", _ => true);
        Assert.Equal(ProbeFinding.Agrees, CrossCheckFindings.Of(rounds, 100)[0].Verdict);
        var spoiled = new CrossCheckRound(new Dictionary<ToolChoice, TurnResult>(rounds[1].Turns) { [new(SourceTool.SmtpSource, true)] = new TurnResult(1, 1, 1, 1, sent, held, received) });
        var counts = CrossCheckFindings.Of([rounds[0], spoiled], 100)[0];
        Assert.Equal((ProbeFinding.Differs, $"10 turns of 100, 1 not the same; first round 2, postfix-own: {sent}, {held}, {received}"), (counts.Verdict, counts.Observed));
    }

    [Fact]
    public void A_rate_is_of_the_middle_of_a_count_that_goes_to_a_known_end()
    {
        var rate = new MiddleRate(1000);
        // A slow start, 100 a second in the middle, a slow end.
        foreach (var (second, count) in new[] { (0, 0), (10, 150), (11, 250), (12, 350), (17, 850) }) rate.Saw(second * 1_000_000_000L, count);
        Assert.Null(rate.PerSecond);
        foreach (var (second, count) in new[] { (18, 950), (40, 999), (80, 1000) }) rate.Saw(second * 1_000_000_000L, count);
        Assert.Equal(100, rate.PerSecond!.Value, 9);
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(512)]
    [InlineData(4097)]
    public void Our_mail_in_the_cross_check_has_the_size_and_shape_of_smtp_sources(long size)
    {
        var mail = SmtpSourceMail.Compose(size, "x@source.test", "u0@d0.test");
        Assert.Equal(size, mail.Length);
        var (head, body) = (mail[..(mail.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)], mail[(mail.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        Assert.Equal(["From", "To", "Date", "Message-Id"], head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(field => field.Split(':')[0]));
        Assert.Equal(SmtpSourceMail.BodyOctets(size, "x@source.test", "u0@d0.test") + 2, body.Length);
        var lines = body.Split("\r\n")[..^1];
        Assert.Equal("1" + new string('X', 77), lines[0]);
        Assert.All(lines[..^1], line => Assert.Equal(78, line.Length));
        Assert.Matches("^X*$", lines[^1]);
    }

    [Theory]
    [InlineData("sess=3 quit=2 mesg=41 ", 41L)]
    [InlineData("800", 800L)]
    [InlineData("", null)]
    [InlineData("none", null)]
    public void A_tools_count_is_the_last_number_of_its_line(string line, long? count) => Assert.Equal(count, CountingTool.LastNumber(line));

    [Fact]
    public void What_is_neither_idle_nor_stolen_nor_the_runs_own_is_others()
    {
        // 1,000 ticks of 10 ms: 300 idle, 100 stolen, 600 busy, of which the roles' 2 s are 200.
        var (before, after) = (new CpuTicks(5000, 1000, 50), new CpuTicks(6000, 1300, 150));
        Assert.Equal(0.4, after.OthersShareSince(before, 2e9), 9);
        Assert.Equal(0, after.OthersShareSince(before, 7e9), 9);
        Assert.Equal(0, default(CpuTicks).OthersShareSince(default, 0), 9);
    }

    private static IReadOnlyList<ProbeFinding> Findings(string first, string second, Func<ToolChoice, bool> isFirst) => CrossCheckFindings.Of(Rounds(first, second, isFirst), 100);

    /// <summary>Rounds in which the turns for which <paramref name="isFirst"/> holds saw one rate and the others another; delivery was half as fast.</summary>
    private static CrossCheckRound[] Rounds(string first, string second, Func<ToolChoice, bool> isFirst) =>
        [.. first.Split(' ').Zip(second.Split(' '), (one, other) => new CrossCheckRound(ToolChoice.All.ToDictionary(choice => choice, choice => double.Parse(isFirst(choice) ? one : other) is var rate and > 0 ? new TurnResult(rate, rate / 2, 1000 / rate, 2000 / rate, 100, 100, 100) : new TurnResult(0, 0, 0, 0, 100, 100, 100))))];
}
