namespace MailBench.Mta.Delivery;

/// <summary>Cumulative counts of delivery, written on the loop and readable from any thread (each value is whole; together they are a snapshot of sorts).</summary>
public sealed class DeliveryCounters
{
    private long _sessionsOut, _sessionsOutOpen, _openSumNs, _openSumAtNs, _transactionsOut, _roundTripsOut, _octetsIn, _octetsOut, _uncertain;

    /// <summary>Connections that stood (a refused dial is none).</summary>
    public long SessionsOut => Volatile.Read(ref _sessionsOut);
    public long SessionsOutOpen => Volatile.Read(ref _sessionsOutOpen);

    /// <summary>Transactions begun (MAIL sent).</summary>
    public long TransactionsOut => Volatile.Read(ref _transactionsOut);

    /// <summary>Waits for a reply: one for connect and greeting together, one per unpipelined command, one per pipelined group.</summary>
    public long RoundTripsOut => Volatile.Read(ref _roundTripsOut);

    /// <summary>Payload octets of ended sessions.</summary>
    public long OctetsIn => Volatile.Read(ref _octetsIn);
    public long OctetsOut => Volatile.Read(ref _octetsOut);

    /// <summary>Recipients whose final reply was lost.</summary>
    public long Uncertain => Volatile.Read(ref _uncertain);

    /// <summary>Sum over sessions of their time open, those open now included up to <paramref name="nowNs"/>. A read during a change errs by that change's turn at most.</summary>
    public long SessionOutNs(long nowNs) =>
        Volatile.Read(ref _openSumNs) + (Volatile.Read(ref _sessionsOutOpen) * Math.Max(0, nowNs - Volatile.Read(ref _openSumAtNs)));

    internal void Opened(long nowNs)
    {
        Change(nowNs, 1);
        Volatile.Write(ref _sessionsOut, _sessionsOut + 1);
    }

    internal void Closed(long nowNs, long octetsIn, long octetsOut)
    {
        Change(nowNs, -1);
        Volatile.Write(ref _octetsIn, _octetsIn + octetsIn);
        Volatile.Write(ref _octetsOut, _octetsOut + octetsOut);
    }

    private void Change(long nowNs, int sessions)
    {
        Volatile.Write(ref _openSumNs, _openSumNs + (_sessionsOutOpen * (nowNs - _openSumAtNs)));
        Volatile.Write(ref _openSumAtNs, nowNs);
        Volatile.Write(ref _sessionsOutOpen, _sessionsOutOpen + sessions);
    }

    internal void Transaction() => Volatile.Write(ref _transactionsOut, _transactionsOut + 1);

    internal void RoundTrip() => Volatile.Write(ref _roundTripsOut, _roundTripsOut + 1);

    internal void LostFinalReply(int recipients) => Volatile.Write(ref _uncertain, _uncertain + recipients);
}
