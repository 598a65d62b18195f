using MailBench.Mta.Queue;

namespace MailBench.Mta;

// How messages come to wait for their time, and go from there to delivery.
internal sealed partial class MessageFlow
{
    private int _foundRow = -1;

    private void Take(QueueEntry entry, bool ownDsn = false)
    {
        _table.Add(entry, ownDsn);
        var nowUnixMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
        for (var i = 0; i < entry.Recipients.Length; i++)
        {
            var recipient = entry.Recipients[i];
            if (recipient.State != RecipientState.Waiting) continue;
            _due.Add(entry.Row, i, DueNs(recipient.NextAttemptUnixMs, nowUnixMs));
        }

        // Delivery has its hands full: it is read again when its turn comes.
        if (_due.IsFull) _table.PutDown(entry, 0);
    }

    private void TakeFound(in RecoveredRecipient found)
    {
        _foundRow = _table.Add(found, _foundRow);
        _due.Add(_foundRow, found.Recipient, DueNs(found.NextAttemptUnixMs, _time.GetUtcNow().ToUnixTimeMilliseconds()));
    }

    private long DueNs(long nextAttemptUnixMs, long nowUnixMs) => _loop.TurnNs + (Math.Max(0, nextAttemptUnixMs - nowUnixMs) * 1_000_000);

    private void HandOn(int row, int[] recipients, int count)
    {
        try
        {
            _delivery.Add(_table.Wake(row, count), recipients.AsSpan(0, count));
        }
        catch (IOException unreadable)
        {
            _complain($"message {_table.IdOf(row)} is lost, {count} of its recipients with it: {unreadable.Message}");
            _table.Lose(row, count);
        }
    }
}
