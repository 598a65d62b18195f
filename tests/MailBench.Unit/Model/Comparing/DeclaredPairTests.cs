using MailBench.Model.Comparing;
using MailBench.Model.Profiles;
using MailBench.Runs.Sweep;
using Xunit;

namespace MailBench.Unit.Comparing;

public sealed class DeclaredPairTests
{
    private const string Systems = """
        version: 1
        sweeps:
          - name: mail
            axes:
              line.capacity: [10Mbit/s, unlimited]
              mta.sessionsOut: [4, 8, 16]
        """;

    [Fact]
    public void Each_value_of_a_factor_is_held_against_the_first_at_equal_other_axes() =>
        Assert.Equal(["8 against 4 at 10Mbit/s", "16 against 4 at 10Mbit/s", "8 against 4 at unlimited", "16 against 4 at unlimited"], Pairs(Systems));

    [Fact]
    public void Pairs_that_are_named_are_compared_and_no_others() =>
        Assert.Equal(["16 against 8 at 10Mbit/s", "16 against 8 at unlimited"], Pairs(Systems, "compare.pairs=16 against 8"));

    [Fact]
    public void A_pair_whose_value_is_not_there_is_not_compared() => Assert.Empty(Pairs(Systems, "compare.pairs=32 against 8"));

    [Fact]
    public void A_pair_has_two_sides()
    {
        var wrong = Assert.Throws<ProfileException>(() => Pairs(Systems, "compare.pairs=16"));
        Assert.Contains("two values, as 'postfix-tuned against postfix'", wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{load.model: backlog}", true)]
    [InlineData("{load.model: open, load.rate: 50/s}", true)]
    [InlineData("{load.model: open, load.rate: 50% of full}", false)]
    public void Rates_are_compared_where_what_is_offered_is_equal_or_nothing_is(string set, bool compared) => Assert.All(
        DeclaredPair.Of(Points($$$"""
            version: 1
            sweeps:
              - {name: full, axes: {mta.sessionsOut: [4, 8]}}
              - {name: mail, set: {{{set}}}, axes: {mta.sessionsOut: [4, 8]}}
            """)).Where(pair => pair.Base.Sweep == "mail"), pair => Assert.Equal(compared, pair.ComparesRates));

    [Fact]
    public void Durability_makes_no_winner() => Assert.All(DeclaredPair.Of(Points("version: 1\nsweeps: [{name: promises, axes: {mta.durability: [synced, os]}}]")), pair => Assert.False(pair.ComparesRates));

    private static IEnumerable<string> Pairs(string yaml, params string[] overrides) =>
        DeclaredPair.Of(Points(yaml, overrides)).Select(pair => $"{pair.CandidateName} against {pair.BaseName} at {pair.At["line.capacity"]}");

    private static MailBench.Model.Records.PlannedPoint[] Points(string yaml, params string[] overrides) =>
        [.. RunPlan.Of(ProfileReader.Read(yaml, "p.yaml", overrides)).Points.Select(point => point.Planned)];
}
