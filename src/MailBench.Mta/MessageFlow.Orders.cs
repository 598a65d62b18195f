using MailBench.Model.Units;
using MailBench.Mta.Orders;
using MailBench.Mta.Queue;
using MailBench.Mta.Scheduling;

namespace MailBench.Mta;

// What operators order of waiting recipients, on a live queue.
internal sealed partial class MessageFlow
{
    /// <summary>Told of each recipient that was removed.</summary>
    public Action<QueueEntry, int>? Removed { get; set; }

    /// <summary>Begins an order on those that wait for their time; what delivery or a DSN has in hand is left. Its <see cref="LiveOrder.Step"/> is called, turn by turn, on the loop.</summary>
    public LiveOrder Begin(QueueOrder order, IReadOnlySet<RecipientKey> recipients) => new(this, order, recipients);

    /// <summary>An order under way. However many recipients it names, a step takes some milliseconds, so that sessions and deliveries go on beside it.</summary>
    internal sealed class LiveOrder(MessageFlow flow, QueueOrder order, IReadOnlySet<RecipientKey> recipients)
    {
        private const long StepNs = 5_000_000;
        private const int RecipientsPerLook = 16;

        private readonly List<DueRecipient> _waiting = [];
        private int _slice;
        private int _at;
        private int _done;

        public OrderResult Result => new(_done, recipients.Count - _done);

        /// <summary>True when all is done.</summary>
        public bool Step()
        {
            var untilNs = MonotonicClock.NowNs + StepNs;
            // All are taken out before the first is added again, from when on slices may be added too: none is met twice.
            for (; _at == 0 && _slice < flow._due.Slices; _slice++)
            {
                if (MonotonicClock.NowNs >= untilNs) return false;
                flow._due.Withdraw(_slice, IsMeant, _waiting);
            }

            while (_at < _waiting.Count)
            {
                if (_at % RecipientsPerLook == 0 && MonotonicClock.NowNs >= untilNs) return false;
                if (TryApply(_waiting[_at++])) _done++;
            }

            return true;
        }

        private bool IsMeant(int row, int recipient) => recipients.Contains(new RecipientKey(flow._table.IdOf(row), recipient));

        private bool TryApply(in DueRecipient waiting)
        {
            if (flow.TryWake(waiting.Message, recipients: 1, inHand: 0) is not { } entry) return false;
            if (order == QueueOrder.Flush)
            {
                flow._table.Hasten(entry, waiting.Recipient);
                // As one that was never tried: whatever is known of its site, it has its attempt.
                flow._due.Add(new DueRecipient(waiting.Message, waiting.Recipient, flow._loop.TurnNs, SiteOf(entry, waiting.Recipient), untried: true));
            }
            else
            {
                flow._table.Discard(entry, waiting.Recipient, QueueOrders.RemovedReason);
                flow.Removed?.Invoke(entry, waiting.Recipient);
            }

            flow._table.PutDown(entry, 0);
            return true;
        }
    }
}
