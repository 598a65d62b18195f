using MailBench.Model.Nodes;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs.Phases;
using MailBench.Runs.Sweep;
using Xunit;

namespace MailBench.Unit.Runs;

public class RunPlanTests
{
    private const string TwoSweeps = """
        version: 1
        seed: 7
        repetitions: 3
        workload: {recipients: 50}
        sweeps:
          - name: saturated
            axes:
              line.capacity: {1.5Mbit/s: {load.backlog: 400}, 10Mbit/s: {load.backlog: 900}, 100Mbit/s: {load.backlog: 9000}}
              mta.strategy: [per-recipient, per-mx-host]
          - name: open
            set: {load.model: open, load.rate: 70% of saturated}
            axes:
              line.capacity: [1.5Mbit/s, 100Mbit/s]
              mta.strategy: [per-recipient, per-mx-host]
        """;

    private static RunPlan Plan(string yaml, params string[] overrides) => RunPlan.Of(ProfileReader.Read(yaml, "p.yaml", overrides));

    private static string ErrorOf(string yaml) => Assert.Throws<ProfileException>(() => Plan(yaml)).Message;

    [Fact]
    public void Axes_multiply_and_a_value_brings_what_goes_with_it()
    {
        var plan = Plan(TwoSweeps);
        Assert.Equal(10, plan.Points.Count);
        Assert.Equal(Enumerable.Range(1, 10), plan.Points.Select(point => point.Number));
        Assert.Equal(["400", "400", "900", "900", "9000", "9000"], plan.Points.Take(6).Select(point => point.Settings.Text("load.backlog")));
        Assert.Equal(["line.capacity", "mta.strategy"], plan.Points[0].Planned.Axes.Keys);
        Assert.Equal("per-mx-host", plan.Points[1].Planned.Settings["mta.strategy"]);
    }

    [Fact]
    public void A_share_of_another_sweep_is_of_the_point_at_the_same_coordinates() =>
        Assert.Equal([1, 2, 5, 6], Plan(TwoSweeps).Points.Skip(6).Select(point => point.BasePoint!.Value));

    [Fact]
    public void Trials_come_in_blocks_of_a_repetition_with_dependent_sweeps_last()
    {
        var plan = Plan(TwoSweeps);
        for (var repetition = 0; repetition < 3; repetition++)
        {
            var block = plan.Trials.Skip(10 * repetition).Take(10).ToArray();
            Assert.All(block, trial => Assert.Equal(repetition, trial.Repetition));
            Assert.All(block.Take(6), trial => Assert.Equal("saturated", trial.Point.Planned.Sweep));
            Assert.Equal(Enumerable.Range(1, 10), block.Select(trial => trial.Point.Number).Order());
        }
    }

    [Fact]
    public void The_order_follows_the_seed()
    {
        static int[] Order(RunPlan plan) => [.. plan.Trials.Select(trial => trial.Point.Number)];
        Assert.Equal(Order(Plan(TwoSweeps)), Order(Plan(TwoSweeps)));
        Assert.NotEqual(Order(Plan(TwoSweeps)), Order(Plan(TwoSweeps, "seed=8")));
        var first = Order(Plan(TwoSweeps));
        Assert.NotEqual(first[..6], first[10..16]);
    }

    [Fact]
    public void A_profile_without_sweeps_is_one_point() => Assert.Equal("point", Assert.Single(Plan("version: 1").Points).Planned.Sweep);

    [Theory]
    [InlineData("sweeps:\n  - {name: o, set: {load.model: open, load.rate: 70% of saturatd}}\n  - {name: saturated}", "there is no sweep 'saturatd'; did you mean 'saturated'?")]
    [InlineData("sweeps:\n  - {name: o, set: {load.model: open, load.rate: 70% of saturated}}\n  - {name: saturated}", "sweep 'saturated' must stand above 'o', which depends on it.")]
    [InlineData("sweeps:\n  - {name: s, axes: {line.capacity: [1Mbit/s]}}\n  - {name: o, set: {load.model: open, load.rate: 70% of s, line.capacity: 2Mbit/s}}", "sweep 's' has no point at the coordinates of a point of 'o' (line.capacity 2Mbit/s)")]
    [InlineData("load: {model: open}", "load.model open needs a load.rate")]
    [InlineData("workload: {recipients: 50}\nload: {backlog: 49}", "load.backlog 49 is below workload.recipients 50")]
    [InlineData("dns: {mx: 2, perDomain: 3}", "dns.perDomain 3 is above dns.mx 2")]
    [InlineData("mta: {retry: {first: 2h}}", "mta.retry.first 2h is above mta.retry.max 1h")]
    [InlineData("workload: {messages: no/such/mbox}", "neither a file nor a folder")]
    public void Combinations_that_cannot_run_are_refused(string body, string expected) => Assert.Contains(expected, ErrorOf("version: 1\n" + body));

    [Fact]
    public void A_million_points_are_refused_with_their_count()
    {
        var values = string.Join(", ", Enumerable.Range(1, 1000));
        var error = ErrorOf($"version: 1\nsweeps:\n  - name: absurd\n    axes:\n      load.backlog: [{values}]\n      mta.sessionsOut: [{values}]");
        Assert.Contains("p.yaml:3: 1,000,000 trials (sweep 'absurd': 1000 load.backlog × 1000 mta.sessionsOut); at most 10,000 are run.", error);
    }

    [Fact]
    public void The_estimate_holds_every_window()
    {
        var plan = Plan(TwoSweeps, "phases.warmUp=2s", "phases.steady=8s");
        Assert.InRange(RunEstimate.Of(plan), TimeSpan.FromSeconds(300), TimeSpan.FromSeconds(420));
    }

    [Theory]
    [InlineData(3500, 0.7, 50, 49)]
    [InlineData(40, 0.7, 50, 0.56)]
    public void A_derived_rate_is_in_messages(double deliveredPerSecond, double share, int recipients, double messagesPerSecond)
    {
        var record = Record(deliveredPerSecond * 8, 8);
        Assert.Equal(messagesPerSecond, DeliveredRate.ShareOf(record, share, recipients)!.Value.PerSecond, 6);
        Assert.Null(DeliveredRate.ShareOf(record with { Failure = new RoleFailure("sink", "died", []) }, share, recipients));
        Assert.Null(DeliveredRate.ShareOf(Record(0, 8), share, recipients));
    }

    private static TrialRecord Record(double recipients, double seconds)
    {
        static Dictionary<string, IReadOnlyDictionary<string, double>> Sink(double recipients, double seconds) =>
            new() { ["sink"] = new Dictionary<string, double> { [CounterNames.Recipients] = 1000 + recipients, [CounterNames.MonotonicNs] = 5e12 + seconds * 1e9 } };
        return TrialPhases.Void(new TrialPlan(Plan("version: 1").Points[0], 0), new RoleFailure("none", "", [])) with { Failure = null, AtBegin = Sink(0, 0), AtEnd = Sink(recipients, seconds) };
    }

    [Fact]
    public void A_schedule_that_the_window_would_cut_off_is_refused_and_one_that_fits_is_not()
    {
        const string profile = "version: 1\nline: {capacity: unlimited}\nphases: {warmUp: 2s, steady: 5s}\nload: {model: open, stages: [rampingInject 100/s for 2s, inject 100/s for 6s]}\n";
        Assert.Contains("load.stages last 8s, but warm-up and steady window together 7s", ErrorOf(profile), StringComparison.Ordinal);
        Assert.Single(Plan(profile, "phases.steady=6s").Points);
    }
}
