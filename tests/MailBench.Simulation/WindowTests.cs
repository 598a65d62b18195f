using MailBench.Model.Options;
using Xunit;

namespace MailBench.Simulation;

/// <summary>Sessions at a site follow what it stands: up where it has room, down where it refuses.</summary>
public sealed class WindowTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(7, true)]
    [InlineData(20, true)]
    public void The_window_settles_at_the_site_s_own_limit_and_seldom_feels_for_more(int maxSessions, bool greets)
    {
        for (var seed = 1; seed <= 2; seed++)
        {
            var (world, host) = Loaded(seed, maxSessions, greets, sessionsPerSite: 32, SessionReuse.AcrossMessages, untilMs: 120_000);
            world.Run();
            Assert.Equal(maxSessions, host.MostSessions);
            // In the steady state the server is never out of work for want of sessions.
            var done = world.Recipients.Count(r => r.Where == Whereabouts.Delivered);
            var ideal = maxSessions * 120_000 / 301.0;
            Say($"{maxSessions}: {done} of {ideal:F0}, {host.Refusals} refusals");
            Assert.True(done >= ideal * 0.98, $"seed {seed}: {done} of {ideal:F0} that the sessions could do");
            // What doubling overshoots by, then pauses of 1, 2, 4 … 64 s.
            Assert.True(host.Refusals <= Math.Min(maxSessions, 32 - maxSessions) + 7, $"seed {seed}: {host.Refusals} refusals in two minutes");
        }
    }

    [Fact]
    public void The_window_opens_within_a_few_round_trips_where_nothing_refuses()
    {
        var (world, host) = Loaded(1, 1000, false, sessionsPerSite: 32, SessionReuse.AcrossMessages, untilMs: 3_000);
        world.Run();
        Assert.Equal(32, host.MostSessions);
    }

    [Fact]
    public void The_window_shrinks_when_the_site_s_limit_falls_and_grows_when_it_rises()
    {
        var (world, host) = Loaded(1, 16, true, sessionsPerSite: 32, SessionReuse.AcrossMessages, untilMs: 400_000, transactionsPerSession: 20);
        var (atLow, atHigh) = (0, 0);
        world.Time.At(100_000 * VirtualTime.Ms, () => host.Become(host.Traits with { MaxSessions = 2 }));
        world.Time.At(140_000 * VirtualTime.Ms, () => host.Refusals = 0);
        world.Time.At(199_000 * VirtualTime.Ms, () => (atLow, host.Refusals) = (host.Refusals, 0));
        world.Time.At(200_000 * VirtualTime.Ms, () => host.Become(host.Traits with { MaxSessions = 16 }));
        world.Time.At(399_000 * VirtualTime.Ms, () => atHigh = host.Sessions);
        world.Run();
        Say($"{atLow} refusals in a minute at the low limit, {atHigh} sessions at the high one");
        Assert.InRange(atLow, 0, 5);
        Assert.InRange(atHigh, 15, 16);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    public void Without_reuse_the_limit_is_respected_as_well(int maxSessions)
    {
        var (world, host) = Loaded(1, maxSessions, false, sessionsPerSite: 32, SessionReuse.None, untilMs: 120_000);
        world.Run();
        Assert.Equal(maxSessions, host.MostSessions);
        // Dial, greeting, transaction and goodbye take 701 ms.
        var ideal = maxSessions * 120_000 / 701.0;
        Say($"{maxSessions}: {host.Refusals} refusals, {host.Transactions} transactions of {ideal:F0}, {world.Recipients.Count(r => r.Attempts > 0)} deferred");
        Assert.True(host.Transactions >= ideal * 0.97, $"{host.Transactions} transactions of {ideal:F0}");
        Assert.True(host.Refusals <= host.Transactions / 10, $"{host.Refusals} refusals, {host.Transactions} transactions");
    }

    private static void Say(string words) => TestContext.Current.TestOutputHelper?.WriteLine(words);

    /// <summary>One site that is offered more than it can take; a transaction takes 301 ms.</summary>
    private static (World World, WorldHost Host) Loaded(int seed, int maxSessions, bool greets, int sessionsPerSite, SessionReuse reuse, int untilMs, int transactionsPerSession = 1000)
    {
        var worlds = new Worlds(seed);
        var site = worlds.Site(new SimHost("") { RoundTripMs = 100, ServiceMs = 1, MaxSessions = maxSessions, GreetsRefused = greets });
        worlds.Stream([site], Math.Min(40_000, untilMs / 300 * Math.Min(sessionsPerSite, maxSessions + 4)), 0, 100);
        var options = Worlds.Options(DeliveryStrategy.PerMxHost, sessionsPerSite) with { Reuse = reuse, TransactionsPerSession = transactionsPerSession };
        var world = new World(worlds.Scenario(options) with { UntilMs = untilMs });
        return (world, world.HostOf("mx0.test"));
    }
}
