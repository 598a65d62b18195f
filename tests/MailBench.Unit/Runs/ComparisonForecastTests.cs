using MailBench.Model.Profiles;
using MailBench.Runs.Sweep;
using Xunit;

namespace MailBench.Unit.Runs;

public sealed class ComparisonForecastTests
{
    private const string TwoSweeps = """
        version: 1
        repetitions: 6
        sweeps:
          - {name: small, axes: {mta.strategy: [per-recipient, per-domain, per-mx-host]}}
          - {name: large, axes: {line.capacity: [1Mbit/s, 10Mbit/s], mta.strategy: [per-recipient, per-domain, per-mx-host]}}
        """;

    [Fact]
    public void Too_few_blocks_are_told_with_what_helps() => Assert.Equal(
        ["6 blocks cannot decide 6 comparisons by rates: 8 can decide the first of them. --set repetitions=8, or a part of it: --sweep small has 2, which take 7, or fewer pairs (compare.pairs)."],
        Sentences(TwoSweeps));

    [Fact]
    public void Below_six_blocks_it_is_counts_alone() =>
        Assert.Contains("3 blocks cannot decide 6 comparisons by rates: 8 can decide the first of them, and below 6 counts alone are compared.", Assert.Single(Sentences(TwoSweeps, "repetitions=3")), StringComparison.Ordinal);

    [Fact]
    public void A_single_comparison_takes_six() => Assert.Equal(
        ["1 block cannot decide a comparison by rates: 6 can, and below 6 counts alone are compared. --set repetitions=6."],
        Sentences("version: 1\nrepetitions: 1\nsweeps: [{name: mail, axes: {mta.strategy: [per-recipient, per-mx-host]}}]"));

    [Fact]
    public void Enough_blocks_need_no_word() => Assert.Empty(Sentences(TwoSweeps, "repetitions=8"));

    [Fact]
    public void Fewer_pairs_take_fewer_blocks() => Assert.Empty(Sentences(TwoSweeps, "compare.pairs=per-mx-host against per-domain", "line.capacity=1Mbit/s", "repetitions=7"));

    [Fact]
    public void A_quick_run_of_one_repetition_ranks_by_counts_as_it_says() => Assert.Empty(Sentences(TwoSweeps, "repetitions=1", "quick=on"));

    [Fact]
    public void A_quick_run_of_many_repetitions_is_told_that_they_decide_nothing() =>
        Assert.Equal(["quick: on ranks by counts however many repetitions there are. For verdicts by rates: --set quick=off, and 8 repetitions for 6 comparisons."], Sentences(TwoSweeps, "repetitions=8", "quick=on"));

    [Fact]
    public void A_run_that_compares_nothing_needs_no_blocks() => Assert.Empty(Sentences("version: 1\nsweeps: [{name: lines, axes: {line.capacity: [1Mbit/s, 10Mbit/s]}}]"));

    [Fact]
    public void A_pair_that_no_sweep_has_is_named() =>
        Assert.Equal("compare.pairs: 'per-mx-hots against per-domain': no sweep of this run has both at otherwise equal axes; not compared.", Assert.Single(Sentences(TwoSweeps, "compare.pairs=per-mx-hots against per-domain")));

    [Fact]
    public void A_pair_with_a_system_that_is_left_out_this_time_is_no_mistake()
    {
        const string Profile = """
            version: 1
            repetitions: 6
            systems: {a: {kind: mailbench}, b: {kind: mailbench}, c: {kind: mailbench}}
            compare: {pairs: [b against a, c against a]}
            sweeps: [{name: mail, axes: {system: [a, b]}}]
            """;
        Assert.Empty(Sentences(Profile));
    }

    private static IReadOnlyList<string> Sentences(string yaml, params string[] overrides) => ComparisonForecast.Of(RunPlan.Of(ProfileReader.Read(yaml, "p.yaml", overrides)));
}
