using MailBench.Analysis;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs.Sweep;
using MailBench.Testing;
using Xunit;
using static MailBench.Unit.Analysis.AskedRun;

namespace MailBench.Unit.Analysis;

/// <summary>What a run says to "are so many users carried?": what was measured, what lies between, and nothing else.</summary>
public sealed class CapacityDecisionTests
{
    [Fact]
    public void A_number_that_was_measured_is_answered_with_its_figures_and_its_point()
    {
        var run = Of(Point(200, carried: true), Point(400, carried: false));
        var carried = run.Ask(200);
        Assert.Equal((CapacityVerdict.Carried, CapacityReason.Measured, 1, null), (carried.Verdict, carried.Answers[0].Reason, Assert.Single(carried.Answers[0].Evidence).Point, carried.Answers[0].Command));
        Assert.Equal("200 users, a poll (delete over pop3) every 1s, a line of 10Mbit/s (50 kbit/s each): carried. Measured: 200 of 200 polls/s, 95 % within 40 ms, none failed, 50 kbit/s of the line each, which was 80.0% busy; point 1.", carried.Answers[0].Sentence);
        var not = run.Ask(400);
        Assert.Equal((CapacityVerdict.NotCarried, CapacityReason.Measured), (not.Verdict, not.Answers[0].Reason));
        Assert.Contains("not carried. Measured: 175 of 400 polls/s, more than 5 % unfinished, none failed, 25 kbit/s of the line each, which was 100.0% busy, limited by line forward; point 2.", not.Answers[0].Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(16, 0, CapacityVerdict.Carried)]
    [InlineData(10, 6, CapacityVerdict.Carried)]
    [InlineData(17, 0, CapacityVerdict.NotCarried)]
    [InlineData(10, 7, CapacityVerdict.NotCarried)]
    public void One_poll_of_a_hundred_may_fail_at_a_point_as_in_a_search(int failed, int unfinished, CapacityVerdict expected)
    {
        // 1,600 polls were due in its window.
        var point = Point(200, carried: true);
        var run = Of(point with { Polls = point.Polls! with { Failed = failed, Unfinished = unfinished } });
        Assert.Equal(expected, run.Ask(200).Verdict);
        Assert.Equal(expected == CapacityVerdict.Carried, CarriedUsers.Are(1600, 1600 - failed - unfinished, failed, 0, unfinished));
        Assert.Contains(UsersSentences.Of(run.Points), sentence => sentence.Contains($"95 % {(expected == CapacityVerdict.Carried ? "of polls " : "")}within 40 ms, {failed} failed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(150, CapacityVerdict.Carried)]
    [InlineData(600, CapacityVerdict.NotCarried)]
    public void Between_points_that_agree_the_answer_is_theirs(int users, CapacityVerdict expected)
    {
        var plan = Of(Point(100, carried: true), Point(200, carried: true), Point(400, carried: false), Point(800, carried: false)).Ask(users);
        Assert.Equal((expected, CapacityReason.Between, 2), (plan.Verdict, plan.Answers[0].Reason, plan.Answers[0].Evidence.Count));
    }

    [Fact]
    public void Between_carried_and_not_it_is_undecided_and_the_command_measures_exactly_that()
    {
        var answer = Assert.Single(Of(Point(200, carried: true), Point(400, carried: false), Point(100, carried: true, sweep: "other", setup: "other")).Ask(300, sut: "users").Answers);
        Assert.Equal((CapacityVerdict.Undecided, CapacityReason.BetweenCarriedAndNot), (answer.Verdict, answer.Reason));
        Assert.Contains("undecided. It lies between 200 and 400: 200, which were carried (", answer.Sentence, StringComparison.Ordinal);
        Assert.Equal($"{Again} --sweep users --set users.count=300 --set users.interval=1s", answer.Command);

        // And the profile that it names, with that sweep and those settings, is that one point.
        string[] words = [.. answer.Command!.Split(' ').Where(word => word.Contains('=', StringComparison.Ordinal))];
        var path = Path.Combine(CliProcess.Checkout, "profiles", "polling-quick.yaml");
        var point = Assert.Single(RunPlan.Of(ProfileReader.Read(File.ReadAllText(path), path, words).Only(["users"])).Points);
        Assert.Equal(("300", "1s"), (point.Settings.Text("users.count"), point.Settings.Text("users.interval")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Beyond_the_largest_number_nothing_is_inferred_from_few(bool carried)
    {
        var run = Of(Point(100, carried: true), Point(500, carried));
        Assert.Equal(carried ? CapacityVerdict.Carried : CapacityVerdict.NotCarried, run.Ask(500).Verdict);
        foreach (var users in new[] { 501, 10_000 })
        {
            var answer = Assert.Single(run.Ask(users).Answers);
            Assert.Equal((CapacityVerdict.Refused, CapacityReason.BeyondLargest, false), (answer.Verdict, answer.Reason, answer.Extrapolated));
            Assert.Contains("refused. The most that were measured there are 500, which were", answer.Sentence, StringComparison.Ordinal);
            Assert.Contains($"--set users.count={users} ", answer.Command, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Fewer_than_the_fewest_are_carried_if_those_were()
    {
        Assert.Equal((CapacityVerdict.Carried, CapacityReason.FewerThanCarried), First(Of(Point(200, carried: true)).Ask(50)));
        Assert.Equal((CapacityVerdict.Undecided, CapacityReason.FewestNotCarried), First(Of(Point(200, carried: false)).Ask(50)));
    }

    [Fact]
    public void A_number_that_was_carried_once_and_once_not_is_undecided_and_so_is_what_borders_on_it()
    {
        var run = Of(Point(100, carried: true), Point(200, carried: true), Point(200, carried: false) with { Repetition = 1 }, Point(400, carried: false));
        var there = run.Ask(200);
        Assert.Equal((CapacityVerdict.Undecided, CapacityReason.OutcomesDiffer), First(there));
        Assert.Contains("measured 2 times, and carried 1 of them", there.Answers[0].Sentence, StringComparison.Ordinal);
        Assert.EndsWith("--set repetitions=5", there.Answers[0].Command, StringComparison.Ordinal);
        Assert.Equal((CapacityVerdict.Undecided, CapacityReason.BetweenCarriedAndNot), First(run.Ask(150)));
        Assert.Equal((CapacityVerdict.Undecided, CapacityReason.BetweenCarriedAndNot), First(run.Ask(300)));
    }

    [Fact]
    public void Points_that_are_not_in_order_answer_for_themselves_only()
    {
        var run = Of(Point(100, carried: false), Point(200, carried: true), Point(400, carried: true));
        Assert.Equal((CapacityVerdict.Undecided, CapacityReason.Contradiction), First(run.Ask(300)));
        Assert.Equal((CapacityVerdict.Undecided, CapacityReason.Contradiction), First(run.Ask(150)));
        var measured = run.Ask(200);
        Assert.Equal((CapacityVerdict.Carried, CapacityReason.Measured), First(measured));
        Assert.Contains("Against it: 100, which were not carried", measured.Answers[0].Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_void_point_says_nothing_and_is_named()
    {
        var late = Point(300, carried: true).Void("the users' own loop was late");
        var run = Of(Point(200, carried: true), late, Point(400, carried: true));
        Assert.Equal((CapacityVerdict.Undecided, CapacityReason.Void), First(run.Ask(300)));
        Assert.Contains("Void: point 2 (300 users): the users' own loop was late.", run.Ask(300).Answers[0].Sentence, StringComparison.Ordinal);
        Assert.Equal((CapacityVerdict.Carried, CapacityReason.Between), First(run.Ask(350)));
        Assert.Equal((CapacityVerdict.Refused, CapacityReason.BeyondLargest), First(Of(Point(200, carried: true), late).Ask(250)));
        Assert.Equal((CapacityVerdict.Refused, CapacityReason.AllVoid), First(Of(late).Ask(300)));
        Assert.Equal((CapacityVerdict.Refused, CapacityReason.AllVoid), First(Of(late).Ask(10_000, extrapolate: true)));
    }

    [Fact]
    public void An_interval_a_line_or_a_protocol_that_was_not_measured_is_refused_by_name()
    {
        var run = Of(Point(200, carried: true), Point(400, carried: true, interval: 2));
        var interval = run.Ask(100, interval: 20).Answers[0];
        Assert.Equal((CapacityVerdict.Refused, CapacityReason.IntervalNotMeasured), (interval.Verdict, interval.Reason));
        Assert.Contains("That interval was not measured (measured: 1s, 2s)", interval.Sentence, StringComparison.Ordinal);
        Assert.EndsWith("--set users.interval=20s --set phases.warmUp=20s --set phases.steady=20s", interval.Command, StringComparison.Ordinal);
        var line = run.Ask(100, line: "1.5Mbit/s").Answers[0];
        Assert.Equal((CapacityVerdict.Refused, CapacityReason.LineNotMeasured), (line.Verdict, line.Reason));
        Assert.Contains("That line was not measured (measured: 10Mbit/s)", line.Sentence, StringComparison.Ordinal);
        Assert.EndsWith("--set line.capacity=1.5Mbit/s", line.Command, StringComparison.Ordinal);
        Assert.Equal((CapacityVerdict.Refused, CapacityReason.LineNotMeasured), First(run.Ask(100, line: "10Mbit/s/1Mbit/s")));
        Assert.Equal((CapacityVerdict.Carried, CapacityReason.Measured), First(run.Ask(200, line: "10Mbit/s")));
        var protocol = run.Ask(200, protocol: "imap", extrapolate: true).Answers[0];
        Assert.Equal((CapacityVerdict.Refused, CapacityReason.ProtocolNotMeasured, false), (protocol.Verdict, protocol.Reason, protocol.Extrapolated));
        Assert.EndsWith("--set users.protocol=imap", protocol.Command, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_question_leaves_open_is_answered_for_each_and_the_verdict_is_the_least_decided()
    {
        var run = Of(Point(200, carried: true), Point(200, carried: false, capacity: 1_500_000), Point(100, carried: true, protocol: "imap", setup: "imap"));
        var plan = run.Ask(200);
        Assert.Equal([CapacityVerdict.NotCarried, CapacityVerdict.Carried, CapacityVerdict.Refused], plan.Answers.Select(answer => answer.Verdict));
        Assert.Equal(CapacityVerdict.Refused, plan.Verdict);
        Assert.Equal(CapacityVerdict.NotCarried, run.Ask(200, protocol: "pop3").Verdict);
        Assert.Equal(CapacityVerdict.Carried, run.Ask(200, protocol: "pop3", line: "10Mbit/s").Verdict);
        Assert.EndsWith("its points about users are of users, 200, 100.", Assert.Throws<InvalidDataException>(() => run.Ask(200, sut: "nonsense")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Points_that_differ_in_a_setting_do_not_answer_together()
    {
        var plan = Of(Point(200, carried: true, setup: "4KiB"), Point(400, carried: true, setup: "64KiB")).Ask(300);
        Assert.Equal([CapacityReason.BeyondLargest, CapacityReason.FewerThanCarried], plan.Answers.Select(answer => answer.Reason));
        Assert.Equal(CapacityVerdict.Refused, plan.Verdict);
    }

    [Fact]
    public void Settings_that_a_ladder_varies_are_no_difference_and_all_others_are()
    {
        string Setup(string path, string value) => MailBench.Analysis.Figures.PollSetup.Of(new PlannedPoint(1, "s", new Dictionary<string, string>(), new Dictionary<string, string> { ["users.count"] = "1", ["workload.size"] = "4KiB", [path] = value }));
        var same = Setup("users.count", "1");
        Assert.All(new[] { "users.count", "users.interval", "users.find", "line.capacity", "phases.steady" }, path => Assert.Equal(same, Setup(path, "9")));
        Assert.All(new[] { "workload.size", "users.protocol", "users.mailPerPoll", "line.delay", "system" }, path => Assert.NotEqual(same, Setup(path, "9")));
    }

    [Fact]
    public void A_window_in_which_not_every_user_came_is_flagged()
    {
        Assert.Contains("Flagged: the window is shorter than the interval", Of(Point(200, carried: true, interval: 9)).Ask(200, interval: 9).Answers[0].Sentence, StringComparison.Ordinal);
        Assert.DoesNotContain("Flagged", Of(Point(200, carried: true, interval: 8)).Ask(200, interval: 8).Answers[0].Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bound_of_the_question_s_own_judges_anew()
    {
        var run = Of(Point(200, carried: true));
        Assert.Equal(CapacityVerdict.Carried, run.Ask(200, withinMs: 40).Verdict);
        Assert.Equal(CapacityVerdict.NotCarried, run.Ask(200, withinMs: 39).Verdict);
    }

    [Fact]
    public void A_search_answers_by_its_steps_and_a_day_does_not()
    {
        using var search = new PlantedKnee().Write();
        var run = RunAnalysis.Analyze(search.Folder).Summary;
        var knee = run.Points[0].Polls!.Knee!;
        Assert.Equal((98, 105), (knee.CarriedUsers, knee.NotCarriedUsers));
        Assert.Equal((CapacityVerdict.Carried, CapacityReason.Between), First(run.Ask(60)));
        Assert.Equal((CapacityVerdict.Undecided, CapacityReason.BetweenCarriedAndNot), First(run.Ask(100)));
        Assert.EndsWith("--set users.find=none", run.Ask(100).Answers[0].Command, StringComparison.Ordinal);
        Assert.Equal((CapacityVerdict.NotCarried, CapacityReason.Measured), First(run.Ask(105)));
        Assert.Equal((CapacityVerdict.Refused, CapacityReason.BeyondLargest), First(run.Ask(121)));
        using var day = new PlantedKnee { Find = false, Parts = [("50%", 40), ("100%", 80)] }.Write();
        var plan = RunAnalysis.Analyze(day.Folder).Summary.Ask(40);
        Assert.Empty(plan.Answers);
        Assert.Contains("1 point is about a day's shape", plan.Remarks[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_without_points_about_users_says_what_it_lacks()
    {
        var plan = Reports.SampleRun.Result().Summary with { PointsMissing = 3 };
        var refused = plan.Ask(200);
        Assert.Equal(CapacityVerdict.Refused, refused.Verdict);
        Assert.Empty(refused.Answers);
        Assert.StartsWith("3 planned trials were not run", refused.Remarks[0], StringComparison.Ordinal);
        Assert.Contains("a profile needs users.count and users.interval", refused.Remarks[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, true, 600)]
    [InlineData(9_900, true, 20_000)]
    [InlineData(9_901, false, 20_002)]
    public void The_machine_s_limits_are_said_with_what_to_do(int users, bool allow, long files)
    {
        var limits = Of(Point(200, carried: true)).Ask(users).Limits!;
        Assert.Equal((allow, files, 9_900L), (limits.Allow, limits.OpenFilesNeeded, limits.Sessions));
        Assert.Equal(!allow, limits.Sentence.Contains($"prlimit --pid $$ --nofile={files}; or --set users.sessions=9900", StringComparison.Ordinal));
    }

    private static (CapacityVerdict Verdict, CapacityReason Reason) First(CapacityPlan plan) => (plan.Verdict, Assert.Single(plan.Answers).Reason);
}
