using MailBench.Analysis.Verdicts;
using MailBench.Model.Records;
using Xunit;

namespace MailBench.Unit.Analysis;

/// <summary>Points whose rates are shares of a saturated one, on each of two lines, twice.</summary>
public sealed class ShareFlagsTests
{
    private static readonly PointSummary Healthy = PlantedTrial.Healthy().Analyze();

    private static readonly PlannedPoint[] Planned =
    [
        Plan(1, "saturated", "1Mbit/s", ("load.model", "backlog")), Plan(2, "saturated", "10Mbit/s", ("load.model", "backlog")),
        Plan(3, "open", "1Mbit/s", ("load.model", "open"), ("load.rate", "70% of saturated")), Plan(4, "open", "10Mbit/s", ("load.model", "open"), ("load.rate", "70% of saturated")),
        Plan(5, "storm", "10Mbit/s", ("load.model", "open"), ("load.stages", "inject 50% of saturated for 2s; pause 1s; inject 120% of saturated for 2s")),
        Plan(6, "absolute", "10Mbit/s", ("load.model", "open"), ("load.rate", "70/s")),
    ];

    [Theory]
    [InlineData("cpu steal 12.0%: other guests took time of this machine")]
    [InlineData("other programs used 40% of the machine's CPU")]
    [InlineData("the line was late: 9.0% of the window it waited for a processor itself")]
    [InlineData("unsteady: the rate drifts by -20.0% over the window (± 3.0%)")]
    [InlineData("sync probe moved -30% during the run")]
    public void What_hangs_on_a_point_that_a_starved_machine_made_says_so_and_is_not_void(string flag)
    {
        var told = Told((2, 1, flag));
        Assert.All(told.Where(p => p is { Point: 4 or 5, Repetition: 1 }), p => Assert.Equal([$"its 100 % comes of point 2, flagged: {flag}"], p.Flags));
        Assert.All(told.Where(p => p is not ({ Point: 4 or 5, Repetition: 1 } or { Point: 2, Repetition: 1 })), p => Assert.Empty(p.Flags));
        Assert.All(told, p => Assert.False(p.Void));
    }

    [Fact]
    public void Flags_that_say_nothing_of_a_starved_machine_stay_where_they_are() => Assert.All(Told((2, 0, "3 duplicates")).Where(p => p.Point != 2), p => Assert.Empty(p.Flags));

    private static IReadOnlyList<PointSummary> Told((int Point, int Repetition, string Flag) flagged)
    {
        var points = Planned.SelectMany(planned => new[] { 0, 1 }.Select(repetition => Healthy with
        {
            Point = planned.Point,
            Repetition = repetition,
            Flags = (planned.Point, repetition) == (flagged.Point, flagged.Repetition) ? [flagged.Flag] : [],
        })).ToList();
        return ShareFlags.Told(PlantedTrial.Healthy().Header(Planned[0]) with { Points = Planned }, points);
    }

    private static PlannedPoint Plan(int number, string sweep, string line, params (string Path, string Value)[] settings) => new(
        number, sweep, new Dictionary<string, string> { ["line.capacity"] = line }, settings.Append(("line.capacity", line)).ToDictionary(pair => pair.Item1, pair => pair.Item2));
}
