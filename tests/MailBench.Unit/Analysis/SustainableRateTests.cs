using MailBench.Analysis;
using MailBench.Analysis.Figures;
using MailBench.Model.Records;
using MailBench.Model.Searching;
using MailBench.Runs.Sweep;
using Xunit;

namespace MailBench.Unit.Analysis;

public sealed class SustainableRateTests
{
    private const long Second = 1_000_000_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_system_can_do_lies_in_the_interval_wherever_the_rest_waits(bool outside)
    {
        using var planted = new PlantedSearch { WaitsOutside = outside }.Run();
        var summary = RunAnalysis.Analyze(planted.Folder).Summary;
        var search = Assert.Single(summary.Searches);
        Assert.Equal((SearchEnd.Found, false, 10_000_000), (search.End, search.Disagrees, search.CapacityBitsPerSecond));
        // 1 % more than it can do is still within the backlog's bound.
        Assert.InRange(100, search.LowPerSecond!.Value / 1.01, search.HighPerSecond!.Value);
        Assert.InRange(search.HighPerSecond.Value / search.LowPerSecond.Value, 1, 1.05);
        Assert.Equal((0, false), (summary.PointsMissing, summary.IsUndecided));
        Assert.Empty(summary.OnTheirOwn().Points);
        Assert.Contains(outside ? "mail that was due and not accepted grew by up to" : "the undelivered grew by up to", search.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_sentence_has_the_link_the_criteria_and_what_the_windows_cannot_show()
    {
        using var planted = new PlantedSearch().Run();
        var sentences = RunAnalysis.Analyze(planted.Folder).Summary.Sentences;
        Assert.Matches(@"^per-mx-host at 10Mbit/s sustains between [0-9.]+ and [0-9.]+ messages/s\. Criteria: 95 % accepted within 5s and delivered within 1m, errors up to 1%, backlogs growing by up to 1% \(95 % bound\); [0-9]+ rates in [0-9]+ tries, each from empty, both ends afresh upwards and downwards\. At [0-9.]+/s the undelivered grew by up to [0-9.]+% of what was accepted, limit unattributed\.$", sentences[0]);
        Assert.StartsWith("In windows of 10 s a delay cannot grow to what the criteria allow, for which 1,200 s would be needed at 5%", sentences[1], StringComparison.Ordinal);
    }

    [Fact]
    public void The_report_says_of_every_try_what_the_runner_was_told()
    {
        using var planted = new PlantedSearch().Run();
        var points = RunAnalysis.Analyze(planted.Folder).Summary.Points;
        Assert.Equal(planted.Trials.Select(trial => (trial.Try, RunAnalysis.Judge(planted.Folder, trial))), points.Select(point => (point.Try!.Mark, point.Try.Verdict)));
        Assert.All(points, point => Assert.Equal(point.Try!.Verdict == TryVerdict.Carried, point.Try.Reasons.Count == 0));
        Assert.All(points, point => Assert.Null(point.OfferedShare));
    }

    [Fact]
    public void Flags_of_the_ends_stand_on_the_interval()
    {
        using var planted = new PlantedSearch { OthersShare = 0.34 }.Run();
        var summary = RunAnalysis.Analyze(planted.Folder).Summary;
        Assert.Equal(["other programs used 34% of the machine's CPU"], summary.Searches[0].Flags);
        Assert.EndsWith(" Flagged at its ends: other programs used 34% of the machine's CPU.", summary.Sentences[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_search_that_was_not_begun_is_missing()
    {
        using var planted = new PlantedSearch().Run(until: 0);
        var summary = RunAnalysis.Analyze(planted.Folder).Summary;
        Assert.Equal(1, summary.PointsMissing);
        Assert.Contains("1 of 1 planned trials were not run.", summary.Sentences);
    }

    [Fact]
    public void A_search_that_was_interrupted_goes_on_as_it_would_have_gone()
    {
        using var whole = new PlantedSearch().Run();
        using var cut = new PlantedSearch().Run(until: 5);
        var half = RunAnalysis.Analyze(cut.Folder).Summary;
        Assert.Equal((SearchEnd.Unfinished, true), (Assert.Single(half.Searches).End, half.IsUndecided));
        Assert.Contains("undecided, since the search was interrupted", half.Sentences[0], StringComparison.Ordinal);
        cut.Run();
        Assert.Equal(whole.Trials.Select(trial => trial.Try), cut.Trials.Select(trial => trial.Try));
        Assert.Equal(whole.Trials.Select(trial => trial.Derived["load.rate"]), cut.Trials.Select(trial => trial.Derived["load.rate"]));
    }

    [Fact]
    public void A_source_that_is_late_leaves_the_search_undecided_with_the_reason()
    {
        using var planted = new PlantedSearch { CapacityPerSecond = 1000, LateAbove = 100 }.Run();
        var summary = RunAnalysis.Analyze(planted.Folder).Summary;
        var search = Assert.Single(summary.Searches);
        Assert.Equal((SearchEnd.Void, 60, null), (search.End, search.LowPerSecond, search.HighPerSecond));
        Assert.Contains("the source itself was late", search.Reason, StringComparison.Ordinal);
        Assert.Contains("carried at least 60 messages/s; above that nothing was shown; undecided, since a try was void twice (the source itself was late", summary.Sentences[0], StringComparison.Ordinal);
        Assert.True(summary.IsUndecided);
        Assert.Equal(2, summary.Points.Count(point => point.Void));
    }

    [Theory]
    [InlineData("1%", false)]
    [InlineData("3%", true)]
    public void Errors_count_against_a_rate(string allowed, bool carried)
    {
        using var planted = new PlantedSearch { RefusedOfHundred = 2, Settings = [$"criteria.errors={allowed}"] }.Run();
        var summary = RunAnalysis.Analyze(planted.Folder).Summary;
        var search = Assert.Single(summary.Searches);
        Assert.Equal(carried, search.LowPerSecond is not null);
        if (carried) return;
        Assert.Equal(SearchEnd.Void, search.End);
        Assert.Contains("2.0% were errors", summary.Points[0].Try!.Reasons);
    }

    [Fact]
    public void Where_a_window_holds_too_few_messages_to_tell_the_try_is_void_and_says_how_many_it_needs()
    {
        // 30 messages a second are not carried; half as many are too few for ten seconds.
        using var planted = new PlantedSearch { CapacityPerSecond = 10 }.Run();
        var search = Assert.Single(RunAnalysis.Analyze(planted.Folder).Summary.Searches);
        Assert.Equal((SearchEnd.Void, null, 30), (search.End, search.LowPerSecond, search.HighPerSecond));
        Assert.Contains("150 messages in the window: with fewer than 200", search.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trial_that_could_not_begin_leaves_its_search_undecided()
    {
        using var planted = new PlantedSearch().Run(until: 1);
        var trial = planted.Trials[0] with { Try = null, Failure = new RoleFailure("schedule", "its rate is 150% of saturated, and point 1 of that sweep is void", []) };
        File.WriteAllText(planted.Folder.Journal, System.Text.Json.JsonSerializer.Serialize(trial, RecordJson.Line) + "\n");
        var summary = RunAnalysis.Analyze(planted.Folder).Summary;
        Assert.Contains("has no sustainable rate yet; undecided, since a try was void twice (role schedule failed: its rate is 150% of saturated", summary.Sentences[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100, 0, 0.005)]
    [InlineData(102, 0.019, 0.03)]
    [InlineData(150, 0.33, 0.40)]
    public void The_backlogs_bound_is_the_share_that_piles_up(double perSecond, double least, double most)
    {
        var due = Enumerable.Range(0, (int)(12 * perSecond)).Select(i => (long)(i * Second / perSecond)).ToList();
        var freeNs = 0L;
        var ended = due.ConvertAll(at => freeNs = Math.Max(freeNs, at) + Second / 100);
        Assert.InRange(BacklogBound.Of(new Outstanding(due, ended), Second, 11 * Second)!.Value, least, most);
    }

    [Fact]
    public void A_backlog_that_is_worked_off_does_not_grow()
    {
        var due = Enumerable.Range(0, 1000).Select(i => i * Second / 100).ToList();
        var freeNs = 2 * Second;
        var ended = due.ConvertAll(at => freeNs = Math.Max(freeNs, at) + Second / 200);
        Assert.Equal(0, BacklogBound.Of(new Outstanding(due, ended), Second, 9 * Second));
        Assert.Null(BacklogBound.Of(new Outstanding([], []), Second, 9 * Second));
    }

    [Fact]
    public void A_system_that_stops_within_the_window_piles_up_what_comes_after()
    {
        var due = Enumerable.Range(0, 1000).Select(i => i * Second / 100).ToList();
        var ended = due.Where(at => at < 9 * Second).Select(at => at + Second / 1000);
        Assert.InRange(BacklogBound.Of(new Outstanding(due, ended), 0, 10 * Second)!.Value, 0.099, 0.2);
    }
}
