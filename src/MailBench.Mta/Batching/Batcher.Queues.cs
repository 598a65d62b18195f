using System.Runtime.InteropServices;
using MailBench.Model.Options;
using MailBench.Mta.Queue;
using MailBench.Mta.Routing;

namespace MailBench.Mta.Batching;

// The sites' queues: what waits where, how it is cut into transactions, and how it moves along its route.
public sealed partial class Batcher
{
    private const int KeptMessages = 4096;
    private readonly Dictionary<string, DestinationQueue> _sites = new(StringComparer.Ordinal);
    private readonly Dictionary<MessageAtSite, QueuedMessage> _messages = [];
    private readonly Stack<QueuedMessage> _spare = new();
    private readonly int _batchLimit = options.Strategy == DeliveryStrategy.PerRecipient ? 1 : options.RecipientsPerTransaction;
    private int _siteNumber;

    /// <summary>
    /// Takes back a recipient of the session's transaction, at <paramref name="at"/> in its batch, to the head of its queue: it is sent again at once. Without
    /// <paramref name="blame"/> this never ends in exhaustion (the transaction got others further); with it, a recipient that came back too often is exhausted.
    /// </summary>
    public void Return(SiteSession session, int at, HostFault? blame)
    {
        ref readonly var recipient = ref session.Batch[at];
        var entry = session.Batch.Entry!;
        if (blame is not null) Blame(session, blame, null);
        if (blame is not null && recipient.Returns >= Options.MaxReturns)
        {
            Exhaust(entry, recipient, blame);
            return;
        }

        Enqueue(session.Queue, entry, blame is null ? recipient : recipient with { Returns = (short)(recipient.Returns + 1) }, front: true);
        Consider(session.Queue);
    }

    /// <summary>
    /// Takes back the transaction that was cut ahead: its envelope was sent, or not even that, and nothing of it was answered. Its recipients are at the head of their queue again.
    /// </summary>
    public void ReturnAhead(SiteSession session)
    {
        var ahead = session.Ahead;
        if (ahead.Entry is not { } entry) return;
        for (var i = 0; i < ahead.Count; i++) Enqueue(session.Queue, entry, ahead[i], front: true);
        ahead.Clear();
        session.Transactions--;
        Consider(session.Queue);
    }

    /// <summary>
    /// Sends a recipient of the session's transaction, at <paramref name="at"/> in its batch, to the next host of its route. Per-mx-host: the queue of its next MX. Else
    /// back to its queue, where the session's next host serves it (see <see cref="TryNextHost"/>). Where no host is left it is exhausted.
    /// </summary>
    public void MoveOn(SiteSession session, int at, HostFault fault, long nowNs)
    {
        Blame(session, fault, nowNs);
        if (Options.Strategy == DeliveryStrategy.PerMxHost) AddToHost(session.Batch.Entry!, session.Batch[at], fault, nowNs);
        else if (HasNextHost(session, nowNs)) Return(session, at, fault);
        else Exhaust(session.Batch.Entry!, session.Batch[at], fault);
    }

    /// <summary>Per-mx-host: queues a recipient at the first host after its present one that is not dead; <paramref name="fault"/> says why it leaves that.</summary>
    private void AddToHost(QueueEntry entry, in QueuedRecipient recipient, HostFault? fault, long nowNs)
    {
        var hosts = recipient.Route.Hosts;
        var tried = fault is not null;
        var at = (int)recipient.Host;
        while ((at = HostAfter(hosts, at, entry)) >= 0)
        {
            if (_memory.IsDead(hosts[at].Name, nowNs, out var dead))
            {
                fault ??= dead;
                continue;
            }

            var site = SiteOf(hosts[at].Name, nowNs);
            site.Host = hosts[at];
            Enqueue(site, entry, recipient with { Host = (short)at }, front: false);
            Consider(site);
            return;
        }

        Exhaust(entry, recipient, fault!, remembered: !tried);
    }

    /// <summary>
    /// The index of the host that follows <paramref name="at"/> (-1: the first) by preference; -1 when there is none. Among equals the order is drawn anew for each
    /// message (RFC 5321 §5.1 wants it random) but is the same for all of its recipients: domains that share hosts then meet at few of them.
    /// </summary>
    private static int HostAfter(IReadOnlyList<MxHost> hosts, int at, QueueEntry entry)
    {
        if (hosts.Count == 1) return at < 0 ? 0 : -1;
        var best = -1;
        (int Preference, ulong Draw) bestRank = default;
        var rank = at < 0 ? default : RankOf(hosts[at], (ulong)entry.Id.Value);
        for (var i = 0; i < hosts.Count; i++)
        {
            var candidate = RankOf(hosts[i], (ulong)entry.Id.Value);
            if ((at >= 0 && candidate.CompareTo(rank) <= 0) || (best >= 0 && candidate.CompareTo(bestRank) >= 0)) continue;
            best = i;
            bestRank = candidate;
        }

        return best;
    }

    private static (int Preference, ulong Draw) RankOf(MxHost host, ulong salt)
    {
        var hash = 14695981039346656037UL ^ (salt * 0x9E3779B97F4A7C15UL);
        foreach (var c in host.Name) hash = (hash ^ c) * 1099511628211UL;
        // SplitMix64's finaliser: names that differ in their last letter alone must not come out in a favoured order.
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9UL;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBUL;
        return (host.Preference, hash ^ (hash >> 31));
    }

    private void Exhaust(QueueEntry entry, in QueuedRecipient recipient, HostFault fault, bool remembered = false) =>
        _exhausted.Enqueue(new ExhaustedRecipient(entry, recipient.Recipient, recipient.QueuedNs, fault, remembered));

    private DestinationQueue SiteOf(string key, long nowNs)
    {
        ref var site = ref CollectionsMarshal.GetValueRefOrAddDefault(_sites, key, out _);
        return site ??= new DestinationQueue(key, ++_siteNumber, Options.SessionsPerSite) { Pace = _steps.WasSlow(key, nowNs) ? SitePace.Slow : SitePace.Unknown };
    }

    /// <summary>Forgets a site that has nothing left.</summary>
    private void Release(DestinationQueue site)
    {
        if (site.Waiting == 0 && site.Sessions == 0 && !site.InRing && !site.InAssignable) _sites.Remove(site.Site);
    }

    private void Enqueue(DestinationQueue site, QueueEntry entry, in QueuedRecipient recipient, bool front)
    {
        var message = site.Newest;
        if (message is null || !ReferenceEquals(message.Entry, entry))
        {
            ref var slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_messages, new MessageAtSite(site.Number, entry.Id.Value), out var known);
            if (!known)
            {
                slot = _spare.TryPop(out var spare) ? spare : new QueuedMessage();
                slot.Entry = entry;
                site.Add(slot, front);
            }

            site.Newest = message = slot!;
        }

        var before = BatchesOf(message.Count);
        message.Append(recipient);
        Waiting++;
        site.Changed(1, BatchesOf(message.Count) - before);
    }

    /// <summary>
    /// Makes a transaction of the session of the first recipients of <paramref name="message"/>; false when the host takes none of them on this session, since it limits
    /// domains.
    /// </summary>
    private bool Cut(SiteSession session, QueuedMessage message, DeliveryBatch batch)
    {
        var site = session.Queue;
        var before = BatchesOf(message.Count);
        var count = Math.Min(message.Count, Math.Min(_batchLimit, session.RecipientLimit));
        batch.Start(message.Entry, count);
        if (session.DomainLimit == int.MaxValue)
            for (var i = 0; i < count; i++) batch.Append(message.TakeFirst());
        else
            count = CutByDomain(session, message, batch, count);
        if (count == 0)
        {
            batch.Clear();
            return false;
        }

        session.Transactions++;
        session.LastEntry = Options.Reuse == SessionReuse.WithinMessage ? message.Entry : null;
        Waiting -= count;
        site.Changed(-count, BatchesOf(message.Count) - before);
        site.Served(message, count);
        if (message.Count > 0)
        {
            site.PutBehind(message);
            return true;
        }

        Unlink(site, message);
        Recycle(message);
        return true;
    }

    /// <summary>Takes those whose domains the session may still have; the others keep their order.</summary>
    private static int CutByDomain(SiteSession session, QueuedMessage message, DeliveryBatch batch, int limit)
    {
        session.Domains ??= new SessionDomains(session.DomainLimit);
        for (var left = message.Count; left > 0; left--)
        {
            var recipient = message.TakeFirst();
            if (batch.Count < limit && session.Domains.TryAdd(message.Entry, recipient.Recipient)) batch.Append(recipient);
            else message.Append(recipient);
        }

        return batch.Count;
    }

    /// <summary>The host, or every host, of the site is dead: what waits moves on or is exhausted.</summary>
    private void Drain(DestinationQueue site, HostFault fault, long nowNs, bool remembered = false)
    {
        while (site.Next is { } message)
        {
            var entry = message.Entry;
            var left = message.Count;
            Waiting -= left;
            site.Changed(-left, -BatchesOf(left));
            Unlink(site, message);
            while (left-- > 0)
            {
                var recipient = message.TakeFirst();
                if (Options.Strategy == DeliveryStrategy.PerMxHost) AddToHost(entry, recipient, fault, nowNs);
                else Exhaust(entry, recipient, fault, remembered);
            }

            Recycle(message);
        }

        Release(site);
    }

    private void Unlink(DestinationQueue site, QueuedMessage message)
    {
        site.Remove(message);
        _messages.Remove(new MessageAtSite(site.Number, message.Entry.Id.Value));
    }

    private void Recycle(QueuedMessage message)
    {
        message.Clear();
        if (_spare.Count < KeptMessages) _spare.Push(message);
    }

    private int BatchesOf(int recipients) => (recipients + _batchLimit - 1) / _batchLimit;

    private readonly record struct MessageAtSite(int Site, long Message);
}
