using MailBench.Model.Events;

namespace MailBench.Peers.Load;

/// <summary>
/// How late arrivals leave by this process's own fault. Taken when the turn ends: until then an arrival's octets wait for the flush, so the time that other work of the turn took
/// belongs to it.
/// </summary>
internal sealed class LatenessLog
{
    /// <summary>An arrival later than this counts as late.</summary>
    private const long LateNs = 1_000_000;

    private readonly List<(long Sequence, int Recipient, long IntendedNs)> _thisTurn = [];

    public LatencyHistogram Histogram { get; } = new();

    public void Offered(long sequence, int recipient, long intendedNs) => _thisTurn.Add((sequence, recipient, intendedNs));

    /// <summary>Writes an Offered event for each arrival of the turn; returns how many were late.</summary>
    public int TurnEnding(long nowNs, EventWriter? events)
    {
        if (_thisTurn.Count == 0) return 0;
        var late = 0;
        foreach (var (sequence, recipient, intendedNs) in _thisTurn)
        {
            var latenessNs = Math.Max(0, nowNs - intendedNs);
            Histogram.Record(latenessNs);
            if (latenessNs > LateNs) late++;
            events?.Write(new EventRecord(EventKind.Offered, sequence, recipient, intendedNs, latenessNs, 0));
        }

        _thisTurn.Clear();
        return late;
    }
}
