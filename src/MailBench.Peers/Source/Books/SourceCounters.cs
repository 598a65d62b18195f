using MailBench.Model.Nodes;

namespace MailBench.Peers.Source.Books;

/// <summary>
/// Cumulative counts of a source since its start. Written on the loop only; each may be read from any thread (they are aligned 64-bit fields, so a reading may be a little
/// old, never torn).
/// </summary>
internal sealed class SourceCounters
{
    public long Offered;
    public long Accepted;
    public long AcceptedRecipients;
    public long Refused;
    public long RefusedRecipients;
    public long Failed;
    public long Uncertain;

    /// <summary>Arrivals that found no free session.</summary>
    public long Waiting;

    /// <summary>Arrivals that left more than <see cref="SourceBooks.LateNs"/> after their intended start by this process's own fault.</summary>
    public long Late;
    public long ContentOctets;
    public long DotsStuffed;
    public long MailCommandOctets;
    public long RcptCommandOctets;
    public long OctetsIn;
    public long OctetsOut;
    public long Sessions;

    /// <summary>Offered messages that have an end.</summary>
    public long Ended => Accepted + Refused + Failed + Uncertain;

    public SourceCounters Copy() => (SourceCounters)MemberwiseClone();

    public Dictionary<string, double> ToSnapshot() => new()
    {
        [CounterNames.Offered] = Volatile.Read(ref Offered),
        [CounterNames.Accepted] = Volatile.Read(ref Accepted),
        [CounterNames.AcceptedRecipients] = Volatile.Read(ref AcceptedRecipients),
        [CounterNames.Refused] = Volatile.Read(ref Refused),
        [CounterNames.Failed] = Volatile.Read(ref Failed),
        [CounterNames.Waiting] = Volatile.Read(ref Waiting),
        [CounterNames.Late] = Volatile.Read(ref Late),
        [CounterNames.ContentOctets] = Volatile.Read(ref ContentOctets),
        [CounterNames.DotsStuffed] = Volatile.Read(ref DotsStuffed),
        [CounterNames.MailCommandOctets] = Volatile.Read(ref MailCommandOctets),
        [CounterNames.RcptCommandOctets] = Volatile.Read(ref RcptCommandOctets),
        [CounterNames.OctetsIn] = Volatile.Read(ref OctetsIn),
        [CounterNames.OctetsOut] = Volatile.Read(ref OctetsOut),
        [CounterNames.Sessions] = Volatile.Read(ref Sessions),
    };
}
