using MailBench.Model.Records;
using Xunit;
using static MailBench.Unit.Analysis.AskedRun;

namespace MailBench.Unit.Analysis;

/// <summary>Where nobody measured, and an answer is wanted all the same: an interval from demands, marked, with the resource that would be the limit; N = P·C ÷ D.</summary>
public sealed class CapacityExtrapolationTests
{
    /// <summary>Two points with room, 4 % apart in what a poll needs; carried with the line 80 % busy at most.</summary>
    private static readonly RunSummary Measured = Of(Point(100, carried: true), Point(150, carried: true, bits: Bits * 1.04), Point(200, carried: true));

    [Theory]
    [InlineData(10_000, CapacityVerdict.NotCarried)]
    [InlineData(250, CapacityVerdict.NotCarried)]
    [InlineData(249, CapacityVerdict.Undecided)]
    [InlineData(201, CapacityVerdict.Undecided)]
    public void Beyond_the_largest_number_the_interval_of_the_tightest_resource_answers_and_is_marked(int users, CapacityVerdict expected)
    {
        var answer = Assert.Single(Measured.Ask(users, extrapolate: true).Answers);
        Assert.Equal((expected, CapacityReason.BeyondLargest, true), (answer.Verdict, answer.Reason, answer.Extrapolated));
        Assert.Contains(" (extrapolated). The most that were measured there are 200, which were carried", answer.Sentence, StringComparison.Ordinal);
        var e = answer.Extrapolation!;
        Assert.Equal(("line forward", 250.0, 0.8 * 250 / 1.04), (e.Limit, e.UsersHigh, e.UsersLow), (a, b) => a.Item1 == b.Item1 && Math.Abs(a.Item2 - b.Item2) < 1e-6 && Math.Abs(a.Item3 - b.Item3) < 1e-6);
        Assert.Equal([1, 2], e.Points);
        Assert.Contains("No demand knows what grows with the number of users itself, mailboxes and memory: the run had 200 at most.", answer.Sentence, StringComparison.Ordinal);
        Assert.NotNull(answer.Command);
    }

    [Fact]
    public void Demands_are_carried_over_to_another_interval()
    {
        var plan = Measured.Ask(700, interval: 4, extrapolate: true);
        Assert.Equal(CapacityVerdict.Carried, plan.Verdict);
        Assert.Equal((CapacityReason.IntervalNotMeasured, 1000.0), (plan.Answers[0].Reason, Math.Round(plan.Answers[0].Extrapolation!.UsersHigh)));
        Assert.Equal(CapacityVerdict.NotCarried, Measured.Ask(1001, interval: 4, extrapolate: true).Verdict);
    }

    [Fact]
    public void A_larger_line_moves_the_limit_to_the_resource_that_is_tight_then()
    {
        var answer = Assert.Single(Measured.Ask(400, line: "1Gbit/s", extrapolate: true).Answers);

        // 4 ms of two processors a poll: 500 users a second at most, of which half count as safe, since nobody filled more.
        Assert.Equal((CapacityReason.LineNotMeasured, "cpu of the machine", 500.0, 250.0), (answer.Reason, answer.Extrapolation!.Limit, Math.Round(answer.Extrapolation.UsersHigh), Math.Round(answer.Extrapolation.UsersLow)));
        Assert.Equal(CapacityVerdict.Undecided, answer.Verdict);
        Assert.Equal("line reverse", Measured.Ask(400, line: "1Gbit/s/100kbit/s", extrapolate: true).Answers[0].Extrapolation!.Limit);
    }

    [Fact]
    public void A_smaller_line_is_safe_only_up_to_its_plateau() =>
        Assert.Equal(0.5, Measured.Ask(10, line: "1Mbit/s", extrapolate: true).Answers[0].Extrapolation!.Terms.Single(term => term.Resource == "line forward").Filled);

    [Fact]
    public void One_point_shows_no_spread_and_ten_percent_is_taken()
    {
        var answer = Of(Point(100, carried: true)).Ask(1000, extrapolate: true).Answers[0];
        Assert.Equal((250 / 0.9, 0.5 * 250 / 1.1), (answer.Extrapolation!.UsersHigh, answer.Extrapolation.UsersLow), (a, b) => Math.Abs(a.Item1 - b.Item1) < 1e-6 && Math.Abs(a.Item2 - b.Item2) < 1e-6);
        Assert.Contains("one point with room shows no spread, 10 % is taken", answer.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_that_no_demand_explains_is_not_extrapolated_away()
    {
        // 120 polls/s were not carried, with the line 30 % busy and nothing else full.
        var run = Of(Point(100, carried: true), Point(120, carried: false, bottleneck: "unattributed"));
        var beyond = run.Ask(130, extrapolate: true).Answers[0];
        Assert.Equal((CapacityVerdict.NotCarried, 120.0, "unattributed"), (beyond.Verdict, beyond.Extrapolation!.UsersHigh, beyond.Extrapolation.Limit));
        Assert.Equal(CapacityVerdict.NotCarried, run.Ask(1000, interval: 4, extrapolate: true).Verdict);
        Assert.Equal(CapacityVerdict.NotCarried, run.Ask(125, line: "1Gbit/s", extrapolate: true).Verdict);

        // A full line is no limit any more where the line is larger.
        Assert.Equal(CapacityVerdict.Carried, Of(Point(100, carried: true), Point(300, carried: false)).Ask(200, line: "100Mbit/s", extrapolate: true).Verdict);
    }

    [Fact]
    public void Without_a_point_that_had_room_it_stays_refused()
    {
        var answer = Of(Point(240, carried: true)).Ask(1000, extrapolate: true).Answers[0];
        Assert.Equal((CapacityVerdict.Refused, null), (answer.Verdict, answer.Extrapolation));
        Assert.Contains("there is nothing to extrapolate from", answer.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stampede_and_another_interval_of_held_sessions_do_not_scale()
    {
        var stampede = Point(100, carried: true);
        Assert.Null(Of(stampede with { Polls = stampede.Polls! with { AllAtOnce = true } }).Ask(1000, extrapolate: true).Answers[0].Extrapolation);
        var held = Of(stampede with { Polls = stampede.Polls! with { Action = "idle" } });
        Assert.Null(held.Ask(100, interval: 60, extrapolate: true).Answers[0].Extrapolation);
        Assert.NotNull(held.Ask(1000, extrapolate: true).Answers[0].Extrapolation);
    }

    [Fact]
    public void What_was_measured_is_never_extrapolated()
    {
        Assert.False(Measured.Ask(200, extrapolate: true).Answers[0].Extrapolated);
        Assert.False(Measured.Ask(120, extrapolate: true).Answers[0].Extrapolated);
    }
}
