using System.Text.Json.Nodes;
using MailBench.Model.Nodes;

namespace MailBench.Peers.Mailbox;

/// <summary>What a mailbox server counts since its start. Written on its loop only, each readable from any thread (aligned 64-bit fields).</summary>
internal sealed class MailboxTally
{
    public long Sessions;

    /// <summary>Sessions that became TLS.</summary>
    public long TlsSessions;
    public long Logins;
    public long LoginsRefused;
    public long Retrieved;
    public long Deleted;

    /// <summary>Messages and recipients that got a 250, and recipients that did not.</summary>
    public long Messages;
    public long Delivered;
    public long Refused;

    /// <summary>Octets of messages stored, once per mailbox.</summary>
    public long StoredOctets;
    public long OctetsIn;
    public long OctetsOut;

    public JsonObject Counts(long syncs)
    {
        var counts = new JsonObject();
        foreach (var (name, value) in Counters(syncs, 0))
            if (name != CounterNames.SyncBusyNs) counts[name] = (long)value;
        return counts;
    }

    /// <param name="syncs">Syncs of the store.</param>
    /// <param name="syncBusyNs">Time in syncs per disk thread: what of the threads' time syncs take.</param>
    public Dictionary<string, double> Counters(long syncs, double syncBusyNs) => new()
    {
        [CounterNames.Sessions] = Volatile.Read(ref Sessions),
        [CounterNames.TlsSessions] = Volatile.Read(ref TlsSessions),
        [CounterNames.Logins] = Volatile.Read(ref Logins),
        [CounterNames.LoginsRefused] = Volatile.Read(ref LoginsRefused),
        [CounterNames.Retrieved] = Volatile.Read(ref Retrieved),
        [CounterNames.Deleted] = Volatile.Read(ref Deleted),
        [CounterNames.Messages] = Volatile.Read(ref Messages),
        [CounterNames.Delivered] = Volatile.Read(ref Delivered),
        [CounterNames.Refused] = Volatile.Read(ref Refused),
        [CounterNames.StoredOctets] = Volatile.Read(ref StoredOctets),
        [CounterNames.OctetsIn] = Volatile.Read(ref OctetsIn),
        [CounterNames.OctetsOut] = Volatile.Read(ref OctetsOut),
        [CounterNames.Syncs] = syncs,
        [CounterNames.SyncBusyNs] = syncBusyNs,
    };
}
