using System.Collections.Concurrent;
using System.Globalization;
using MailBench.Model.Options;
using Xunit;

namespace MailBench.Simulation;

/// <summary>A site that is dead, slow or out of order takes nothing from the others: the same healthy traffic with and without sick neighbours.</summary>
public sealed class NeighbourTests
{
    private static readonly ConcurrentDictionary<(int Seed, DeliveryStrategy Strategy), double[]> Alone = new();
    private const int Healthy = 8;
    private const int LastMs = 60_000;

    internal static IReadOnlyList<SimHost> Sick { get; } =
    [
        new SimHost("black hole") { BlackHole = true, Outages = [(0, int.MaxValue)] },
        new SimHost("refusing") { Outages = [(0, int.MaxValue)] },
        new SimHost("always 421") { MaxSessions = 0, GreetsRefused = true },
        new SimHost("tarpit of 20 s") { TarpitMs = 20_000 },
        new SimHost("tarpit of 3 s") { TarpitMs = 3_000 },
        new SimHost("breaking") { Breaks = 1 },
        new SimHost("deferring") { Defers = 1 },
        new SimHost("losing its replies") { LosesReplies = 1 },
        new SimHost("one session") { MaxSessions = 1, ServiceMs = 200 },
        new SimHost("dies at 20 s") { BlackHole = true, Outages = [(20_000, int.MaxValue)] },
    ];

    /// <summary>One of a kind, and more than there are slots.</summary>
    public static TheoryData<int, int> Cases => [.. Sick.SelectMany((_, kind) => new[] { (kind, 1), (kind, 40) })];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Sick_sites_take_nothing_from_healthy_ones(int kind, int sites)
    {
        for (var seed = 1; seed <= 2; seed++)
        {
            var strategy = seed % 2 == 0 ? DeliveryStrategy.PerDomain : DeliveryStrategy.PerMxHost;
            var (without, with) = (Alone.GetOrAdd((seed, strategy), static key => Delays(key.Seed, key.Strategy, null, 0)), Delays(seed, strategy, Sick[kind], sites));
            var words = string.Create(CultureInfo.InvariantCulture,
                $"{Sick[kind].Name} × {sites}, {strategy}, seed {seed}: delay in ms without mean {without.Average():F0} p95 {At(without, 0.95):F0} max {without[^1]:F0}, with mean {with.Average():F0} p95 {At(with, 0.95):F0} max {with[^1]:F0}");
            TestContext.Current.TestOutputHelper?.WriteLine(words);
            var bound = BoundOf(Sick[kind], sites);
            Assert.Equal(without.Length, with.Length);
            Assert.InRange(with.Average(), 0, without.Average() + bound.MeanMs);
            Assert.InRange(At(with, 0.95), 0, At(without, 0.95) + bound.P95Ms);
            Assert.InRange(with[^1], 0, without[^1] + bound.MostMs);
        }
    }

    /// <summary>
    /// By how much healthy mail may be later. One sick site has 4 of 16 slots at most, and hardly more than a transaction of one is waited for. Forty that answer, each with work for
    /// a slot, share the slots with the eight that are well: a turn of theirs, with a session's opening and end, lies before one's own. Forty that keep silent are found out in turns of a second on the half of the slots that is theirs: five of
    /// them, at the very first.
    /// </summary>
    private static (double MeanMs, double P95Ms, double MostMs) BoundOf(SimHost sick, int sites) =>
        sites == 1 ? (15, 45, 60) : sick.BlackHole || sick.TarpitMs > 0 ? (100, 500, 3000) : (90, 200, 300);

    private static double[] Delays(int seed, DeliveryStrategy strategy, SimHost? sick, int sites)
    {
        var worlds = new Worlds(seed);
        var healthy = Enumerable.Range(0, Healthy).Select(_ => worlds.Site(new SimHost("") { RoundTripMs = 20, ServiceMs = 2 })).ToArray();
        worlds.Stream(healthy, 3000, 0, LastMs);
        if (sick is not null)
        {
            var ill = Enumerable.Range(0, sites).Select(_ => worlds.Site(sick)).ToArray();
            worlds.Stream(ill, 2000, 0, LastMs);
        }

        var scenario = worlds.Scenario(Worlds.Options(strategy, sessionsPerSite: 4, sessionsOut: 16)) with { UntilMs = LastMs + 60_000 };
        var world = new World(scenario);
        world.Run();
        var done = world.Recipients.Where(r => !r.IsNotification && healthy.Contains(int.Parse(r.Domain[1..^5], CultureInfo.InvariantCulture))).ToArray();
        Assert.All(done, r => Assert.Equal(Whereabouts.Delivered, r.Where));
        return [.. done.Select(r => (r.EndedNs - r.AcceptedNs) / 1e6).Order()];
    }

    private static double At(double[] sorted, double share) => sorted[(int)(share * (sorted.Length - 1))];
}
