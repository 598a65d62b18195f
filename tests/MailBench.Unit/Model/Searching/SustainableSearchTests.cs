using CsCheck;
using MailBench.Model.Searching;
using Xunit;

namespace MailBench.Unit.Model.Searching;

/// <summary>The search over simulated systems.</summary>
public sealed class SustainableSearchTests
{
    private static readonly double[] Resolutions = [0.005, 0.02, 0.05, 0.2, 0.5];
    private static readonly Gen<double> Resolution = Gen.Int[0, Resolutions.Length - 1].Select(i => Resolutions[i]);
    private static readonly Gen<(double Most, double Share, double Resolution)> Systems = Gen.Select(Gen.Double[2, 100_000], Gen.Double[Math.Log(1 / 125.0), Math.Log(0.99)], Resolution,
        (most, share, resolution) => (most, Math.Exp(share), resolution));

    [Fact]
    public void A_threshold_lies_in_the_interval_which_is_no_wider_than_the_resolution()
    {
        Systems.Sample(system =>
        {
            var threshold = system.Most * system.Share;
            var (search, tries) = Run(system.Most, system.Resolution, tried => Verdict(tried.PerSecond <= threshold));
            return search.End == SearchEnd.Found && !search.Disagrees && search.Low <= threshold && threshold < search.High
                && search.High <= search.Low * (1 + system.Resolution) && tries.Count <= SustainableSearch.MostTries(system.Resolution);
        });
    }

    [Fact]
    public void A_threshold_in_the_upper_half_takes_no_more_tries_than_usual()
    {
        var (_, tries) = Run(800, 0.05, tried => Verdict(tried.PerSecond <= 550));
        Assert.Equal(SustainableSearch.UsualTries(0.05), tries.Count);
        Assert.Equal([100, 200, 400, 800], tries.Take(4).Select(tried => tried.PerSecond));
    }

    [Fact]
    public void Both_ends_are_tried_afresh_upwards_and_downwards()
    {
        var (search, tries) = Run(800, 0.05, tried => Verdict(tried.PerSecond <= 550));
        Assert.Equal(
            [(search.Low, TryStep.Upwards), (search.High, TryStep.Upwards), (search.High, TryStep.Downwards), (search.Low, TryStep.Downwards)],
            tries.TakeLast(4).Select(tried => ((double?)tried.PerSecond, tried.Step)));
    }

    [Fact]
    public void Where_all_is_carried_the_most_is_confirmed_and_there_is_no_upper_end()
    {
        var (search, tries) = Run(800, 0.05, _ => TryVerdict.Carried);
        Assert.Equal((SearchEnd.Found, 800, null), (search.End, search.Low, search.High));
        Assert.Equal([100, 200, 400, 800, 800, 800], tries.Select(tried => tried.PerSecond));
    }

    [Fact]
    public void Where_nothing_is_carried_the_least_is_confirmed_and_there_is_no_lower_end()
    {
        var (search, tries) = Run(800, 0.05, _ => TryVerdict.NotCarried);
        Assert.Equal((SearchEnd.Found, null, 6.25), (search.End, search.Low, search.High));
        Assert.Equal([100, 50, 25, 12.5, 6.25, 6.25, 6.25], tries.Select(tried => tried.PerSecond));
    }

    [Fact]
    public void A_slow_moment_at_the_upper_end_is_found_out_by_trying_it_afresh()
    {
        // The first 400/s meet a machine that is busy with something else.
        var slow = true;
        var (search, _) = Run(800, 0.05, tried => Verdict(tried.PerSecond <= 550 && !(tried.PerSecond == 400 && slow && !(slow = false))));
        Assert.Equal(SearchEnd.Found, search.End);
        Assert.InRange(550, search.Low!.Value, search.High!.Value);
        Assert.True(search.Disagrees);
    }

    [Fact]
    public void Ends_that_disagree_widen_the_interval_which_stays_bounded_by_what_was_never_contradicted()
    {
        // Between 500 and 600 it is a matter of chance.
        Gen.Int[0, 100_000].Sample(seed =>
        {
            var chance = new Random(seed);
            var (search, tries) = Run(800, 0.05, tried => Verdict(tried.PerSecond < 500 || tried.PerSecond < 600 && chance.Next(2) == 0));
            return tries.Count <= SustainableSearch.MostTries(0.05) && search.End is SearchEnd.Found or SearchEnd.Exhausted && search.Low < 600 && search.High >= 500 && search.Low < search.High
                && (search.End == SearchEnd.Exhausted || search.Disagrees || search.High <= search.Low * 1.05);
        });
    }

    [Fact]
    public void No_run_of_verdicts_takes_more_tries_than_a_search_may()
    {
        Gen.Select(Gen.Int[0, 1_000_000], Resolution).Sample((seed, resolution) =>
        {
            var chance = new Random(seed);
            var (search, tries) = Run(1000, resolution, _ => (TryVerdict)chance.Next(3));
            return tries.Count <= SustainableSearch.MostTries(resolution) && tries.TrueForAll(tried => tried.PerSecond is > 0 and <= 1000) && !(search.Low >= search.High);
        });
    }

    [Fact]
    public void A_void_try_is_repeated_once_and_changes_nothing_else()
    {
        var (sound, _) = Run(800, 0.05, tried => Verdict(tried.PerSecond <= 550));
        var voids = 0;
        var (search, tries) = Run(800, 0.05, tried => tried.PerSecond == 800 && voids++ == 0 ? TryVerdict.Void : Verdict(tried.PerSecond <= 550));
        Assert.Equal((sound.Low, sound.High, SearchEnd.Found), (search.Low, search.High, search.End));
        Assert.Equal(tries[3], tries[4]);
    }

    [Fact]
    public void A_try_that_is_void_twice_ends_the_search_with_what_it_has()
    {
        var (search, tries) = Run(800, 0.05, tried => tried.PerSecond > 300 ? TryVerdict.Void : TryVerdict.Carried);
        Assert.Equal((SearchEnd.Void, 200, null), (search.End, search.Low, search.High));
        Assert.Equal([100, 200, 400, 400], tries.Select(tried => tried.PerSecond));
    }

    [Fact]
    public void The_same_tries_replayed_ask_for_the_same_next()
    {
        Gen.Int[0, 1_000_000].Sample(seed =>
        {
            var chance = new Random(seed);
            var past = new List<(TryMark Tried, TryVerdict Verdict)>();
            var going = new SustainableSearch(1000, 0.05);
            while (going.Next is { } next)
            {
                var replayed = new SustainableSearch(1000, 0.05);
                foreach (var (tried, was) in past) replayed.Took(tried, was);
                if (replayed.Next != next) return false;
                var verdict = next.PerSecond < 300 ? TryVerdict.Carried : (TryVerdict)chance.Next(3);
                past.Add((next, verdict));
                going.Took(next, verdict);
            }

            return true;
        });
    }

    private static TryVerdict Verdict(bool carried) => carried ? TryVerdict.Carried : TryVerdict.NotCarried;

    private static (SustainableSearch Search, List<TryMark> Tries) Run(double most, double resolution, Func<TryMark, TryVerdict> system)
    {
        var search = new SustainableSearch(most, resolution);
        var tries = new List<TryMark>();
        while (search.Next is { } next && tries.Count < 1000)
        {
            tries.Add(next);
            search.Took(next, system(next));
        }

        return (search, tries);
    }
}
