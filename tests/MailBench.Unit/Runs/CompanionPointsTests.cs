using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs.Phases;
using MailBench.Runs.Records;
using MailBench.Runs.Sweep;
using Xunit;

namespace MailBench.Unit.Runs;

/// <summary>Which companions follow from which settings, and that they disturb nothing else of a plan.</summary>
public sealed class CompanionPointsTests : IDisposable
{
    private const string Profile = """
        version: 1
        repetitions: 3
        mta: {sessionsPerSite: 4, sessionsOut: 20}
        load: {sessions: 8}
        sweeps:
          - name: saturated
            axes:
              line.capacity: [1.5Mbit/s, unlimited]
          - name: open
            set: {load.model: open, load.rate: 70% of saturated}
            axes:
              line.capacity: [1.5Mbit/s, unlimited]
        """;

    private readonly RunFolder _folder = new(Directory.CreateTempSubdirectory("mailbench-companions-").FullName);

    public void Dispose() => Directory.Delete(_folder.Root, recursive: true);

    private static RunPlan Plan(string yaml, params string[] overrides) => RunPlan.Of(ProfileReader.Read(yaml, "p.yaml", overrides));

    private static RunPlan Confirming(params string[] overrides) => Plan(Profile, ["confirm=on", .. overrides]);

    private static IEnumerable<PointPlan> Companions(RunPlan plan) => plan.Points.Where(point => point.Planned.Companion is not null);

    private static PointPlan Companion(RunPlan plan, CompanionChange change) => Companions(plan).First(point => point.Planned.Companion!.Change == change);

    [Fact]
    public void None_arise_unless_the_profile_asks_for_them() => Assert.Empty(Companions(Plan(Profile)));

    [Fact]
    public void A_saturated_point_gets_one_for_the_line_where_it_is_limited_one_for_sessions_and_one_for_the_testbed()
    {
        var plan = Confirming();
        Assert.Equal(
            [(1, CompanionChange.Line), (1, CompanionChange.Sessions), (1, CompanionChange.Testbed), (2, CompanionChange.Sessions), (2, CompanionChange.Testbed)],
            Companions(plan).Select(point => (point.Planned.Companion!.Origin, point.Planned.Companion.Change)));
        Assert.Equal(Enumerable.Range(1, 9), plan.Points.Select(point => point.Number));
    }

    [Fact]
    public void Each_has_more_of_its_one_thing_and_all_else_of_its_origin()
    {
        var plan = Confirming();
        Assert.Equal(["line.capacity 1.875Mbit/s"], Differences(plan, CompanionChange.Line));
        Assert.Equal(["load.sessions 10", "mta.sessionsOut 25", "mta.sessionsPerSite 5"], Differences(plan, CompanionChange.Sessions));
        Assert.Equal(["testbed.burden 20%"], Differences(plan, CompanionChange.Testbed));
        Assert.Equal("1.875Mbit/s", Companion(plan, CompanionChange.Line).Planned.Axes["line.capacity"]);
        Assert.Equal(0.2, Companion(plan, CompanionChange.Testbed).Settings.Burden());
    }

    private static string[] Differences(RunPlan plan, CompanionChange change)
    {
        var companion = Companion(plan, change);
        var origin = plan.Points[companion.Planned.Companion!.Origin - 1];
        Assert.Equal(companion.Planned.Settings, companion.Settings.ToDictionary());
        return [.. companion.Planned.Settings.Where(pair => origin.Planned.Settings.GetValueOrDefault(pair.Key) != pair.Value).Select(pair => $"{pair.Key} {pair.Value}")];
    }

    [Theory]
    [InlineData("line: {capacity: 10Mbit/s/unlimited}", "12.5Mbit/s/unlimited")]
    [InlineData("line: {capacity: 4Mbit/s/1Mbit/s}", "5Mbit/s/1.25Mbit/s")]
    public void Only_a_direction_that_is_limited_is_widened(string line, string wider) =>
        Assert.Equal(wider, Companion(Plan($"version: 1\nconfirm: on\n{line}"), CompanionChange.Line).Settings.Text("line.capacity"));

    [Theory]
    [InlineData("line: {capacity: 90Gbit/s}", CompanionChange.Line)]
    [InlineData("mta: {sessionsOut: 90000}", CompanionChange.Sessions)]
    [InlineData("system: postfix", CompanionChange.Sessions)]
    [InlineData("testbed: {burden: 90%}", CompanionChange.Testbed)]
    public void What_cannot_be_given_more_of_has_none(string setting, CompanionChange change) =>
        Assert.DoesNotContain(Companions(Plan($"version: 1\nconfirm: on\n{setting}")), point => point.Planned.Companion!.Change == change);

    [Fact]
    public void Sessions_in_stay_below_what_the_MTA_admits() =>
        Assert.Equal("450", Companion(Plan("version: 1\nconfirm: on\nload: {sessions: 420}\nmta: {maxSessionsPerClient: 450}"), CompanionChange.Sessions).Settings.Text("load.sessions"));

    [Theory]
    [InlineData("load: {model: open, rate: 20/s}")]
    [InlineData("load: {model: closed}")]
    [InlineData("users: {count: 10}")]
    [InlineData("probes: on")]
    public void What_is_not_saturated_has_none(string settings) => Assert.Empty(Companions(Plan($"version: 1\nconfirm: on\n{settings}")));

    [Fact]
    public void They_run_in_the_blocks_of_their_origin_and_leave_the_other_points_their_numbers()
    {
        var (without, with) = (Plan(Profile), Confirming());
        Assert.Equal(without.Points.Select(point => (point.Number, point.BasePoint)), with.Points.Take(4).Select(point => (point.Number, point.BasePoint)));
        foreach (var block in with.Trials.Chunk(9))
        {
            Assert.Single(block.Select(trial => trial.Repetition).Distinct());
            // The sweep that takes shares of the saturated points comes after all of theirs.
            Assert.Equal([3, 4], block.Skip(7).Select(trial => trial.Point.Number).Order());
        }

        Assert.Contains(with.Trials.Chunk(9), block => block[0].Point.Planned.Companion is not null);
    }

    [Fact]
    public void The_estimate_counts_them()
    {
        var windows = TimeSpan.FromSeconds(3 * 5 * (5 + 30));
        Assert.InRange(RunEstimate.Of(Confirming()) - RunEstimate.Of(Plan(Profile)), windows, 1.15 * windows);
    }

    [Fact]
    public void Too_many_are_refused_and_said_to_be_theirs()
    {
        var lines = Profile.Replace("[1.5Mbit/s, unlimited]", "[1Mbit/s, 2Mbit/s, 3Mbit/s, 4Mbit/s]", StringComparison.Ordinal);
        var error = Assert.Throws<ProfileException>(() => Plan(lines, "confirm=on", "repetitions=1000"));
        Assert.Contains("20,000 trials with the companions that confirm: on adds; at most 10,000 are run", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_resumed_run_goes_on_with_the_same_companions()
    {
        var plan = Confirming();
        var half = plan.Trials.Take(plan.Trials.Count / 2).ToList();
        using (var record = RunRecord.Open(plan, _folder, "mailbench run p.yaml", TimeProvider.System))
            foreach (var trial in half) record.Append(TrialPhases.Unmeasured(trial));

        var again = RunPlan.Of(ProfileReader.Read(File.ReadAllText(_folder.Profile), "p.yaml"));
        using var resumed = RunRecord.Open(again, _folder, "mailbench run p.yaml", TimeProvider.System);
        Assert.Equal(half.Select(trial => (trial.Point.Number, trial.Repetition)).Order(), resumed.Finished.Keys.Order());
        Assert.Equal(plan.Trials.Select(trial => (trial.Point.Number, trial.Repetition)), again.Trials.Select(trial => (trial.Point.Number, trial.Repetition)));
        Assert.Equal(plan.Points.Select(point => point.Planned.Companion), again.Points.Select(point => point.Planned.Companion));
        Assert.Equal(plan.Points.Select(point => point.Planned.Companion), RunJournal.ReadHeader(_folder)!.Points.Select(point => point.Companion));
    }
}
