using System.Globalization;
using MailBench.Model.Options;
using Xunit;

namespace MailBench.Simulation;

/// <summary>Who waits for whom: within a site, and between sites when slots are few.</summary>
public sealed class FairnessTests
{
    [Theory]
    [InlineData(DeliveryStrategy.PerRecipient)]
    [InlineData(DeliveryStrategy.PerDomain)]
    [InlineData(DeliveryStrategy.PerMxSet)]
    [InlineData(DeliveryStrategy.PerMxHost)]
    public void Single_messages_pass_a_huge_list_to_the_same_site_and_it_is_little_the_slower(DeliveryStrategy strategy)
    {
        for (var seed = 1; seed <= 2; seed++)
        {
            var (listAlone, _) = Run(seed, strategy, list: 3_000, singles: 0);
            var (list, waits) = Run(seed, strategy, list: 3_000, singles: 50);
            var words = string.Create(CultureInfo.InvariantCulture, $"{strategy}, seed {seed}: list {listAlone:F0} ms alone, {list:F0} with singles, which wait {waits.Average():F0} and {waits.Max():F0} ms at most");
            TestContext.Current.TestOutputHelper?.WriteLine(words);
            // A transaction of the list takes 100 recipients' service and three round trips, 160 ms; two sessions stand.
            Assert.True(waits.Max() <= 1000, words);
            // Half of the sessions' time is theirs at most.
            Assert.True(list <= listAlone * 2, words);
        }
    }

    [Fact]
    public void Of_two_lists_the_short_one_does_not_wait_for_the_long_one()
    {
        var worlds = new Worlds(1);
        var site = worlds.Site(new SimHost("") { RoundTripMs = 20 });
        worlds.Stream([site], 1, 0, 1, recipients: 20_000).Stream([site], 1, 1000, 1001, recipients: 500);
        var world = new World(worlds.Scenario(Worlds.Options(DeliveryStrategy.PerMxHost, sessionsPerSite: 1)));
        world.Run();
        var shortDone = world.Recipients.Where(r => r.Entry.Id.Value == 2).Max(r => r.EndedNs - r.AcceptedNs) / 1e6;
        // Five transactions of its own and as many of the other's.
        Assert.True(shortDone < 2500, $"{shortDone} ms");
    }

    [Theory]
    [InlineData(2, SessionReuse.AcrossMessages)]
    [InlineData(5, SessionReuse.AcrossMessages)]
    [InlineData(5, SessionReuse.None)]
    public void No_site_waits_longer_than_the_turns_of_those_before_it(int sessionsOut, SessionReuse reuse)
    {
        for (var seed = 1; seed <= 2; seed++)
        {
            const int sites = 30;
            var worlds = new Worlds(seed);
            var all = Enumerable.Range(0, sites).Select(_ => worlds.Site(new SimHost("") { RoundTripMs = 10 })).ToArray();
            // The first site could fill all slots for the whole time.
            worlds.Stream([all[0]], 20_000, 0, 1000).Stream(all[1..], 600, 1000, 200_000);
            var options = Worlds.Options(DeliveryStrategy.PerMxHost, sessionsOut: sessionsOut) with { Reuse = reuse };
            var world = new World(worlds.Scenario(options) with { UntilMs = 250_000 });
            world.Run();
            // A turn is an opening, ten transactions and a goodbye: 30 + 10 · 31 + 10 ms; every site may have one before, and the first one several.
            var boundMs = 350.0 * (sites + 4) / sessionsOut;
            var waits = world.Recipients.Where(r => r.Domain != "d0.test").Select(r => ((r.BegunNs ?? long.MaxValue) - r.AcceptedNs) / 1e6).ToArray();
            Assert.True(waits.Max() <= boundMs, $"seed {seed}: a recipient waited {waits.Max():F0} ms, bound {boundMs:F0}; mean {waits.Average():F0}");
            var big = world.Recipients.Where(r => r is { Domain: "d0.test", Where: Whereabouts.Delivered }).ToArray();
            Assert.True(big.Length > 1000, $"seed {seed}: the big site got {big.Length}");
        }
    }

    [Fact]
    public void A_slow_site_is_slow_but_does_not_starve_behind_busy_ones()
    {
        var worlds = new Worlds(1);
        var busy = Enumerable.Range(0, 20).Select(_ => worlds.Site(new SimHost("") { RoundTripMs = 10 })).ToArray();
        var slow = worlds.Site(new SimHost("") { TarpitMs = 5000 });
        worlds.Stream(busy, 60_000, 0, 100_000).Stream([slow], 20, 0, 100_000);
        var world = new World(worlds.Scenario(Worlds.Options(DeliveryStrategy.PerMxHost, sessionsOut: 8)) with { UntilMs = 220_000 });
        world.Run();
        var waits = world.Recipients.Where(r => r.Domain == $"d{slow}.test").Select(r => ((r.BegunNs ?? long.MaxValue) - r.AcceptedNs) / 1e9).ToArray();
        Assert.True(waits.Max() < 60, $"waited {waits.Max()} s");
    }

    private static (double ListMs, double[] WaitsMs) Run(int seed, DeliveryStrategy strategy, int list, int singles)
    {
        var worlds = new Worlds(seed);
        var site = worlds.Site(new SimHost("") { RoundTripMs = 20, ServiceMs = 1 });
        worlds.Stream([site], 1, 0, 1, recipients: list);
        if (singles > 0) worlds.Stream([site], singles, 500, 4500);
        var world = new World(worlds.Scenario(Worlds.Options(strategy, sessionsPerSite: 2)));
        world.Run();
        return (world.Recipients.Where(r => r.Entry.Id.Value == 1).Max(r => r.EndedNs) / 1e6,
            [.. world.Recipients.Where(r => r.Entry.Id.Value > 1).Select(r => (r.BegunNs!.Value - r.AcceptedNs) / 1e6)]);
    }
}
