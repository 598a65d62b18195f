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
            Say(words);
            // A turn of the list: one transaction of 100 recipients, 160 ms; recipient by recipient the sixteen of its share in hand, over two sessions.
            Assert.True(waits.Max() <= (strategy == DeliveryStrategy.PerRecipient ? 650 : 450), words);
            // The singles' transactions over two sessions, and two turns.
            Assert.True(list <= listAlone + (50 * 62 / 2) + 300, words);
        }
    }

    [Theory]
    [InlineData(DeliveryStrategy.PerDomain)]
    [InlineData(DeliveryStrategy.PerMxHost)]
    public void A_list_ends_in_its_share_although_more_single_messages_come_than_the_site_can_take(DeliveryStrategy strategy)
    {
        var worlds = new Worlds(1);
        var site = worlds.Site(new SimHost("") { RoundTripMs = 20, ServiceMs = 1 });
        // Two sessions take 32 single messages a second; 40 come for a minute.
        worlds.Stream([site], 1, 0, 1, recipients: 2000).Stream([site], 2400, 500, 60_500);
        var world = new World(worlds.Scenario(Worlds.Options(strategy, sessionsPerSite: 2)) with { UntilMs = 200_000 });
        world.Run();
        var list = world.Recipients.Where(r => r.Entry.Id.Value == 1).Max(r => r.EndedNs) / 1e6;
        Say($"{strategy}: the list took {list:F0} ms");
        // Twenty transactions of 161 ms, and ten single ones of 62 ms for each, over two sessions; half as much again for what is drawn.
        Assert.True(list <= 1.5 * 20 * (161 + (10 * 62)) / 2, $"{strategy}: the list took {list:F0} ms");
        Assert.All(world.Recipients, r => Assert.Equal(Whereabouts.Delivered, r.Where));
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
        // Five transactions of its own and as many of the other's, of 161 ms each, and the one that it came upon.
        Say($"{shortDone} ms");
        Assert.True(shortDone < 11 * 161, $"{shortDone} ms");
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
            // A turn is an opening, ten transactions and a goodbye: 30 + 10 · 31 + 10 ms; three of the others a second have work, and the first one has a turn between.
            var boundMs = 350.0 * 8 / sessionsOut;
            var waits = world.Recipients.Where(r => r.Domain != "d0.test").Select(r => ((r.BegunNs ?? long.MaxValue) - r.AcceptedNs) / 1e6).ToArray();
            Say($"{waits.Max():F0} of {boundMs:F0} ms, mean {waits.Average():F0}");
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
        worlds.Stream(busy, 30_000, 0, 100_000).Stream([slow], 10, 0, 100_000);
        var world = new World(worlds.Scenario(Worlds.Options(DeliveryStrategy.PerMxHost, sessionsOut: 8)) with { UntilMs = 220_000 });
        world.Run();
        var waits = world.Recipients.Where(r => r.Domain == $"d{slow}.test").Select(r => ((r.BegunNs ?? long.MaxValue) - r.AcceptedNs) / 1e9).ToArray();
        Say($"{waits.Max()} s");
        // One session of its own at a time, and it takes 5 s for each step.
        Assert.True(waits.Max() < 15, $"waited {waits.Max()} s");
    }

    private static void Say(string words) => TestContext.Current.TestOutputHelper?.WriteLine(words);

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
