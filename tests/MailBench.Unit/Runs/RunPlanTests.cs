using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Model.Units;
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
    public void Stages_may_be_shares_and_arrivals_random()
    {
        var point = Plan("""
            version: 1
            sweeps:
              - {name: saturated}
              - {name: over, set: {load.model: open, load.stages: ["injectRandom 70% of saturated for 2s", "inject 120% of saturated for 3s", "pause 1s", "inject 5/s for 1s"]}}
              - {name: curve, set: {load.model: open, load.arrivals: random}, axes: {load.rate: [50% of saturated, 120% of saturated]}}
            """).Points;
        Assert.Equal([null, 1, 1, 1], point.Select(p => p.BasePoint));
        var stages = point[1].Settings.ToLoad(new Rate(200)).Stages;
        Assert.Equal([140, 240, 0, 5], stages.Select(stage => stage.Rate.PerSecond));
        Assert.Equal(["injectRandom 140/s for 2s", "inject 240/s for 3s", "pause 1s", "inject 5/s for 1s"], stages.Select(PlannedStage.Format));
        Assert.Equal((LoadStageKind.InjectRandom, 240), (point[3].Settings.ToLoad(new Rate(200)).Stages[0].Kind, point[3].Settings.ToLoad(new Rate(200)).Stages[0].Rate.PerSecond));
    }

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
    [InlineData("sweeps:\n  - {name: a}\n  - {name: b}\n  - {name: o, set: {load.model: open, load.stages: [inject 70% of a for 1s, inject 70% of b for 1s]}}", "load.stages are shares of a and b")]
    [InlineData("sweeps:\n  - {name: o, set: {load.model: open, load.stages: [inject 70% of saturatd for 1s]}}\n  - {name: saturated}", "load.stages: there is no sweep 'saturatd'; did you mean 'saturated'?")]
    [InlineData("load: {model: open}", "load.model open needs a load.rate")]
    [InlineData("workload: {recipients: 50}\nload: {backlog: 49}", "load.backlog 49 is below workload.recipients 50")]
    [InlineData("dns: {mx: 2, perDomain: 3}", "dns.perDomain 3 is above dns.mx 2")]
    [InlineData("system: postfix\ncrossCheck: {rounds: 1}\nworkload: {size: 511B}", "crossCheck.rounds needs a workload.size of at least 512 octets")]
    [InlineData("system: postfix\ncrossCheck: {rounds: 1}\nworkload: {mix: mobile}", "crossCheck.rounds needs a workload.size of at least 512 octets")]
    [InlineData("crossCheck: {rounds: 1}\nworkload: {size: 4KiB}", "to hold what it accepts and to let it go later, which system mailbench cannot; so far postfix can.")]
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
    [InlineData(3500, "70% of s", 50, 49)]
    [InlineData(40, "70% of s", 50, 0.56)]
    public void A_derived_rate_is_in_messages(double deliveredPerSecond, string share, int recipients, double messagesPerSecond)
    {
        var record = Record(deliveredPerSecond * 8, 8);
        Assert.True(OfferedRate.TryParse(share, out var offered));
        Assert.Equal(messagesPerSecond, offered.Of(DeliveredRate.MessagesOf(record, recipients)).PerSecond, 6);
        Assert.Null(DeliveredRate.MessagesOf(record with { Failure = new RoleFailure("sink", "died", []) }, recipients));
        Assert.Null(DeliveredRate.MessagesOf(Record(0, 8), recipients));
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

    private const string Search = "version: 1\nrepetitions: 3\nphases: {drain: 60s}\nload: {sessions: 8}\nsweeps:\n  - {name: saturated}\n  - {name: find, set: {load.model: open, load.find: sustainable, load.rate: 150% of saturated}}\n";

    [Fact]
    public void A_search_stands_once_behind_its_base_with_as_many_tries_as_it_may_take_in_order()
    {
        var plan = Plan(Search);
        Assert.Equal([(1, 0), .. Enumerable.Range(0, 24).Select(i => (2, i)), (1, 1), (1, 2)], plan.Trials.Select(trial => (trial.Point.Number, trial.Repetition)));
        Assert.Equal(1, plan.Points[1].BasePoint);
        var (usual, most) = (RunEstimate.Of(plan), RunEstimate.MostOf(plan));
        // 3 trials and 12 tries of 35 s; at most 24, which drain for up to a minute.
        Assert.InRange(usual, TimeSpan.FromSeconds(15 * 35), TimeSpan.FromSeconds(15 * 40));
        Assert.InRange(most, TimeSpan.FromSeconds(3 * 35 + 24 * 95), TimeSpan.FromSeconds(3 * 40 + 24 * 100));
    }

    [Theory]
    [InlineData("load: {find: sustainable}", "load.find sustainable looks for an offered rate; it needs load.model: open.")]
    [InlineData("load: {model: open, find: sustainable, stages: [inject 5/s for 1s]}", "in place of load.stages give load.rate, the highest rate to try.")]
    [InlineData("load: {model: open, find: sustainable, rate: 600/s}", "phases.drain 30s is shorter than criteria.delivered 1m: what would still come in time is not waited for.")]
    [InlineData("load: {model: open, find: sustainable, rate: 20/s}\nphases: {drain: 60s}", "begins at an eighth of load.rate 20/s, which are 75 messages in a window of 30s; at criteria.backlog 1% fewer than 200 tell nothing.")]
    [InlineData("load: {find: sustainable}\nusers: {count: 5}", "for users there is users.find: knee.")]
    [InlineData("load: {find: sustainable}\nprobes: on", "such a point measures no rate.")]
    [InlineData("phases: {drain: 60s}\nsweeps:\n  - {name: find, set: {load.model: open, load.find: sustainable, load.rate: 600/s}}\n  - {name: after, set: {load.model: open, load.rate: 70% of find}}", "sweep 'find' is a search (load.find) and has no one rate")]
    public void Searches_that_cannot_be_made_are_refused(string body, string expected) => Assert.Contains(expected, ErrorOf("version: 1\n" + body));
}
