using MailBench.Analysis;
using MailBench.Analysis.Figures;
using MailBench.Analysis.Verdicts;
using MailBench.Model.Events;
using MailBench.Model.Records;
using MailBench.Reports;
using Xunit;

namespace MailBench.Unit.Analysis;

/// <summary>Overloads whose truth is planted: a system that delivers 100 messages a second, one after the other, and no more.</summary>
public sealed class RecoveryTests
{
    private const long Second = 1_000_000_000;
    private const long SpaceNs = Second / 100;

    [Fact]
    public void Recovery_takes_the_backlog_over_the_spare_capacity()
    {
        var recovery = Recovery((70, 4), (120, 5), (70, 8))!;

        // Five seconds of 20 too many; 30 of room afterwards.
        Assert.InRange(recovery.Backlog, 98, 102);
        Assert.Equal(100, recovery.CapacityPerSecond, 1.0);
        Assert.InRange(recovery.Seconds!.Value, 3.1, 3.5);
        Assert.InRange(recovery.Seconds.Value / recovery.ExpectedSeconds!.Value, 0.9, 1.1);
        Assert.Equal(9, recovery.EndSecond, 9);
    }

    [Fact]
    public void What_is_still_there_when_the_next_stage_ends_has_not_recovered()
    {
        var recovery = Recovery((70, 4), (120, 5), (70, 2), (10, 20))!;
        Assert.Null(recovery.Seconds);
        Assert.InRange(recovery.ExpectedSeconds!.Value, 3.1, 3.5);
    }

    [Fact]
    public void Without_capacity_to_spare_no_time_is_expected()
    {
        var recovery = Recovery((70, 4), (140, 4), (105, 4))!;
        Assert.Equal(((double?)null, (double?)null), (recovery.Seconds, recovery.ExpectedSeconds));
    }

    [Fact]
    public void A_stage_that_is_no_overload_leaves_nothing_to_recover_from()
    {
        Assert.Equal(0, Recovery((50, 4), (80, 4), (50, 4))!.Seconds);
    }

    [Fact]
    public void A_load_that_only_rises_or_only_falls_has_no_recovery()
    {
        Assert.Null(Recovery((50, 2), (80, 2), (120, 2)));
        Assert.Null(Recovery((120, 2), (80, 2), (50, 2)));
        Assert.Null(Recovery((120, 2)));
    }

    [Fact]
    public void The_highest_of_several_overloads_is_the_one()
    {
        Assert.Equal(160, Recovery((70, 2), (120, 2), (70, 3), (160, 2), (40, 5))!.OverloadPerSecond, 1.0);
    }

    [Fact]
    public void The_usual_is_the_average_of_the_stage_before()
    {
        // Each waits for half a second: 40 of 80/s are on their way at any moment.
        var due = Enumerable.Range(0, 640).Select(i => i * Second / 80).ToList();
        var undelivered = new Outstanding(due, due.Select(ns => ns + Second / 2));
        Assert.Equal(40, undelivered.MeanOver(2 * Second, 4 * Second), 0.5);
        Assert.Equal(40, undelivered.At(3 * Second), 1.0);
    }

    [Fact]
    public void What_was_never_delivered_stays_undelivered()
    {
        var undelivered = new Outstanding([1, 2, 3], [10, 11]);
        Assert.Equal(1, undelivered.At(100));
        Assert.Null(undelivered.FirstWithin(0, 3, 100));
        Assert.Equal(11, undelivered.FirstWithin(1, 3, 100));
    }

    [Fact]
    public void A_trial_with_stages_has_a_course_and_says_how_it_recovered()
    {
        var trial = Staged();
        var folder = new RunFolder(Directory.CreateTempSubdirectory("mailbench-planted-stages-").FullName);
        try
        {
            trial.WriteTo(folder);
            var result = RunAnalysis.Analyze(folder);
            var point = Assert.Single(result.Summary.Points);
            Assert.False(point.Void, string.Join("; ", point.VoidReasons));
            Assert.DoesNotContain(point.Flags, flag => flag.Contains("steady", StringComparison.Ordinal));
            Assert.Equal(["70 %", "120 %", "70 %"], point.Course!.Stages.Select(stage => stage.Name));

            // Two recipients a message: 120 undelivered, and 60/s of room.
            var recovery = point.Course.Recovery!;
            Assert.InRange(recovery.Backlog, 115, 125);
            Assert.InRange(recovery.Seconds!.Value, 1.8, 2.2);
            Assert.InRange(recovery.ExpectedSeconds!.Value, 1.8, 2.2);
            Assert.Contains(result.Summary.Sentences, s => s.Contains("3 s of overload (120 %: 240 recipients/s offered,", StringComparison.Ordinal) && s.Contains("back at 70 %", StringComparison.Ordinal));
            Assert.DoesNotContain(result.Summary.Sentences, s => s.Contains("below saturation", StringComparison.Ordinal));

            RunReport.Write(result, folder);
            Assert.Equal(["course-0-0.svg"], Directory.GetFiles(folder.Plots, "*.svg").Select(Path.GetFileName).Where(name => name!.StartsWith("course", StringComparison.Ordinal)));
            Assert.Contains("<h2 id=\"overload\">", File.ReadAllText(folder.ReportHtml));
            Assert.Contains("Near the limit and past it", File.ReadAllText(folder.ReportMarkdown));
        }
        finally
        {
            Directory.Delete(folder.Root, recursive: true);
        }
    }

    [Theory]
    [InlineData("end:451:4.3.2:20%", true)]
    [InlineData("rcpt:550:5.1.1:1%; rcpt:450", true)]
    [InlineData("rcpt:550:5.1.1:1%", false)]
    [InlineData("", false)]
    public void Where_mail_is_deferred_the_time_expected_is_a_lower_bound_and_says_so(string refuse, bool isLeast)
    {
        var trial = Staged();
        trial.Settings["sink.refuse"] = refuse;
        var point = trial.Analyze();
        Assert.Equal(isLeast, point.Course!.Recovery!.ExpectedIsLeast);
        var sentence = Assert.Single(OverloadSentences.Of([], [point]));
        Assert.Equal(isLeast, sentence.Contains(" later (at least ", StringComparison.Ordinal));
        Assert.EndsWith(isLeast ? "s by backlog ÷ (capacity − offered), since mail that was deferred waits for its retry whatever room there is)." : "s by backlog ÷ (capacity − offered)).", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Stages_whose_rates_were_never_derived_or_are_none_give_no_course()
    {
        var trial = Staged();
        trial.Derived.Clear();
        Assert.Null(trial.Analyze().Course);
        trial.Settings["load.stages"] = "inject nothing; at all";
        Assert.Null(trial.Analyze().Course);
    }

    [Fact]
    public void A_load_that_only_rises_says_how_long_delivery_took_at_most()
    {
        var trial = PlantedTrial.Healthy();
        trial.Settings["load.stages"] = "inject 200/s for 3s; inject 201/s for 3s";
        var point = trial.Analyze();
        Assert.Null(point.Course!.Recovery);
        Assert.Contains("over 2 stages 95 % of deliveries took at most 7 ms", Assert.Single(OverloadSentences.Of([], [point])), StringComparison.Ordinal);
    }

    /// <summary>Messages of two recipients through a system that delivers 100 of them a second.</summary>
    private static PlantedTrial Staged()
    {
        var trial = new PlantedTrial();
        trial.Settings["load.stages"] = "inject 70% of saturated for 3s; inject 120% of saturated for 3s; inject 70% of saturated";
        trial.Derived["load.stages"] = "inject 70/s for 3s; inject 120/s for 3s; inject 70/s";
        var (due, delivered) = Served([(70, 3), (120, 3), (70, 3)]);
        for (var i = 0; i < due.Count; i++)
        {
            trial.Events.Add(new EventRecord(EventKind.Offered, i, 0, due[i], 20_000, 0));
            trial.Events.Add(new EventRecord(EventKind.Started, i, PlantedTrial.Recipients, due[i] + 20_000, 0, 0));
            trial.Events.Add(new EventRecord(EventKind.Accepted, i, PlantedTrial.Recipients, due[i] + 2_000_000, due[i], 250));
            for (var r = 0; r < PlantedTrial.Recipients; r++) trial.Events.Add(new EventRecord(EventKind.Booked, i, r, delivered[i], 0, 250));
        }

        return trial;
    }

    private static RecoveryFigures? Recovery(params (double PerSecond, double Seconds)[] stages)
    {
        var timed = new List<TimedStage>();
        foreach (var (perSecond, seconds) in stages)
        {
            var beginNs = timed.Count == 0 ? 0 : timed[^1].EndNs;
            timed.Add(new TimedStage($"{perSecond}/s", perSecond, beginNs, beginNs + (long)(seconds * Second)));
        }

        var (due, delivered) = Served(stages);
        return StagedCourse.RecoveryOf(timed, new Outstanding(due, delivered), recipients: 1);
    }

    /// <summary>First come, first served.</summary>
    private static (List<long> Due, List<long> Delivered) Served((double PerSecond, double Seconds)[] stages)
    {
        List<long> due = [], delivered = [];
        var (beginNs, freeNs) = (0L, 0L);
        foreach (var (perSecond, seconds) in stages)
        {
            for (var i = 0; i < (int)(perSecond * seconds); i++)
            {
                due.Add(beginNs + (long)(i / perSecond * Second));
                freeNs = Math.Max(due[^1], freeNs) + SpaceNs;
                delivered.Add(freeNs);
            }

            beginNs += (long)(seconds * Second);
        }

        return (due, delivered);
    }
}
