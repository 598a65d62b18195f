using System.Globalization;
using MailBench.Model.Options;
using MailBench.Mta.Batching;
using MailBench.Mta.Scheduling;

namespace MailBench.Simulation;

/// <summary>What a host is like. Times in ms of virtual time; shares in 0 … 1.</summary>
internal sealed record SimHost(string Name)
{
    public int RoundTripMs { get; init; } = 10;

    /// <summary>Time of its one server per recipient: its capacity is 1000 ÷ this in recipients/s.</summary>
    public double ServiceMs { get; init; } = 1;

    /// <summary>Sessions that it stands; further ones are refused.</summary>
    public int MaxSessions { get; init; } = 1000;

    /// <summary>A session beyond <see cref="MaxSessions"/> is greeted with 421; else its connection is refused.</summary>
    public bool GreetsRefused { get; init; }
    public int MaxRecipients { get; init; } = 1000;
    public int MaxTransactions { get; init; } = int.MaxValue;
    public int MaxDomains { get; init; } = int.MaxValue;

    /// <summary>It says its three limits above in EHLO (RFC 9422); else only too many recipients show, by 452.</summary>
    public bool AnnouncesLimits { get; init; }
    public int Addresses { get; init; } = 1;

    /// <summary>The first so many of its addresses never answer.</summary>
    public int DeadAddresses { get; init; }

    /// <summary>A dead host's dials time out instead of being refused.</summary>
    public bool BlackHole { get; init; }

    /// <summary>Added to its greeting and to every transaction.</summary>
    public int TarpitMs { get; init; }
    public double Defers { get; init; }
    public double Refuses { get; init; }

    /// <summary>Transactions broken off with 421 in mid-batch.</summary>
    public double Breaks { get; init; }

    /// <summary>Transactions taken whole, of which the final reply is lost.</summary>
    public double LosesReplies { get; init; }

    /// <summary>When it cannot be reached: from, until.</summary>
    public IReadOnlyList<(int FromMs, int UntilMs)> Outages { get; init; } = [];

    public bool IsSound => this with { Name = "", RoundTripMs = 10, ServiceMs = 1 } is { MaxSessions: >= 1000, MaxRecipients: >= 1000, DeadAddresses: 0, TarpitMs: 0, Defers: 0, Refuses: 0, Breaks: 0, LosesReplies: 0, Outages.Count: 0 };
}

/// <summary>A domain: hosts by index, with preferences.</summary>
internal sealed record SimDomain(string Name, IReadOnlyList<(int Host, int Preference)> Exchanges);

/// <summary>A message: recipients by their domain's index.</summary>
internal sealed record SimMessage(long Id, int AtMs, IReadOnlyList<int> Domains);

/// <summary>A world to be simulated: all that a run depends on.</summary>
internal sealed record Scenario
{
    public required int Seed { get; init; }
    public required BatchingOptions Options { get; init; }
    public required IReadOnlyList<SimHost> Hosts { get; init; }
    public required IReadOnlyList<SimDomain> Domains { get; init; }
    public required IReadOnlyList<SimMessage> Messages { get; init; }
    public RetrySettings Retry { get; init; } = new() { First = TimeSpan.FromSeconds(5), Max = TimeSpan.FromSeconds(60), Lifetime = TimeSpan.FromMinutes(10) };

    /// <summary>Null: what the MTA makes of the options and the retries.</summary>
    public SiteShareOptions? Shares { get; init; }

    /// <summary>The run is broken off then, to see that the books close at any instant; null: it runs until nothing is left.</summary>
    public int? UntilMs { get; init; }

    /// <summary>The books are held against each other after so many events.</summary>
    public int BooksEvery { get; init; } = 16;
    public int IdleMs { get; init; } = 2000;

    /// <summary>Envelopes follow the content of the transaction before.</summary>
    public bool Overlaps { get; init; }
    public int DialTimeoutMs { get; init; } = 30_000;

    /// <summary>One line per thing, for a failure's message.</summary>
    public string Describe() => string.Create(CultureInfo.InvariantCulture, $"seed {Seed}\n{Options}\n{Shares}\n{Retry}, until {UntilMs?.ToString(CultureInfo.InvariantCulture) ?? "the end"}\n") +
        string.Join('\n', Hosts.Select(h => $"{h} outages [{string.Join(' ', h.Outages)}]")) + '\n' +
        string.Join('\n', Domains.Take(20).Select(d => $"{d.Name}: {string.Join(' ', d.Exchanges)}")) + '\n' +
        string.Join('\n', Messages.Take(20).Select(m => $"{m.Id} at {m.AtMs} ms to {string.Join(' ', m.Domains.Take(40))}"));
}
