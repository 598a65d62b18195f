using MailBench.Mta.Queue;

namespace MailBench.Mta;

/// <summary>
/// The messages that have a waiting recipient, and the one place that changes a recipient's state: memory, queue record and counts together. A message of which nothing is in hand rests: of it there
/// is only a row here, and its entry is read from the queue again when one of its recipients is due. On the MTA's loop only.
/// </summary>
internal sealed class MessageTable(MessageQueue queue, FlowCounters counters)
{
    /// <summary>Characters kept of a reason: it stays in memory with its recipient for days, and its words are a stranger's.</summary>
    private const int MaxReasonLength = 500;

    private readonly Slab<Row> _rows = new();

    /// <summary>Messages that are here as a row only.</summary>
    public int Resting { get; private set; }

    /// <summary>Each message with a waiting recipient, a resting one read for the moment. One that cannot be read is left out.</summary>
    public IEnumerable<QueueEntry> Entries
    {
        get
        {
            for (var row = 0; row < _rows.End; row++)
                if (_rows[row].Waiting > 0 && Peek(row) is { } entry)
                    yield return entry;
        }
    }

    /// <summary>Takes a message that has just been queued.</summary>
    /// <param name="ownDsn">Queued by this MTA itself: its recipient counts as queued, but is nobody's delivery.</param>
    public void Add(QueueEntry entry, bool ownDsn)
    {
        entry.Row = Add(entry.Id, ownDsn);
        ref var row = ref _rows[entry.Row];
        row.Entry = entry;
        foreach (var recipient in entry.Recipients)
        {
            if (recipient.State != RecipientState.Waiting) continue;
            row.Waiting++;
            if (recipient.NextAttemptUnixMs > 0) row.Deferred++;
        }

        counters.Queued += row.Waiting;
        counters.Deferred += row.Deferred;
    }

    /// <summary>Takes a recipient that was found at start; those of a message one after another. Returns the message's row.</summary>
    public int Add(in RecoveredRecipient found, int previousRow)
    {
        var row = previousRow;
        if (row < 0 || _rows[row].Id != found.Id)
        {
            // A null reverse-path that was left is held for a DSN of ours: the file does not say, and it is the usual case.
            row = Add(found.Id, ownDsn: found.NullReversePath);
            _rows[row].Entry = found.Entry;
            _rows[row].Place = found.Place;
            if (found.Entry is { } entry) entry.Row = row;
            else Resting++;
        }

        _rows[row].Waiting++;
        counters.Queued++;
        if (found.NextAttemptUnixMs > 0)
        {
            _rows[row].Deferred++;
            counters.Deferred++;
        }

        return row;
    }

    public QueueId IdOf(int row) => _rows[row].Id;

    /// <summary>The message of a row, and so many of its recipients in hand. Throws <see cref="IOException"/> when it rests and cannot be read.</summary>
    public QueueEntry Wake(int row, int recipients)
    {
        ref var waking = ref _rows[row];
        if (waking.Entry is null)
        {
            waking.Entry = queue.Load(waking.Place);
            waking.Entry.Row = row;
            Resting--;
        }

        waking.InHand += recipients;
        return waking.Entry;
    }

    /// <summary>So many recipients are in hand no longer; a message of which none is, rests. Nothing when it is finished.</summary>
    public void PutDown(QueueEntry entry, int recipients)
    {
        ref var row = ref _rows[entry.Row];
        if (row.Entry != entry) return;
        row.InHand -= recipients;
        if (row.InHand > 0 || row.Failing > 0 || !queue.TryRest(entry, out row.Place)) return;
        entry.EndKeeping();
        row.Entry = null;
        Resting++;
    }

    /// <summary>A message whose recipients have to wait: unless one is in hand, it rests.</summary>
    public void Rest(int row)
    {
        if (_rows[row].Entry is { } entry) PutDown(entry, 0);
    }

    /// <summary>The queue cannot give a resting message back: so many of its recipients are waited for no longer. What is on disk stays as it is.</summary>
    public void Lose(int row, int recipients)
    {
        ref var losing = ref _rows[row];
        var deferred = Math.Min(losing.Deferred, recipients);
        losing.Deferred -= deferred;
        counters.Deferred -= deferred;
        counters.Queued -= recipients;
        if (losing.OwnDsn) counters.DsnsQueued -= recipients;
        losing.Waiting -= recipients;
        if (losing.Waiting > 0) return;
        Resting--;
        _rows.Remove(row);
    }

    /// <summary>An attempt did not settle the recipient: it waits for another.</summary>
    public void Defer(QueueEntry entry, int index, string reason, long nextAttemptUnixMs)
    {
        var recipient = Attempted(entry, index, reason);
        if (recipient.NextAttemptUnixMs == 0)
        {
            _rows[entry.Row].Deferred++;
            counters.Deferred++;
        }

        recipient.NextAttemptUnixMs = nextAttemptUnixMs;
        entry.EndKeeping();
        queue.Record(entry, index);
    }

    /// <summary>
    /// The recipient is given up; its state stays Waiting, and the record unwritten, until <see cref="Settle"/>, when its DSN is safe. True when this message waits for DSNs only.
    /// </summary>
    public bool Fail(QueueEntry entry, int index, string reason)
    {
        EndDeferral(entry, Attempted(entry, index, reason));
        ref var row = ref _rows[entry.Row];
        return ++row.Failing == row.Waiting;
    }

    public void Deliver(QueueEntry entry, int index)
    {
        EndDeferral(entry, Attempted(entry, index, reason: null));
        Settle(entry, index, RecipientState.Delivered);
    }

    /// <summary>A waiting recipient is due now.</summary>
    public void Hasten(QueueEntry entry, int index)
    {
        EndDeferral(entry, entry.Recipients[index]);
        queue.Record(entry, index);
    }

    /// <summary>A waiting recipient is dropped.</summary>
    public void Discard(QueueEntry entry, int index, string reason)
    {
        EndDeferral(entry, entry.Recipients[index]);
        entry.Recipients[index].Reason = reason;
        Settle(entry, index, RecipientState.Discarded);
    }

    /// <summary>The recipient's last state.</summary>
    public void Settle(QueueEntry entry, int index, RecipientState state)
    {
        ref var row = ref _rows[entry.Row];
        entry.Recipients[index].State = state;
        queue.Record(entry, index);
        counters.Queued--;
        if (row.OwnDsn) counters.DsnsQueued--;
        else if (state == RecipientState.Delivered) counters.Delivered++;
        else if (state == RecipientState.Failed) counters.Failed++;
        else if (state == RecipientState.Discarded) counters.Discarded++;
        if (state == RecipientState.Failed) row.Failing--;
        if (--row.Waiting > 0)
        {
            if (row.InHand == 0) PutDown(entry, 0);
            return;
        }

        _rows.Remove(entry.Row);
        entry.EndKeeping();
    }

    private int Add(QueueId id, bool ownDsn)
    {
        var row = _rows.Add();
        _rows[row].Id = id;
        _rows[row].OwnDsn = ownDsn;
        if (ownDsn) counters.DsnsQueued++;
        return row;
    }

    private QueueEntry? Peek(int row)
    {
        try
        {
            return _rows[row].Entry ?? queue.Load(_rows[row].Place);
        }
        catch (IOException)
        {
            // Who needs the message meets the failure, and tells it.
            return null;
        }
    }

    private static RecipientEntry Attempted(QueueEntry entry, int index, string? reason)
    {
        var recipient = entry.Recipients[index];
        recipient.Attempts++;
        recipient.Reason = reason?.Length > MaxReasonLength ? reason[..MaxReasonLength] : reason;
        return recipient;
    }

    private void EndDeferral(QueueEntry entry, RecipientEntry recipient)
    {
        if (recipient.NextAttemptUnixMs == 0) return;
        recipient.NextAttemptUnixMs = 0;
        _rows[entry.Row].Deferred--;
        counters.Deferred--;
    }

    private struct Row
    {
        /// <summary>Null while the message rests.</summary>
        public QueueEntry? Entry;
        public QueueId Id;

        /// <summary>The queue's number for a resting message.</summary>
        public int Place;

        /// <summary>Recipients that wait; of these those for a retry, those whose DSN is under way, and those that delivery has in hand.</summary>
        public int Waiting, Deferred, Failing, InHand;
        public bool OwnDsn;
    }
}
