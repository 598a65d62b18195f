using MailBench.Mta.Queue;

namespace MailBench.Mta;

/// <summary>
/// The messages that have a waiting recipient, and the one place that changes a recipient's state: memory, queue record and counts together. On the MTA's loop only.
/// </summary>
internal sealed class MessageTable(MessageQueue queue, FlowCounters counters)
{
    /// <summary>Characters kept of a reason: it stays in memory with its recipient for days, and its words are a stranger's.</summary>
    private const int MaxReasonLength = 500;

    private readonly Dictionary<QueueId, Row> _rows = [];

    public IEnumerable<QueueEntry> Entries => _rows.Values.Select(row => row.Entry);

    /// <param name="ownDsn">Queued by this MTA itself: its recipient counts as queued, but is nobody's delivery.</param>
    public void Add(QueueEntry entry, bool ownDsn)
    {
        var row = new Row(entry, ownDsn);
        foreach (var recipient in entry.Recipients)
        {
            if (recipient.State != RecipientState.Waiting) continue;
            row.Waiting++;
            if (recipient.NextAttemptUnixMs > 0) counters.Deferred++;
        }

        if (row.Waiting == 0) return;
        _rows.Add(entry.Id, row);
        counters.Queued += row.Waiting;
        if (ownDsn) counters.DsnsQueued++;
    }

    /// <summary>An attempt did not settle the recipient: it waits for another.</summary>
    public void Defer(QueueEntry entry, int index, string reason, long nextAttemptUnixMs)
    {
        var recipient = Attempted(entry, index, reason);
        if (recipient.NextAttemptUnixMs == 0) counters.Deferred++;
        recipient.NextAttemptUnixMs = nextAttemptUnixMs;
        entry.EndKeeping();
        queue.Record(entry, index);
    }

    /// <summary>
    /// The recipient is given up; its state stays Waiting, and the record unwritten, until <see cref="Settle"/>, when its DSN is safe. True when this message waits for DSNs only.
    /// </summary>
    public bool Fail(QueueEntry entry, int index, string reason)
    {
        EndDeferral(Attempted(entry, index, reason));
        var row = _rows[entry.Id];
        return ++row.Failing == row.Waiting;
    }

    public void Deliver(QueueEntry entry, int index)
    {
        EndDeferral(Attempted(entry, index, reason: null));
        Settle(entry, index, RecipientState.Delivered);
    }

    /// <summary>A waiting recipient is due now.</summary>
    public void Hasten(QueueEntry entry, int index)
    {
        EndDeferral(entry.Recipients[index]);
        queue.Record(entry, index);
    }

    /// <summary>A waiting recipient is dropped.</summary>
    public void Discard(QueueEntry entry, int index, string reason)
    {
        EndDeferral(entry.Recipients[index]);
        entry.Recipients[index].Reason = reason;
        Settle(entry, index, RecipientState.Discarded);
    }

    /// <summary>The recipient's last state.</summary>
    public void Settle(QueueEntry entry, int index, RecipientState state)
    {
        var row = _rows[entry.Id];
        entry.Recipients[index].State = state;
        queue.Record(entry, index);
        counters.Queued--;
        if (row.OwnDsn) counters.DsnsQueued--;
        else if (state == RecipientState.Delivered) counters.Delivered++;
        else if (state == RecipientState.Failed) counters.Failed++;
        else if (state == RecipientState.Discarded) counters.Discarded++;
        if (state == RecipientState.Failed) row.Failing--;
        if (--row.Waiting > 0) return;
        _rows.Remove(entry.Id);
        entry.EndKeeping();
    }

    private static RecipientEntry Attempted(QueueEntry entry, int index, string? reason)
    {
        var recipient = entry.Recipients[index];
        recipient.Attempts++;
        recipient.Reason = reason?.Length > MaxReasonLength ? reason[..MaxReasonLength] : reason;
        return recipient;
    }

    private void EndDeferral(RecipientEntry recipient)
    {
        if (recipient.NextAttemptUnixMs > 0) counters.Deferred--;
        recipient.NextAttemptUnixMs = 0;
    }

    private sealed class Row(QueueEntry entry, bool ownDsn)
    {
        public QueueEntry Entry { get; } = entry;
        public bool OwnDsn { get; } = ownDsn;
        public int Waiting { get; set; }
        public int Failing { get; set; }
    }
}
