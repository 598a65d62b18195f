using MailBench.Analysis;
using MailBench.Analysis.Comparing;
using MailBench.Model.Records;
using Xunit;

namespace MailBench.Unit.Analysis;

/// <summary>Verdicts on planted truths, and their error rates over many seeds.</summary>
public sealed class VerdictTests
{
    [Theory]
    [InlineData(0.85, "regressed")]
    [InlineData(1.15, "improved")]
    [InlineData(1.00, "unchanged")]
    public void A_planted_difference_is_found_within_one_run(double truth, string verdict)
    {
        var comparison = Assert.Single(Within(Run(3, truth, spread: 0.005, blocks: 6)));
        Assert.Equal(verdict, comparison.Verdict);
        Assert.InRange(comparison.Metric!.Ratio!.Value, truth - 0.02, truth + 0.02);
        Assert.Contains(verdict, comparison.Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.95, 0.06, "inconclusive")]
    [InlineData(0.95, 0.001, "regressed")]
    [InlineData(0.80, 0.06, "regressed")]
    public void A_verdict_that_only_the_windows_edges_give_is_none(double truth, double underWay, string verdict)
    {
        var run = Run(3, truth, spread: 0.001, blocks: 6);
        var comparison = Assert.Single(Within(run with { Summary = run.Summary with { Points = [.. run.Summary.Points.Select(p => p with { UnderWayShare = p.Point == 1 ? 0 : underWay })] } }));
        Assert.Equal(verdict, comparison.Verdict);
        Assert.Equal(verdict == "inconclusive", comparison.Sentence.Contains("with what was under way at the windows' edges it would be 1.00", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0.0, 2.0, true)]
    [InlineData(0.06, 2.0, false)]
    [InlineData(0.0, 60.0, false)]
    public void Octets_of_a_few_large_messages_or_of_what_is_under_way_rank_nothing(double underWay, double variation, bool ranks)
    {
        var run = Run(3, 1, spread: 0.001, blocks: 1);
        var points = run.Summary.Points.Select(p => p with { UnderWayShare = underWay, ContentVariation = variation, WireOctetsPerDelivery = p.Point == 1 ? 1000 : 2000 }).ToList();
        var comparison = Assert.Single(Within(run with { Summary = run.Summary with { Points = points } }));
        Assert.Equal(ranks, comparison.DecisiveCounts.ContainsKey("wireOctetsPerDelivery"));
        Assert.Equal(ranks, comparison.CountRatios.ContainsKey("wireOctetsPerDelivery"));
        Assert.Equal(ranks, comparison.Sentence.Contains("where the octets alone would give 0.5 ×", StringComparison.Ordinal));
    }

    [Fact]
    public void Five_repetitions_decide_nothing_by_rates() => Assert.Equal("by counts", Assert.Single(Within(Run(3, 0.5, 0.005, 5))).Verdict);

    [Fact]
    public void A_machine_noisier_than_the_threshold_gives_inconclusive()
    {
        var comparison = Within(Noisy())[0];
        Assert.Equal("inconclusive", comparison.Verdict);
        Assert.Contains("equal things differ", comparison.Why, StringComparison.Ordinal);
        Assert.True(comparison.Metric!.NoiseFloor > 0.03);
    }

    [Fact]
    public void A_system_that_goes_up_and_down_by_itself_makes_no_other_comparison_uncertain()
    {
        var chance = new Random(5);
        var mood = ComparedRuns.Mood(chance, 8, 0);
        var run = ComparedRuns.Run("r", "mta.strategy", ("base", ComparedRuns.Rates(chance, 100, mood, 0.004)), ("better", ComparedRuns.Rates(chance, 120, mood, 0.004)), ("same", ComparedRuns.Rates(chance, 100, mood, 0.004)), ("restless", ComparedRuns.Rates(chance, 100, mood, 0.25)));
        Assert.Equal([("better", "improved"), ("same", "unchanged"), ("restless", "inconclusive")], Within(run).Select(c => (c.Candidate, c.Verdict)));
    }

    [Fact]
    public void Many_comparisons_need_more_repetitions_and_say_how_many()
    {
        var chance = new Random(5);
        var run = ComparedRuns.Run("r", "mta.strategy", [.. Enumerable.Range(0, 5).Select(i => ($"s{i}", ComparedRuns.Rates(chance, 100 - 20 * Math.Min(i, 1), ComparedRuns.Mood(chance, 6, 0), 0.004)))]);
        Assert.All(Within(run), c => Assert.Equal("inconclusive", c.Verdict));
        Assert.Equal("6 blocks cannot decide 4 comparisons: 8 could, or fewer comparisons", Within(run)[0].Why);
    }

    [Fact]
    public void Fewer_declared_pairs_are_decided_by_as_many_blocks()
    {
        var chance = new Random(5);
        var run = ComparedRuns.Run("r", "mta.strategy", [.. Enumerable.Range(0, 5).Select(i => ($"s{i}", ComparedRuns.Rates(chance, 100 - 20 * Math.Min(i, 1), ComparedRuns.Mood(chance, 6, 0), 0.004)))]);
        var header = run.Header with { Points = [.. run.Header.Points.Select(p => p with { Settings = new Dictionary<string, string>(p.Settings) { ["compare.pairs"] = "s1 against s0" } })] };
        var comparison = Assert.Single(Within(run with { Header = header }));
        Assert.Equal(("s0", "s1", "regressed"), (comparison.Base, comparison.Candidate, comparison.Verdict));
    }

    [Fact]
    public void A_noisy_machine_does_not_hide_that_there_are_too_few_blocks() =>
        Assert.EndsWith("; and 6 blocks cannot decide 4 comparisons: 8 could, or fewer comparisons", Within(Noisy())[0].Why, StringComparison.Ordinal);

    [Fact]
    public void An_undeclared_difference_is_named_and_not_compared()
    {
        var run = Run(3, 1.2, 0.005, 6);
        run = run with { Summary = run.Summary with { Points = [.. run.Summary.Points.Select(p => p.Point == 1 ? p : p with { Features = new Dictionary<string, string>(p.Features) { ["tls"] = "on" } })] } };
        var comparison = Assert.Single(Within(run));
        Assert.Equal("not comparable", comparison.Verdict);
        Assert.Contains("tls (not stated; on)", comparison.Sentence, StringComparison.Ordinal);
        Assert.Contains(comparison.Differences, d => d is { Axis: "tls", Role: AxisDifference.Controlled });
        Assert.Contains(comparison.Differences, d => d is { Axis: "strategy", Role: AxisDifference.Factor });
    }

    [Fact]
    public void A_declared_factor_may_differ()
    {
        var run = Run(3, 1.2, 0.005, 6);
        var points = run.Summary.Points.Select(p => p.Point == 1 ? p : p with { Features = new Dictionary<string, string>(p.Features) { ["tls"] = "on" } }).ToList();
        var planned = run.Header.Points.Select(p => p with { Settings = new Dictionary<string, string>(p.Settings) { ["compare.factors"] = "tls" } }).ToList();
        Assert.Equal("improved", Assert.Single(Within(ComparedRuns.Result("r", planned, points))).Verdict);
    }

    /// <summary>Of runs without a difference at most 5 % may find one; of runs with 15 % nearly all must, and none the wrong way.</summary>
    [Theory]
    [InlineData(1.00, 0.00, 0.05)]
    [InlineData(0.85, 0.90, 1.00)]
    public void Error_rates_are_as_stated(double truth, double atLeast, double atMost)
    {
        var (found, wrongWay) = (0, 0);
        const int Runs = 400;
        for (var seed = 0; seed < Runs; seed++)
        {
            var verdict = Assert.Single(Within(Run(seed, truth, spread: 0.02, blocks: 6))).Verdict;
            if (verdict is "regressed" or "improved") found++;
            if (verdict == "improved" && truth < 1) wrongWay++;
        }

        Assert.InRange(found / (double)Runs, atLeast, atMost);
        Assert.Equal(0, wrongWay);
    }

    [Fact]
    public void Two_runs_are_compared_block_by_block_and_a_moved_machine_makes_them_inconclusive()
    {
        var a = new ComparedRun("a", ComparedRuns.Run("a", "mta.strategy", ("per-mx-host", [100, 101, 99, 100, 102, 98])), null);
        var slow = ComparedRuns.Run("b", "mta.strategy", ("per-mx-host", [85, 86, 84, 85, 87, 83]));
        var comparison = BetweenRuns.Of(a, new ComparedRun("b", slow, null), [], null);
        Assert.Equal("regressed", comparison.Verdict);
        var moved = slow with { Header = slow.Header with { Calibration = slow.Header.Calibration! with { Ceilings = [new CeilingProbe("mailing-list", 2, 5_000, 10_000)] } } };
        Assert.Equal("inconclusive", BetweenRuns.Of(a, new ComparedRun("b", moved, null), [], null).Verdict);
        var elsewhere = slow with { Header = slow.Header with { Machine = slow.Header.Machine with { CpuModel = "another" } } };
        Assert.Equal("not comparable", BetweenRuns.Of(a, new ComparedRun("b", elsewhere, null), [], null).Verdict);
    }

    [Fact]
    public void With_one_repetition_counts_decide_between_runs()
    {
        var a = ComparedRuns.Run("a", "mta.strategy", ("per-mx-host", [100]));
        var b = ComparedRuns.Run("b", "mta.strategy", ("per-mx-host", [70]));
        Assert.Equal("unchanged", BetweenRuns.Of(new("a", a, null), new("b", b, null), [], null).Verdict);
        b = b with { Summary = b.Summary with { Points = [.. b.Summary.Points.Select(p => p with { TransactionsPerDelivery = p.TransactionsPerDelivery * 1.2 })] } };
        var comparison = BetweenRuns.Of(new("a", a, null), new("b", b, null), [], null);
        Assert.Equal("regressed", comparison.Verdict);
        Assert.Contains("by counts", Assert.Single(comparison.Comparisons).Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_of_few_events_decide_nothing()
    {
        var a = ComparedRuns.Run("a", "mta.strategy", ("per-mx-host", [100]));
        var few = a with { Summary = a.Summary with { Points = [.. a.Summary.Points.Select(p => p with { DeliveriesInWindow = 40, TransactionsPerDelivery = p.TransactionsPerDelivery * 1.2 })] } };
        Assert.Equal("unchanged", BetweenRuns.Of(new("a", a, null), new("b", few, null), [], null).Verdict);
    }

    [Fact]
    public void Two_systems_of_one_run_are_chosen_by_name()
    {
        var run = Run(3, 1.2, 0.005, 6);
        Assert.Equal("improved", BetweenRuns.Of(new("r#base", run, "base"), new("r#candidate", run, "candidate"), [], null).Verdict);
        var wrong = Assert.Throws<InvalidDataException>(() => BetweenRuns.Of(new("r#base", run, "base"), new("r#other", run, "other"), [], null));
        Assert.Contains("base, candidate", wrong.Message, StringComparison.Ordinal);
    }

    /// <summary>Five points, of which one is three times as fast; readings spread by 10 %.</summary>
    private static AnalysisResult Noisy()
    {
        var chance = new Random(5);
        return ComparedRuns.Run("r", "mta.strategy", [.. Enumerable.Range(0, 5).Select(i => ($"s{i}", ComparedRuns.Rates(chance, i == 1 ? 300 : 100, ComparedRuns.Mood(chance, 6, 0), 0.10)))]);
    }

    private static AnalysisResult Run(int seed, double truth, double spread, int blocks)
    {
        var chance = new Random(seed);
        var mood = ComparedRuns.Mood(chance, blocks, 0.2);
        return ComparedRuns.Run("r", "mta.strategy", ("base", ComparedRuns.Rates(chance, 100, mood, spread)), ("candidate", ComparedRuns.Rates(chance, 100 * truth, mood, spread)));
    }

    private static IReadOnlyList<ComparisonSummary> Within(AnalysisResult run) => WithinRun.Of(run.Header, run.Summary.Points);
}
