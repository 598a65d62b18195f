using CsCheck;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Source.Arrivals;
using Xunit;

namespace MailBench.Unit.Peers.Source;

public sealed class ArrivalPacerTests
{
    [Fact]
    public void Spaces_arrivals_evenly_from_the_start()
    {
        var times = All(Open(Inject(4, 1)));
        Assert.Equal([0, 250_000_000, 500_000_000, 750_000_000], times);
    }

    [Theory]
    [InlineData(1000, 2, 2000)]
    [InlineData(0.2, 5, 1)]
    [InlineData(3, 10, 30)]
    [InlineData(7, 0.5, 4)]
    public void A_stage_has_rate_times_time_arrivals(double rate, double seconds, int arrivals) => Assert.Equal(arrivals, All(Open(Inject(rate, seconds))).Count);

    [Fact]
    public void Carries_a_fraction_of_an_arrival_into_the_next_stage()
    {
        var times = All(Open(Inject(10, 1.05), Inject(10, 0.2)));
        Assert.Equal(13, times.Count);
        Assert.All(times.Zip(times.Skip(1)), pair => Assert.Equal(100_000_000, pair.Second - pair.First));
    }

    [Fact]
    public void A_pause_has_no_arrivals_and_keeps_its_time()
    {
        var times = All(Open(Inject(2, 1), Pause(3), Inject(2, 1)));
        Assert.Equal([0, 500_000_000, 4_000_000_000, 4_500_000_000], times);
    }

    [Fact]
    public void A_ramp_from_nothing_follows_the_square_root()
    {
        // N(t) = 10·t² ÷ 2 over two seconds to 20/s: 20 arrivals, the n-th at sqrt(n ÷ 5).
        var times = All(Open(new LoadStage(LoadStageKind.RampingInject, new Rate(20), 0, TimeSpan.FromSeconds(2))));
        Assert.Equal(20, times.Count);
        for (var n = 0; n < times.Count; n++) Assert.InRange(times[n] - Math.Sqrt(n / 5.0) * 1e9, -2, 2);
    }

    [Fact]
    public void A_ramp_begins_at_the_rate_of_the_stage_before()
    {
        var times = All(Open(Inject(10, 1), new LoadStage(LoadStageKind.RampingInject, new Rate(30), 0, TimeSpan.FromSeconds(1)), Inject(30, 1)));
        Assert.Equal(10 + 20 + 30, times.Count);
        var ramp = times.Where(t => t is >= 1_000_000_000 and < 2_000_000_000).ToList();
        Assert.Equal(1_000_000_000, ramp[0]);
        Assert.All(ramp.Zip(ramp.Skip(1), ramp.Skip(2)), three => Assert.True(three.Third - three.Second < three.Second - three.First));
    }

    [Fact]
    public void A_ramp_down_to_little_stays_finite_and_in_its_stage()
    {
        var times = All(Open(Inject(100, 1), new LoadStage(LoadStageKind.RampingInject, new Rate(0.001), 0, TimeSpan.FromSeconds(1))));
        Assert.Equal(151, times.Count);
        Assert.True(times[^1] < 2_000_000_000);
    }

    [Fact]
    public void An_endless_stage_is_ended_by_count_or_duration()
    {
        var endless = Inject(100, 0);
        Assert.Equal(7, All(Open(endless) with { Count = 7 }).Count);
        Assert.Equal(50, All(Open(endless) with { Duration = TimeSpan.FromMilliseconds(500) }).Count);
    }

    [Fact]
    public void Poisson_arrivals_have_the_mean_and_the_variance_of_their_rate()
    {
        for (var seed = 1; seed <= 5; seed++)
        {
            var times = All(Open(new LoadStage(LoadStageKind.InjectRandom, new Rate(1000), 0, TimeSpan.FromSeconds(20))), seed);
            var counts = times.GroupBy(t => t / 100_000_000).Select(g => (double)g.Count()).ToList();
            var mean = counts.Average();
            var variance = counts.Sum(c => (c - mean) * (c - mean)) / (counts.Count - 1);
            Assert.InRange(times.Count, 20_000 - 5 * 142, 20_000 + 5 * 142);
            // Index of dispersion of 200 Poisson counts: 1 within ±5 standard errors of sqrt(2 ÷ 199).
            Assert.InRange(variance / mean, 0.5, 1.5);
            Assert.InRange(times.Zip(times.Skip(1)).Count(p => p.Second - p.First > 1_000_000) / (double)times.Count, Math.Exp(-1) - 0.02, Math.Exp(-1) + 0.02);
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_times_and_another_seed_others()
    {
        var load = Open(new LoadStage(LoadStageKind.InjectRandom, new Rate(500), 0, TimeSpan.FromSeconds(1)));
        Assert.Equal(All(load, 3), All(load, 3));
        Assert.NotEqual(All(load, 3), All(load, 4));
    }

    [Fact]
    public void Times_never_go_back_whatever_the_stages() =>
        Gen.Select(Gen.Int[0, 3], Gen.Double[0.5, 400], Gen.Double[0.05, 1.5]).Array[1, 6].Sample(raw =>
        {
            var stages = raw.Select(r => new LoadStage(
                (LoadStageKind)r.Item1, new Rate(r.Item2), 0, TimeSpan.FromSeconds(r.Item3))).ToArray();
            var times = All(Open(stages), 9);
            var endNs = stages.Sum(stage => stage.During.ToNs());
            return times.Zip(times.Skip(1)).All(p => p.First <= p.Second) && times.All(t => t >= 0 && t <= endNs);
        }, iter: 300);

    [Fact]
    public void Refuses_a_stage_of_another_load_model_and_says_which()
    {
        var wrong = Assert.Throws<ArgumentException>(() => new ArrivalPacer(Open(Inject(1, 1), new LoadStage(LoadStageKind.KeepConstant, default, 3, TimeSpan.FromSeconds(1))), 1));
        Assert.Contains("Stage 2 (keep-constant)", wrong.Message);
        Assert.Throws<ArgumentException>(() => new ArrivalPacer(Open(Inject(1, 0), Inject(1, 1)), 1));
        Assert.Throws<ArgumentException>(() => new ArrivalPacer(Open(), 1));
    }

    private static LoadOptions Open(params LoadStage[] stages) => new() { Model = LoadModel.Open, Stages = stages };

    private static LoadStage Inject(double rate, double seconds) => new(LoadStageKind.Inject, new Rate(rate), 0, TimeSpan.FromSeconds(seconds));

    private static LoadStage Pause(double seconds) => new(LoadStageKind.Pause, default, 0, TimeSpan.FromSeconds(seconds));

    private static List<long> All(LoadOptions load, int seed = 1)
    {
        var pacer = new ArrivalPacer(load, seed);
        var times = new List<long>();
        while (pacer.TryNext(out var at)) times.Add(at);
        return times;
    }
}
