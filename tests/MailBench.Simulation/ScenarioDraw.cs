using MailBench.Model.Options;
using MailBench.Mta.Batching;
using MailBench.Mta.Scheduling;

namespace MailBench.Simulation;

/// <summary>Draws a scenario of a few dozen domains with everything that can go wrong from a seed.</summary>
internal static class ScenarioDraw
{
    public static Scenario From(int seed)
    {
        var random = new Random(seed);
        var hosts = Enumerable.Range(0, random.Next(1, 12)).Select(i => Host(random, i)).ToArray();
        var domains = Enumerable.Range(0, random.Next(1, 20)).Select(i => Domain(random, i, hosts.Length)).ToArray();
        var messages = Messages(random, domains.Length).ToArray();
        return new Scenario
        {
            Seed = seed,
            Options = Options(random),
            Hosts = hosts,
            Domains = domains,
            Shares = random.Next(2) == 0 ? Shares(random) : null,
            Messages = messages,
            UntilMs = random.Next(4) == 0 ? random.Next(100, 100_000) : null,
            IdleMs = random.Next(2) == 0 ? 2000 : 100,
            Overlaps = random.Next(2) == 0,
        };
    }

    private static BatchingOptions Options(Random random) => new()
    {
        Strategy = (DeliveryStrategy)random.Next(4),
        Reuse = (SessionReuse)random.Next(3),
        SessionsPerSite = random.Next(1, 9),
        SessionsOut = random.Next(3) == 0 ? random.Next(1, 4) : random.Next(4, 60),
        RecipientsPerTransaction = random.Next(3) == 0 ? 100 : random.Next(1, 12),
        TransactionsPerSession = random.Next(3) == 0 ? 1000 : random.Next(1, 8),
        TransactionsPerTurn = random.Next(2) == 0 ? 10 : random.Next(1, 5),
        MaxReturns = random.Next(0, 5),
    };

    /// <summary>Few hands, so that who gets them matters.</summary>
    private static SiteShareOptions Shares(Random random)
    {
        var most = random.Next(4, 200);
        var first = random.Next(1, (most / 4) + 2);
        return new() { MaxInHand = most, FirstWindow = first, MaxWindow = random.Next(first, most + 1), MaxParkedNs = 1_000_000_000L * random.Next(10, 120), MaxFailing = random.Next(3) == 0 ? random.Next(1, 4) : 1000 };
    }

    private static SimHost Host(Random random, int i)
    {
        var host = new SimHost($"mx{i}.test")
        {
            RoundTripMs = random.Next(1, 100),
            ServiceMs = random.Next(3) == 0 ? random.Next(1, 50) : 1,
            Addresses = random.Next(1, 4),
        };
        if (random.Next(2) == 0) return host;
        return host with
        {
            MaxSessions = random.Next(3) == 0 ? random.Next(0, 6) : 1000,
            GreetsRefused = random.Next(2) == 0,
            MaxRecipients = random.Next(3) == 0 ? random.Next(1, 10) : 1000,
            MaxTransactions = random.Next(3) == 0 ? random.Next(1, 10) : int.MaxValue,
            MaxDomains = random.Next(3) == 0 ? random.Next(1, 4) : int.MaxValue,
            AnnouncesLimits = random.Next(2) == 0,
            DeadAddresses = random.Next(4) == 0 ? random.Next(0, 4) : 0,
            BlackHole = random.Next(3) == 0,
            TarpitMs = random.Next(5) == 0 ? random.Next(1, 20_000) : 0,
            Defers = Share(random),
            Refuses = Share(random),
            Breaks = Share(random),
            LosesReplies = Share(random),
            Outages = random.Next(3) == 0 ? Outages(random) : [],
        };
    }

    private static double Share(Random random) => random.Next(3) == 0 ? random.NextDouble() * random.NextDouble() : 0;

    private static (int, int)[] Outages(Random random)
    {
        if (random.Next(4) == 0) return [(0, int.MaxValue)];
        var from = random.Next(0, 60_000);
        var until = from + random.Next(1, 120_000);
        return random.Next(2) == 0 ? [(from, until)] : [(from, until), (until + 1000, until + 20_000)];
    }

    private static SimDomain Domain(Random random, int i, int hosts)
    {
        var count = Math.Min(hosts, random.Next(1, 5));
        var chosen = Enumerable.Range(0, hosts).ToArray();
        random.Shuffle(chosen);
        return new SimDomain($"d{i}.test", [.. chosen.Take(count).Select(host => (host, 10 * random.Next(1, 3)))]);
    }

    /// <summary>Single messages, lists, and bursts to one domain ("bombing").</summary>
    private static IEnumerable<SimMessage> Messages(Random random, int domains)
    {
        var count = random.Next(1, 80);
        for (var id = 1; id <= count; id++)
        {
            var recipients = random.Next(4) switch { 0 => random.Next(1, 120), 1 => random.Next(1, 8), _ => 1 };
            var only = random.Next(5) == 0 ? random.Next(domains) : -1;
            yield return new SimMessage(id, random.Next(3) == 0 ? random.Next(0, 200) : random.Next(0, 60_000),
                [.. Enumerable.Range(0, recipients).Select(_ => only >= 0 ? only : random.Next(domains))]);
        }
    }
}
