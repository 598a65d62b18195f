namespace MailBench.Mta.Delivery;

/// <summary>Cumulative counts of delivery, written on the loop and readable from any thread (each value is whole; together they are a snapshot of sorts).</summary>
public sealed class DeliveryCounters
{
    private readonly TimeSum _open = new(), _idle = new();
    private long _sessionsOut, _transactionsOut, _roundTripsOut, _octetsIn, _octetsOut, _uncertain, _conversions;

    /// <summary>Connections that stood (a refused dial is none).</summary>
    public long SessionsOut => Volatile.Read(ref _sessionsOut);
    public long SessionsOutOpen => _open.Now;

    /// <summary>Transactions begun (MAIL sent).</summary>
    public long TransactionsOut => Volatile.Read(ref _transactionsOut);

    /// <summary>Waits for a reply: one for connect and greeting together, one per unpipelined command, one per pipelined group.</summary>
    public long RoundTripsOut => Volatile.Read(ref _roundTripsOut);

    /// <summary>Payload octets of ended sessions.</summary>
    public long OctetsIn => Volatile.Read(ref _octetsIn);
    public long OctetsOut => Volatile.Read(ref _octetsOut);

    /// <summary>Recipients whose final reply was lost.</summary>
    public long Uncertain => Volatile.Read(ref _uncertain);

    /// <summary>Transactions whose content was converted for a host without 8BITMIME.</summary>
    public long Conversions => Volatile.Read(ref _conversions);

    /// <summary>Sum over sessions of their time open, those open now included up to <paramref name="nowNs"/>. A read during a change errs by that change's turn at most.</summary>
    public long SessionOutNs(long nowNs) => _open.SumNs(nowNs);

    /// <summary>The same without the time in which a session stood idle for its next transaction.</summary>
    public long SessionOutBusyNs(long nowNs) => _open.SumNs(nowNs) - _idle.SumNs(nowNs);

    internal void Opened(long nowNs)
    {
        _open.Change(nowNs, 1);
        Volatile.Write(ref _sessionsOut, _sessionsOut + 1);
    }

    internal void Closed(long nowNs, long octetsIn, long octetsOut)
    {
        _open.Change(nowNs, -1);
        Volatile.Write(ref _octetsIn, _octetsIn + octetsIn);
        Volatile.Write(ref _octetsOut, _octetsOut + octetsOut);
    }

    internal void Idle(long nowNs, int sessions) => _idle.Change(nowNs, sessions);

    internal void Transaction() => Volatile.Write(ref _transactionsOut, _transactionsOut + 1);

    internal void RoundTrip() => Volatile.Write(ref _roundTripsOut, _roundTripsOut + 1);

    internal void Conversion() => Volatile.Write(ref _conversions, _conversions + 1);

    internal void LostFinalReply(int recipients) => Volatile.Write(ref _uncertain, _uncertain + recipients);
}

/// <summary>How long things have been in a state, summed over them: written on the loop, read from anywhere.</summary>
internal sealed class TimeSum
{
    private long _now, _sumNs, _atNs;

    /// <summary>How many are in the state.</summary>
    public long Now => Volatile.Read(ref _now);

    public long SumNs(long nowNs) => Volatile.Read(ref _sumNs) + (Now * Math.Max(0, nowNs - Volatile.Read(ref _atNs)));

    public void Change(long nowNs, int by)
    {
        Volatile.Write(ref _sumNs, _sumNs + (_now * (nowNs - _atNs)));
        Volatile.Write(ref _atNs, nowNs);
        Volatile.Write(ref _now, _now + by);
    }
}
