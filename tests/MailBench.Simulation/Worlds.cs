using MailBench.Model.Options;
using MailBench.Mta.Batching;

namespace MailBench.Simulation;

/// <summary>Scenarios with a subject: a domain <c>dK.test</c> on each host <c>mxK.test</c>, and streams of messages.</summary>
internal sealed class Worlds(int seed)
{
    private readonly List<SimHost> _hosts = [];
    private readonly List<SimMessage> _messages = [];
    private readonly Random _random = new(seed);

    public static BatchingOptions Options(DeliveryStrategy strategy, int sessionsPerSite = 4, int sessionsOut = 200) =>
        new() { Strategy = strategy, SessionsPerSite = sessionsPerSite, SessionsOut = sessionsOut };

    /// <summary>Adds a host of these traits with a domain of its own; returns the domain's index.</summary>
    public int Site(SimHost traits)
    {
        _hosts.Add(traits with { Name = $"mx{_hosts.Count}.test" });
        return _hosts.Count - 1;
    }

    /// <summary>Messages to the domains, of so many recipients each in turn, at random instants.</summary>
    public Worlds Stream(IReadOnlyList<int> domains, int count, int fromMs, int untilMs, int recipients = 1)
    {
        for (var i = 0; i < count; i++)
        {
            var first = i;
            _messages.Add(new SimMessage(_messages.Count + 1, _random.Next(fromMs, untilMs), [.. Enumerable.Range(0, recipients).Select(k => domains[(first + k) % domains.Count])]));
        }

        return this;
    }

    public Scenario Scenario(BatchingOptions options) => new()
    {
        Seed = seed,
        Options = options,
        Hosts = _hosts,
        Domains = [.. _hosts.Select((_, i) => new SimDomain($"d{i}.test", [(i, 10)]))],
        Messages = _messages,
        BooksEvery = 1024,
    };
}
