using MailBench.Model.Options;
using Xunit;

namespace MailBench.Simulation;

/// <summary>RFC 5321 §5.1: lower preference first, equals at random, the next where one fails.</summary>
public sealed class MxChoiceTests
{
    [Theory]
    [InlineData(DeliveryStrategy.PerRecipient)]
    [InlineData(DeliveryStrategy.PerDomain)]
    [InlineData(DeliveryStrategy.PerMxSet)]
    [InlineData(DeliveryStrategy.PerMxHost)]
    public void Equal_hosts_share_the_messages_evenly_and_a_higher_preference_gets_none(DeliveryStrategy strategy)
    {
        var world = Run(strategy, 4000, [new(""), new(""), new(""), new("")], [10, 10, 10, 20]);
        var counts = Enumerable.Range(0, 4).Select(i => (double)world.HostOf($"mx{i}.test").Transactions).ToArray();
        Assert.Equal(0, counts[3]);
        // Chi-square with two degrees of freedom: 13.8 is exceeded once in a thousand seeds.
        var expected = counts.Sum() / 3;
        Assert.True(counts[..3].Sum(c => (c - expected) * (c - expected) / expected) < 13.8, string.Join(' ', counts));
    }

    [Theory]
    [InlineData(DeliveryStrategy.PerRecipient)]
    [InlineData(DeliveryStrategy.PerDomain)]
    [InlineData(DeliveryStrategy.PerMxSet)]
    [InlineData(DeliveryStrategy.PerMxHost)]
    public void A_dead_host_s_mail_goes_to_the_next_ones_and_hardly_any_waits_for_a_retry(DeliveryStrategy strategy)
    {
        var dead = new SimHost("") { BlackHole = true, Outages = [(0, int.MaxValue)] };
        var world = Run(strategy, 1000, [dead, dead, new(""), new("")], [10, 10, 20, 30]);
        Assert.All(world.Recipients, r => Assert.Equal((Whereabouts.Delivered, 0), (r.Where, r.Attempts)));
        Assert.Equal(0, world.HostOf("mx3.test").Transactions);
        // Dialled for half a minute each time, in a minute.
        Assert.InRange(world.HostOf("mx0.test").Dials, 1, 3);
    }

    [Theory]
    [InlineData(DeliveryStrategy.PerRecipient)]
    [InlineData(DeliveryStrategy.PerDomain)]
    [InlineData(DeliveryStrategy.PerMxSet)]
    [InlineData(DeliveryStrategy.PerMxHost)]
    public void A_host_that_breaks_every_transaction_is_left_for_the_next(DeliveryStrategy strategy)
    {
        foreach (var reuse in Enum.GetValues<SessionReuse>())
        {
            var world = Run(strategy, 200, [new("") { Breaks = 1 }, new("")], [10, 20], reuse);
            Assert.All(world.Recipients, r => Assert.Equal(Whereabouts.Delivered, r.Where));
            // Those that came back from broken sessions too often are tried again later.
            Assert.InRange(world.Recipients.Count(r => r.Attempts > 0), 0, 4);
        }
    }

    [Fact]
    public void One_of_two_equal_hosts_that_is_dead_is_not_dialled_for_every_session_while_the_other_works()
    {
        var dead = new SimHost("") { BlackHole = true, Outages = [(0, int.MaxValue)] };
        var world = Run(DeliveryStrategy.PerDomain, 3000, [dead, new("") { ServiceMs = 5 }], [10, 10], SessionReuse.None);
        Assert.All(world.Recipients, r => Assert.Equal((Whereabouts.Delivered, 0), (r.Where, r.Attempts)));
        // Its time doubles to 5 s, and a dial takes 30: a few in a minute.
        Assert.InRange(world.HostOf("mx0.test").Dials, 1, 8);
    }

    private static World Run(DeliveryStrategy strategy, int messages, SimHost[] hosts, int[] preferences, SessionReuse reuse = SessionReuse.None)
    {
        var random = new Random(1);
        var world = new World(new Scenario
        {
            Seed = 1,
            Options = Worlds.Options(strategy) with { Reuse = reuse },
            Hosts = [.. hosts.Select((h, i) => h with { Name = $"mx{i}.test" })],
            Domains = [new SimDomain("d.test", [.. preferences.Select((p, i) => (i, p))])],
            Messages = [.. Enumerable.Range(1, messages).Select(id => new SimMessage(id, random.Next(60_000), [0]))],
        });
        world.Run();
        return world;
    }
}
