using MailBench.Analysis;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Records;
using Xunit;

namespace MailBench.Unit.Analysis;

public sealed class UsersAnalysisTests
{
    [Fact]
    public void Rates_octets_and_responses_are_those_that_were_planted()
    {
        using var run = new PlantedUsers().Write();
        var points = RunAnalysis.Analyze(run.Folder).Summary.Points;
        Assert.All(points, point => Assert.False(point.Void, string.Join("; ", point.VoidReasons)));
        var (few, many) = (points[0], points[2]);
        Assert.Equal((50, 1.0, "users"), (few.Users!.Value, few.IntervalSeconds!.Value, few.LoadModel));
        Assert.Equal(50, few.Polls!.PerSecond!.Value, 0.2);
        Assert.Equal(10, few.Latencies["response"].P50, 0.01);
        Assert.Equal(1250, few.Polls.WireOctetsForward!.Value, 10.0);
        Assert.Equal(500, few.Polls.WireOctetsReverse!.Value, 10.0);
        Assert.Equal(0.5, few.BusyForward!.Value, 0.01);
        Assert.Equal(0.2, few.BusyReverse!.Value, 0.01);

        // 200/s come and 100/s go: what is due at second 7.5 is finished at second 15, and all that is due later never is.
        Assert.Equal(200, many.Polls!.OfferedPerSecond, 0.2);
        Assert.Equal(100, many.Polls.PerSecond!.Value, 0.2);
        Assert.InRange(many.Polls.Unfinished, 880, 920);
        Assert.Equal(double.PositiveInfinity, many.Latencies["response"].P95);
        Assert.Equal("line forward", many.Bottleneck);
    }

    [Fact]
    public void What_a_held_session_costs_and_how_soon_mail_is_announced_are_those_that_were_planted()
    {
        using var run = new PlantedUsers { Users = [50, 100], Idle = true }.Write();
        var summary = RunAnalysis.Analyze(run.Folder).Summary;
        var point = summary.Points[0];

        // 12 MB more for 3,000 sessions, half of it managed; 18 MB for 6,000.
        Assert.Equal((3000, 4000.0, 2000.0), (point.Polls!.SessionsOpen, point.Polls.ServerBytesPerSession!.Value, point.Polls.ServerManagedBytesPerSession!.Value));
        Assert.Equal((100, 0), (point.Polls.Pushed, point.Polls.Dropped));
        Assert.Equal((100, 3, 2), (point.Latencies["push"].Count, point.Latencies["push"].P95, point.Latencies["push.fetch"].P50));
        Assert.Contains("3,000 sessions were held in IDLE, for each of which the server's memory grew by 3.9 KiB (2.0 KiB of managed heap); of 100 messages 95 % were announced within 3 ms of their 250, the last after 3 ms.", summary.Sentences);
        Assert.Contains(summary.Sentences, sentence => sentence.StartsWith("Each further session from 3,000 to 6,000 cost the server 2.0 KiB of memory (0.0 KiB of managed heap), and the kernel an unknown amount", StringComparison.Ordinal));
        Assert.Equal(60, point.Utilisations.Single(row => row.Resource == "connections").Demand, 1.0);
    }

    [Fact]
    public void Mail_that_was_never_announced_counts_as_infinite()
    {
        using var run = new PlantedUsers { Users = [50], Idle = true, ForgetEvery = 10 }.Write();
        var push = RunAnalysis.Analyze(run.Folder).Summary.Points[0].Latencies["push"];
        Assert.Equal((100, 3, double.PositiveInfinity), (push.Count, push.P50, push.P95));
    }

    [Fact]
    public void The_prediction_stands_beside_the_measurement_and_agrees_where_the_line_is_the_limit()
    {
        using var run = new PlantedUsers().Write();
        var summary = RunAnalysis.Analyze(run.Folder).Summary;
        Assert.All(summary.Points, point => Assert.Equal(100, point.Polls!.PredictedUsers!.Value, 1.0));
        var sentence = Assert.Single(summary.Sentences, sentence => sentence.Contains("users were carried", StringComparison.Ordinal));
        Assert.StartsWith("A line of 1Mbit/s, a poll (check) every 1 s: 80 users were carried (95 % of polls within 10 ms; 12.5 kbit/s of the line for each, 80 % of it used); 200 were not (100 of 200 polls/s", sentence, StringComparison.Ordinal);
        Assert.EndsWith("limited by line forward). The full line let 100 polls/s through, 100 users; predicted at most 100 (+0.0%).", sentence.Replace("-0.0%", "+0.0%", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains(summary.Caveats, caveat => caveat.Contains("extrapolated", StringComparison.Ordinal));
    }

    [Fact]
    public void How_often_the_same_users_may_come_is_said_where_an_interval_was_too_short()
    {
        var sentences = UsersSentences.Of([AskedRun.Point(1000, carried: false, interval: 60), AskedRun.Point(1000, carried: true, interval: 300), AskedRun.Point(1000, carried: true, interval: 7200)]).ToList();
        Assert.Equal("A line of 10Mbit/s: 1,000 users (delete) may poll every 5 min and less often; every 1 min is too much.", sentences[0]);
        Assert.Contains(sentences, sentence => sentence.StartsWith("A line of 10Mbit/s, a poll (delete) every 1 min: 1,000 users were not carried (16.7 of 16.7 polls/s, more than 5 % unfinished, limited by line forward).", StringComparison.Ordinal));
        Assert.DoesNotContain(UsersSentences.Of([AskedRun.Point(1000, carried: true, interval: 60), AskedRun.Point(1000, carried: true, interval: 300)]), sentence => sentence.Contains("less often", StringComparison.Ordinal));
    }

    [Fact]
    public void Beyond_the_largest_number_measured_nothing_is_said()
    {
        using var run = new PlantedUsers { Users = [50, 80] }.Write();
        var sentence = Assert.Single(RunAnalysis.Analyze(run.Folder).Summary.Sentences, sentence => sentence.Contains("users were carried", StringComparison.Ordinal));
        Assert.Contains("; more than 80 were not tried. The line alone would carry at most 100 (predicted).", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Users_that_were_late_themselves_void_the_point()
    {
        using var run = new PlantedUsers { LatenessNs = 5_000_000 }.Write();
        var point = RunAnalysis.Analyze(run.Folder).Summary.Points[0];
        Assert.True(point.Void);
        Assert.Contains("the users' own loop was late", Assert.Single(point.VoidReasons), StringComparison.Ordinal);
        Assert.Null(point.Polls!.PerSecond);
        Assert.Empty(point.Latencies);
    }

    [Fact]
    public void A_void_point_says_neither_that_its_users_were_carried_nor_that_they_were_not()
    {
        using var run = new PlantedUsers().Write();
        var points = RunAnalysis.Analyze(run.Folder).Summary.Points;
        Assert.DoesNotContain(UsersSentences.Of([.. points.Select(point => point with { Void = true })]), sentence => sentence.Contains("carried", StringComparison.Ordinal));
        var halfVoid = Assert.Single(UsersSentences.Of([points[0] with { Void = true }, .. points.Skip(1)]));
        Assert.Contains($"Of {points[0].Users} users nothing can be said: void.", halfVoid, StringComparison.Ordinal);
        Assert.DoesNotContain($"{points[0].Users} users were carried", halfVoid, StringComparison.Ordinal);
    }

    [Fact]
    public void Failed_polls_are_counted_and_flagged_and_have_no_response()
    {
        using var run = new PlantedUsers { FailEvery = 10 }.Write();
        var point = RunAnalysis.Analyze(run.Folder).Summary.Points[0];
        Assert.Equal(50, point.Polls!.Failed);
        Assert.Equal(450, point.Latencies["response"].Count);
        Assert.Contains("50 polls failed", point.Flags);
        Assert.Contains(RunAnalysis.Analyze(run.Folder).Summary.Sentences, sentence => sentence.Contains("not even the fewest users", StringComparison.Ordinal));
    }
}
