using MailBench.Analysis.Confirming;
using MailBench.Analysis.Figures;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Records;
using Xunit;

namespace MailBench.Unit.Analysis;

/// <summary>Verdicts on a point and its companions whose rates are planted.</summary>
public sealed class ConfirmationsTests
{
    private static readonly double[] Base = [1000, 1010, 995, 1005, 990, 1000];

    private static readonly Dictionary<string, string> Settings = new()
    {
        ["load.model"] = "backlog",
        ["line.capacity"] = "10Mbit/s",
        ["mta.strategy"] = "per-mx-host",
        ["mta.sessionsPerSite"] = "4",
        ["mta.sessionsOut"] = "200",
        ["dns.mx"] = "5",
        ["dns.domains"] = "100",
    };

    private static readonly PlannedPoint Origin = new(1, "main", new Dictionary<string, string> { ["line.capacity"] = "10Mbit/s" }, Settings);

    /// <summary>Point 1 with a companion each; the change, what it sets, and its rates, repetition by repetition.</summary>
    private static (IReadOnlyList<PointSummary> Points, ConfirmationSummary Confirmation, RunHeader Header) Judge(
        string named, double[] rates, params (CompanionChange Change, string Path, string Value, double[] Rates)[] companions)
    {
        var planned = new List<PlannedPoint> { Origin };
        foreach (var (change, path, value, _) in companions)
            planned.Add(new PlannedPoint(planned.Count + 1, "main", Origin.Axes, new Dictionary<string, string>(Settings) { [path] = value }) { Companion = new Companion(1, change) });
        var points = rates.Select((rate, i) => Point(planned[0], i, rate) with { Bottleneck = named }).ToList();
        for (var i = 0; i < companions.Length; i++) points.AddRange(companions[i].Rates.Select((rate, repetition) => Point(planned[i + 1], repetition, rate)));
        var header = PlantedTrial.Healthy().Header(Origin) with { Points = planned, Repetitions = rates.Length, Quick = false };
        var (judged, confirmations) = Confirmations.Of(header, points);
        return (judged, Assert.Single(confirmations), header);
    }

    /// <summary>A rate of 0 plants a void repetition.</summary>
    private static PointSummary Point(PlannedPoint planned, int repetition, double rate) => ComparedRuns.Point(planned, repetition, rate) with
    {
        Companion = planned.Companion,
        Bottleneck = Utilisations.Unattributed,
        Flags = [],
        DeliveredPerSecond = rate > 0 ? rate : null,
        Void = rate == 0,
        VoidReasons = rate == 0 ? ["the sink died"] : [],
        Batches = [.. Enumerable.Range(0, 20).Select(i => 10 + (i % 2))],
    };

    private static (CompanionChange, string, string, double[]) Wider(params double[] rates) => (CompanionChange.Line, "line.capacity", "12.5Mbit/s", rates);

    private static (CompanionChange, string, string, double[]) Burdened(params double[] rates) => (CompanionChange.Testbed, "testbed.burden", "20%", rates);

    private static double[] Times(double factor) => [.. Base.Select(rate => rate * factor)];

    [Theory]
    [InlineData(1.25, "confirmed", "line forward")]
    [InlineData(1.16, "confirmed", "line forward")]
    [InlineData(1.10, "not confirmed", "unattributed")]
    [InlineData(1.00, "not confirmed", "unattributed")]
    public void A_named_line_is_confirmed_by_fifteen_percent_more_and_else_unattributed(double factor, string verdict, string bottleneck)
    {
        var (points, confirmation, _) = Judge(Utilisations.LineForward, Base, Wider(Times(factor)));
        var result = Assert.Single(confirmation.Companions);
        Assert.Equal((verdict, Utilisations.LineForward, 6), (result.Verdict, result.Resource, result.Blocks));
        Assert.Equal((1.25, 1.15), (result.Given, result.Bound));
        Assert.Equal(factor, result.Ratio!.Value, 6);
        Assert.Equal((Utilisations.LineForward, bottleneck), (confirmation.Named, confirmation.Bottleneck));
        Assert.All(points.Where(p => p.Companion is null), p => Assert.Equal(bottleneck, p.Bottleneck));
        Assert.Contains(verdict == "confirmed" ? "line forward is confirmed as its limit: 25% more of the line gave" : "line forward is not confirmed as its limit, which is unattributed: 25% more of the line gave", confirmation.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void An_interval_that_holds_the_bound_is_inconclusive_and_leaves_the_name()
    {
        var (points, confirmation, _) = Judge(Utilisations.LineForward, Base, Wider([1250, 1010, 1240, 1020, 1250, 1190]));
        var result = Assert.Single(confirmation.Companions);
        Assert.Equal(CompanionResult.Inconclusive, result.Verdict);
        Assert.True(result.Low < 1.15 && result.High > 1.15, $"{result}");
        Assert.Equal("its interval holds 1.15 ×", result.Why);
        Assert.Equal(Utilisations.LineForward, points[0].Bottleneck);
        Assert.Contains("whether line forward is its limit is inconclusive", confirmation.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_void_companion_decides_nothing_and_says_why()
    {
        var (points, confirmation, header) = Judge(Utilisations.LineForward, Base, Wider(0, 0, 0, 0, 0, 0));
        var result = Assert.Single(confirmation.Companions);
        Assert.Equal((CompanionResult.Inconclusive, 0), (result.Verdict, result.Blocks));
        Assert.Null(result.Ratio);
        Assert.Contains("point 2, is void: the sink died", result.Why, StringComparison.Ordinal);
        Assert.Equal(Utilisations.LineForward, points[0].Bottleneck);
        Assert.DoesNotContain(Sentences.Of(header, points, [], [], [], [confirmation]), sentence => sentence.StartsWith("Point 2", StringComparison.Ordinal));
    }

    [Fact]
    public void Repetitions_that_are_void_on_either_side_are_left_out_of_the_pairs()
    {
        var (_, confirmation, _) = Judge(Utilisations.LineForward, [1000, 0, 995, 1005, 990, 1000], Wider(1250, 100, 0, 1256, 1238, 1250));
        var result = Assert.Single(confirmation.Companions);
        Assert.Equal((CompanionResult.Confirmed, 4), (result.Verdict, result.Blocks));
    }

    [Fact]
    public void A_companion_that_was_not_run_is_said_to_be_missing() =>
        Assert.Contains("was not run", Assert.Single(Judge(Utilisations.LineForward, Base, Wider()).Confirmation.Companions).Why, StringComparison.Ordinal);

    [Theory]
    [InlineData(1.00, "does not matter")]
    [InlineData(0.98, "does not matter")]
    [InlineData(0.90, "this testbed's figure")]
    [InlineData(0.97, "inconclusive")]
    public void The_testbeds_CPU_matters_where_the_rate_moves_by_more_than_three_percent(double factor, string verdict)
    {
        double[] nearly = [.. Times(factor).Select((rate, i) => rate * (i % 2 == 0 ? 1.004 : 0.996))];
        var (points, confirmation, _) = Judge(Utilisations.MachineCpu, Base, Burdened(nearly));
        Assert.Equal(verdict, Assert.Single(confirmation.Companions).Verdict);
        Assert.Equal(Utilisations.MachineCpu, points[0].Bottleneck);
        Assert.Equal(verdict == CompanionResult.Testbed, points[0].Flags.Any(flag => flag.StartsWith("this testbed's figure: 20% more CPU in source and sink moves it by -10", StringComparison.Ordinal)));
        Assert.Contains("cpu of the machine is named by its utilisation alone", confirmation.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_not_named_is_told_apart_into_no_limit_and_one_all_the_same()
    {
        var (points, confirmation, _) = Judge(Utilisations.Unattributed, Base, Wider(Times(1.01)), (CompanionChange.Sessions, "mta.sessionsPerSite", "5", Times(1.24)));
        Assert.Equal([CompanionResult.NoLimit, CompanionResult.LimitsToo], confirmation.Companions.Select(r => r.Verdict));
        Assert.Equal(Utilisations.Concurrency, confirmation.Companions[1].Resource);
        Assert.Equal(Utilisations.Unattributed, points[0].Bottleneck);
    }

    [Theory]
    [InlineData("mta.sessionsPerSite", "5", 1.25, 1.15)]
    [InlineData("mta.sessionsPerSite", "8", 2.0, 1.6)]
    public void Sessions_are_held_against_what_they_were_given(string path, string value, double given, double bound)
    {
        var result = Assert.Single(Judge(Utilisations.Concurrency, Base, (CompanionChange.Sessions, path, value, Times(1.3))).Confirmation.Companions);
        Assert.Equal((given, bound), (result.Given, result.Bound));
        Assert.Equal(given > 1.5 ? CompanionResult.NotConfirmed : CompanionResult.Confirmed, result.Verdict);
    }

    [Fact]
    public void A_single_pair_of_windows_has_the_interval_of_their_parts()
    {
        var result = Assert.Single(Judge(Utilisations.LineForward, [1000], Wider(1250)).Confirmation.Companions);
        Assert.Equal((CompanionResult.Confirmed, 1), (result.Verdict, result.Blocks));
        // Parts of 10 and 11 by turns: s = 0.513 of a mean of 10.5, so 0.01092 of the mean for 20 of them; both sides, times t(38) = 2.024: 0.0313 of the logarithm.
        Assert.InRange(Math.Log(result.High!.Value / result.Low!.Value) / 2, 0.0307, 0.0318);
    }

    [Theory]
    [InlineData("other programs used 40% of the machine's CPU", true)]
    [InlineData("unsteady: the rate drifts by +60.0% over the window (± 45.6%)", true)]
    [InlineData("striped storage", false)]
    public void A_single_pair_decides_nothing_where_a_window_was_disturbed_and_several_do(string flag, bool disturbs)
    {
        var wider = new PlannedPoint(2, "main", Origin.Axes, new Dictionary<string, string>(Settings) { ["line.capacity"] = "12.5Mbit/s" }) { Companion = new Companion(1, CompanionChange.Line) };
        var header = PlantedTrial.Healthy().Header(Origin) with { Points = [Origin, wider] };
        PointSummary[] pair = [Point(Origin, 0, 1000) with { Bottleneck = Utilisations.LineForward }, Point(wider, 0, 1250) with { Flags = [flag] }];
        PointSummary[] another = [Point(Origin, 1, 1001) with { Bottleneck = Utilisations.LineForward }, Point(wider, 1, 1251)];
        Assert.Equal(disturbs ? CompanionResult.Inconclusive : CompanionResult.Confirmed, Verdict(pair).Verdict);
        Assert.Equal(disturbs, Verdict(pair).Why?.Contains($"point 2: {flag}", StringComparison.Ordinal) ?? false);
        Assert.Equal(CompanionResult.Confirmed, Verdict([.. pair, .. another]).Verdict);

        CompanionResult Verdict(PointSummary[] points) => Assert.Single(Assert.Single(Confirmations.Of(header, points).Confirmations).Companions);
    }

    [Fact]
    public void A_point_that_is_void_altogether_has_none()
    {
        PlannedPoint wider = new(2, "main", Origin.Axes, Settings) { Companion = new Companion(1, CompanionChange.Line) };
        var header = PlantedTrial.Healthy().Header(Origin) with { Points = [Origin, wider] };
        Assert.Empty(Confirmations.Of(header, [Point(Origin, 0, 0), Point(wider, 0, 100)]).Confirmations);
        // Nor has one whose header names a point that is not there: it may come from anywhere.
        Assert.Empty(Confirmations.Of(header with { Points = [Origin, wider with { Companion = new Companion(9, CompanionChange.Line) }] }, [Point(Origin, 0, 100), Point(wider, 0, 100)]).Confirmations);
    }

    [Fact]
    public void Companions_are_in_no_comparison_and_no_sentence_of_rates()
    {
        var (points, confirmation, header) = Judge(Utilisations.LineForward, Base, Wider(Times(1.25)), Burdened(Base));
        Assert.Single(MailBench.Analysis.Comparing.WithinRun.Sides(header, points));
        var sentences = Sentences.Of(header, points, [], [], [], [confirmation]);
        Assert.Contains(confirmation.Sentence, sentences);
        Assert.DoesNotContain(sentences, sentence => sentence.Contains("1,250 deliveries", StringComparison.Ordinal));
    }
}
