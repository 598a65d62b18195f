using MailBench.Mta.Delivery;
using MailBench.Mta.Queue;
using MailBench.Mta.Scheduling;

namespace MailBench.Mta;

// How messages come to wait for their time, and go from there to delivery.
internal sealed partial class MessageFlow
{
    /// <summary>No retry is further off (the jitter is an eighth), whatever the clock was when its time was written.</summary>
    private readonly long _longestWaitMs;
    private int _foundRow = -1;

    private void Take(QueueEntry entry, bool ownDsn = false)
    {
        _table.Add(entry, ownDsn);
        var nowUnixMs = _steady.GetUtcNow().ToUnixTimeMilliseconds();
        for (var i = 0; i < entry.Recipients.Length; i++)
        {
            var recipient = entry.Recipients[i];
            if (recipient.State != RecipientState.Waiting) continue;
            _due.Add(new DueRecipient(entry.Row, i, DueNs(recipient.NextAttemptUnixMs, nowUnixMs), SiteOf(entry, i), recipient.NextAttemptUnixMs == 0));
        }

        // Delivery has its hands full: it is read again when its turn comes.
        if (_due.IsFull) _table.Rest(entry.Row);
    }

    private void TakeFound(in RecoveredRecipient found)
    {
        _foundRow = _table.Add(found, _foundRow);
        var dueNs = DueNs(found.NextAttemptUnixMs, _steady.GetUtcNow().ToUnixTimeMilliseconds());
        _due.Add(new DueRecipient(_foundRow, found.Recipient, dueNs, found.Domain, found.NextAttemptUnixMs == 0));
    }

    /// <summary>Delivery's hands are shared out by domain: all that is known of a recipient whose message rests.</summary>
    private static uint SiteOf(QueueEntry entry, int recipient) => DomainKey.Of(entry.Recipients[recipient].Address);

    private static SiteAnswer AnswerOf(in DeliveryOutcome outcome) =>
        outcome.Unreachable ? SiteAnswer.Unreachable : outcome.Kind == OutcomeKind.Deferred && outcome.Reply is null ? SiteAnswer.None : SiteAnswer.Answered;

    private long DueNs(long nextAttemptUnixMs, long nowUnixMs) => _loop.TurnNs + (Math.Clamp(nextAttemptUnixMs - nowUnixMs, 0, _longestWaitMs) * 1_000_000);

    private void HandOn(int row, DueRecipient[] recipients, int count)
    {
        if (TryWake(row, count, inHand: count) is { } entry)
        {
            Span<int> indices = count <= 128 ? stackalloc int[count] : new int[count];
            for (var i = 0; i < count; i++) indices[i] = recipients[i].Recipient;
            _delivery.Add(entry, indices);
            return;
        }

        for (var i = 0; i < count; i++) _due.Leave(recipients[i].Site, SiteAnswer.None);
    }

    /// <summary>Null when the queue cannot give the message back: these recipients are waited for no longer.</summary>
    private QueueEntry? TryWake(int row, int recipients, int inHand)
    {
        try
        {
            return _table.Wake(row, inHand);
        }
        catch (IOException unreadable)
        {
            _complain($"message {_table.IdOf(row)} is lost, {recipients} of its recipients with it: {unreadable.Message}");
            _table.Lose(row, recipients);
            return null;
        }
    }
}
