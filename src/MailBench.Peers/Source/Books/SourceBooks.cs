using MailBench.Model.Events;
using MailBench.Peers.Load;
using MailBench.Peers.Source.Arrivals;
using MailBench.Peers.Source.Workload;

namespace MailBench.Peers.Source.Books;

/// <summary>
/// What the source writes down of one trial: counters, histograms and, when the trial keeps events, a record each. On the loop only. The fates of offered messages are
/// disjoint: offered = accepted + refused + failed + uncertain, once the load has drained.
/// </summary>
/// <remarks>
/// A recipient refused by RCPT has a Refused event of its own; a message refused as a whole (MAIL, DATA, end of data, or no recipient left) has one with
/// recipient -1 besides, which covers the recipients that had none.
/// </remarks>
internal sealed class SourceBooks(SourceCounters counters, EventWriter? events) : IDisposable
{
    private readonly LatenessLog _lateness = new();
    private EventWriter? _events = events;

    public SourceCounters Counters { get; } = counters;
    public LatencyHistogram Response { get; } = new();
    public LatencyHistogram Lateness => _lateness.Histogram;

    /// <summary>By <see cref="DialoguePhase"/>; null: the phase has not occurred.</summary>
    public LatencyHistogram?[] Service { get; } = new LatencyHistogram?[Enum.GetValues<DialoguePhase>().Length];

    /// <summary>The last final reply that was read (CLOCK_MONOTONIC ns), 0: none.</summary>
    public long LastEndNs { get; private set; }

    /// <summary>An arrival; one that a schedule asked for can be late.</summary>
    public void Offered(Arrival arrival, bool scheduled)
    {
        Counters.Offered++;
        if (scheduled) _lateness.Offered(arrival.Sequence, 0, arrival.IntendedNs);
        else _events?.Write(new EventRecord(EventKind.Offered, arrival.Sequence, 0, arrival.IntendedNs, 0, 0));
    }

    public void TurnEnding(long nowNs) => Counters.Late += _lateness.TurnEnding(nowNs, _events);

    public void Queued() => Counters.Waiting++;

    public void Started(Arrival arrival, long nowNs, int recipients)
    {
        var waitingNs = arrival.QueuedNs == 0 ? 0 : nowNs - arrival.QueuedNs;
        _events?.Write(new EventRecord(EventKind.Started, arrival.Sequence, recipients, nowNs, waitingNs, 0));
    }

    public void Accepted(Arrival arrival, long nowNs, int recipients, WireMessage message, int code)
    {
        Counters.Accepted++;
        Counters.AcceptedRecipients += recipients;
        Counters.ContentOctets += message.ContentOctets;
        Counters.DotsStuffed += message.DotsStuffed;
        LastEndNs = nowNs;
        Response.Record(nowNs - arrival.IntendedNs);
        _events?.Write(new EventRecord(EventKind.Accepted, arrival.Sequence, recipients, nowNs, arrival.IntendedNs, (short)code));
    }

    public void RecipientRefused(Arrival arrival, long nowNs, int bookedIndex, int code)
    {
        Counters.RefusedRecipients++;
        _events?.Write(new EventRecord(EventKind.Refused, arrival.Sequence, bookedIndex, nowNs, 0, (short)code));
    }

    public void Refused(Arrival arrival, long nowNs, int code)
    {
        Counters.Refused++;
        LastEndNs = nowNs;
        _events?.Write(new EventRecord(EventKind.Refused, arrival.Sequence, -1, nowNs, 0, (short)code));
    }

    public void Failed(Arrival arrival, long nowNs, int code)
    {
        Counters.Failed++;
        _events?.Write(new EventRecord(EventKind.Failed, arrival.Sequence, -1, nowNs, 0, (short)code));
    }

    public void Uncertain(Arrival arrival, long nowNs)
    {
        Counters.Uncertain++;
        _events?.Write(new EventRecord(EventKind.Uncertain, arrival.Sequence, -1, nowNs, 0, 0));
    }

    /// <summary>A phase of the dialogue ended; <paramref name="sequence"/> is the message it served or (QUIT) the last one of its session.</summary>
    public void Phase(DialoguePhase phase, long sequence, long startNs, long endNs)
    {
        (Service[(int)phase] ??= new LatencyHistogram()).Record(endNs - startNs);
        _events?.Write(new EventRecord(EventKind.Phase, sequence, (int)phase, endNs, endNs - startNs, 0));
    }

    /// <summary>Flushes and closes the event file; counting goes on without it.</summary>
    public void Dispose()
    {
        _events?.Dispose();
        _events = null;
    }
}
