using System.Net;
using System.Text;
using MailBench.Mta.Queue;
using MailBench.Mta.Routing;

namespace MailBench.Unit.Mta;

/// <summary>Queue entries and routes for tests of scheduling, batching and delivery.</summary>
internal static class Entries
{
    public static QueueEntry Entry(long id, params string[] recipients) => new()
    {
        Id = new QueueId(id),
        ReversePath = Encoding.ASCII.GetBytes($"t.0-0.{id}@source.test"),
        Recipients = [.. recipients.Select(r => new RecipientEntry(Encoding.ASCII.GetBytes(r)))],
        ContentBytes = 100,
        AcceptedUnixMs = 0,
    };

    /// <summary><c>u0@d0.test … </c>, recipient k in domain k mod domains.</summary>
    public static QueueEntry Entry(long id, int recipients, int domains) =>
        Entry(id, [.. Enumerable.Range(0, recipients).Select(k => $"u{k}@d{k % domains}.test")]);

    /// <summary>Hosts as <c>mx0</c> or <c>mx0=20</c> (preference, 10 unless said).</summary>
    public static Route Route(params string[] hosts)
    {
        var parsed = hosts.Select(h => h.Split('=')).Select(h => new MxHost(h[0], h.Length > 1 ? int.Parse(h[1]) : 10, [IPAddress.Loopback])).OrderBy(h => h.Preference).ToArray();
        return new Route(RouteKind.Hosts, parsed, null, null) { MxSet = string.Join(' ', parsed.Select(h => $"{h.Preference} {h.Name}").Order()) };
    }

    /// <summary>The generator's zone: domain J has hosts (J + k) mod mx, all of preference 10.</summary>
    public static Route Ring(int domain, int mx, int perDomain) => Route([.. Enumerable.Range(0, perDomain).Select(k => $"mx{(domain + k) % mx}.test")]);
}
