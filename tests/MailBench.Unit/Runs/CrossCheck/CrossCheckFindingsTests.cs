using MailBench.Model.Records;
using MailBench.Runs.CrossCheck;
using MailBench.Runs.Disclosure;
using Xunit;

namespace MailBench.Unit.Runs.CrossCheck;

public sealed class CrossCheckFindingsTests
{
    [Theory]
    [InlineData("400 410 390", "405 395 420", ProbeFinding.Agrees)]
    [InlineData("400 410 390", "300 310 305", ProbeFinding.Differs)]
    [InlineData("400 410 390", "401 402 520", ProbeFinding.Agrees)]
    [InlineData("400 410 390", "100 400 800", ProbeFinding.NotShown)]
    [InlineData("400 440 380", "430 410 395", ProbeFinding.Agrees)]
    [InlineData("0 0 0", "400 410 390", ProbeFinding.NotShown)]
    public void Two_instruments_agree_within_three_percent_or_when_the_median_of_each_lies_in_the_others_range_but_noise_makes_no_agreement(string ours, string theirs, string verdict)
    {
        var rows = CrossCheckFindings.Of(Rates(ours), Rates(theirs));
        Assert.Equal(["accepted messages/s", "delivered messages/s"], rows.Select(row => row.Question));
        Assert.All(rows, row => Assert.Equal(verdict, row.Verdict));

        static ToolRates[] Rates(string numbers) => [.. numbers.Split(' ').Select(double.Parse).Select(rate => new ToolRates(rate, rate / 2))];
    }

    [Fact]
    public void A_row_says_medians_ranges_and_ratio() =>
        Assert.Equal("MailBench 420 (400–1,420), smtp-source and smtp-sink 400 (390–410): 1.05 ×; the ranges are too wide to tell anything",
            CrossCheckFindings.Of([new(400, 1), new(420, 1), new(1420, 1)], [new(400, 1), new(390, 1), new(410, 1)])[0].Observed);

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
}
