using System.Net;
using MailBench.Mta.Routing;

namespace MailBench.Simulation;

/// <summary>
/// Domains of a day: popularity falls as one over rank, seven of ten domains are hosted by few large hosts, the others have hosts of their own. Routes
/// are made once, as a router's cache has them.
/// </summary>
internal sealed class DaySites
{
    private const int DeadOf = 100;
    private const int SlowOf = 200;
    private readonly double _logOfCount;

    public DaySites(int domains, int seed)
    {
        var random = new Random(seed);
        var large = Math.Max(2, domains / 500);
        var pools = Enumerable.Range(0, large).Select(p => Route($"pool{p}", random.Next(1, 4))).ToArray();
        Routes = new Route[domains];
        Names = new string[domains];
        for (var d = 0; d < domains; d++)
        {
            Names[d] = $"d{d}.test";
            Routes[d] = random.Next(10) < 7 ? pools[(int)(large * random.NextDouble() * random.NextDouble())] : Route($"mx.d{d}", random.Next(1, 3));
        }

        _logOfCount = Math.Log(domains + 1);
    }

    public Route[] Routes { get; }
    public string[] Names { get; }

    /// <summary>A domain by popularity, from a draw in [0, 1).</summary>
    public int Draw(double u) => Math.Min(Names.Length - 1, (int)Math.Exp(u * _logOfCount) - 1);

    /// <summary>One host of a hundred, and none of the large ones, is out of service for a quarter of the day.</summary>
    public static bool IsDown(MxHost host, long nowNs) => host.Name[0] == 'm' && host.Preference % DeadOf == 7 && (nowNs / 21_600_000_000_000 & 3) == ((host.Preference / DeadOf) & 3);

    /// <summary>Time from the first to the last octet of an opening or a transaction, in ns.</summary>
    public static long StepNs(MxHost host) => host.Preference % SlowOf == 11 ? 10_000_000_000 : 50_000_000 + (host.Preference % 97 * 3_000_000);

    // Traits are read off the preference, so that they cost no look-up: 10 … is the first host.
    private static Route Route(string name, int hosts)
    {
        var hash = 0;
        foreach (var c in name) hash = unchecked((hash * 31) + c);
        var made = Enumerable.Range(0, hosts).Select(h => new MxHost($"{name}-{h}.test", Math.Abs(hash % 10_000) + (h * 10_000), [IPAddress.Loopback])).ToArray();
        return new Route(RouteKind.Hosts, made, null, null) { MxSet = string.Join(' ', made.Select(m => m.Name)) };
    }
}
