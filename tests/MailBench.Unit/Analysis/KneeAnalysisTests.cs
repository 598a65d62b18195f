using MailBench.Analysis;
using MailBench.Model.Records;
using MailBench.Reports;
using Xunit;

namespace MailBench.Unit.Analysis;

/// <summary>A search whose truth was planted: 100 polls/s and no more.</summary>
public sealed class KneeAnalysisTests
{
    [Fact]
    public void The_knee_lies_between_the_last_carried_and_the_first_not_and_the_prediction_agrees_where_the_line_is_the_limit()
    {
        using var run = new PlantedKnee().Write();
        var point = Assert.Single(RunAnalysis.Analyze(run.Folder).Summary.Points);
        Assert.False(point.Void, string.Join("; ", point.VoidReasons));
        var (polls, knee) = (point.Polls!, point.Polls!.Knee!);
        Assert.Equal((98, 98, 105), (point.Users, knee.CarriedUsers, knee.NotCarriedUsers));
        Assert.Equal("line forward", polls.Steps.Single(step => step.Name == UsersStep.Over).Bottleneck);
        var first = polls.Predictions[0];
        Assert.Equal(("line forward", false), (first.Resource, first.Extrapolated));
        Assert.InRange(first.Users / 100, 0.9, 1.1);

        // The processor is hardly used: so many users were never tried, and it says so.
        var cpu = polls.Predictions.Single(p => p.Resource == "cpu of the machine");
        Assert.True(cpu.Extrapolated && cpu.Users > 118);
    }

    [Fact]
    public void Recovery_takes_the_backlog_over_the_spare_capacity()
    {
        using var run = new PlantedKnee().Write();
        var summary = RunAnalysis.Analyze(run.Folder).Summary;
        var knee = summary.Points[0].Polls!.Knee!;

        // Three seconds of 18 polls/s too many; 22 polls/s of room afterwards.
        Assert.InRange(knee.BacklogPolls!.Value, 50, 58);
        Assert.InRange(knee.RecoverySeconds!.Value, 2.0, 2.7);
        Assert.InRange(knee.RecoverySeconds.Value / knee.RecoveryExpectedSeconds!.Value, 0.8, 1.25);
        Assert.True(knee.CarriedAfter);
        Assert.Contains(summary.Sentences, s => s.Contains("98 users are carried", StringComparison.Ordinal) && s.Contains("105 are not", StringComparison.Ordinal) && s.Contains("limited by line forward", StringComparison.Ordinal));
        Assert.Contains(summary.Sentences, s => s.Contains("At 120 % of that (118 users)", StringComparison.Ordinal) && s.Contains("was carried after it as before", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_an_overload_that_ends_no_recovery_is_told()
    {
        using var run = new PlantedKnee { Parts = [(UsersStep.Search, 40), (UsersStep.Search, 98), (UsersStep.Below, 78), (UsersStep.AtCapacity, 98), (UsersStep.Over, 300), (UsersStep.Recovery, 99), (UsersStep.After, 98)] }.Write();
        var summary = RunAnalysis.Analyze(run.Folder).Summary;
        var knee = summary.Points[0].Polls!.Knee!;
        Assert.Equal((98, (int?)null), (knee.CarriedUsers, knee.NotCarriedUsers));
        Assert.Contains(summary.Sentences, s => s.Contains("more were not tried", StringComparison.Ordinal));
        Assert.False(knee.CarriedAfter);
        Assert.Contains(summary.Sentences, s => s.Contains("hysteresis", StringComparison.Ordinal));
    }

    [Fact]
    public void A_day_names_the_parts_that_were_too_much()
    {
        using var run = new PlantedKnee { Find = false, Parts = [("30 %", 30), ("100 %", 130), ("50 %", 50)] }.Write();
        var summary = RunAnalysis.Analyze(run.Folder).Summary;
        Assert.Null(summary.Points[0].Polls!.Knee);
        Assert.Contains(summary.Sentences, s => s.Contains("a day of 3 parts", StringComparison.Ordinal) && s.Contains("not carried: 100 % (130 users)", StringComparison.Ordinal));
    }

    [Fact]
    public void Users_who_get_the_same_are_fair_and_reports_draw_the_curve_and_the_course()
    {
        using var run = new PlantedKnee().Write();
        var result = RunAnalysis.Analyze(run.Folder);
        var polls = result.Summary.Points[0].Polls!;
        Assert.Equal(1, polls.Fairness!.Value, 0.05);

        // A poll of 1,000 octets a second.
        Assert.Equal(8, polls.KbitPerUser!.Value, 0.1);
        RunReport.Write(result, run.Folder);
        Assert.Equal(["course-1-0.svg", "knee-1-0.svg"], Directory.GetFiles(run.Folder.Plots, "*.svg").Select(Path.GetFileName).Order());
        var html = File.ReadAllText(run.Folder.ReportHtml);
        Assert.Contains("120 % (measured)", html);
        Assert.Contains("line forward (predicted)", html);
        Assert.Contains("(predicted, extrapolated)", html);
    }
}
