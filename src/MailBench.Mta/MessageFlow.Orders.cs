using MailBench.Mta.Orders;
using MailBench.Mta.Queue;
using MailBench.Mta.Scheduling;

namespace MailBench.Mta;

// What operators order of waiting recipients, on a live queue.
internal sealed partial class MessageFlow
{
    /// <summary>Told of each recipient that was removed.</summary>
    public Action<QueueEntry, int>? Removed { get; set; }

    /// <summary>Carries out an order on those that wait for their time; what delivery or a DSN has in hand is left. On the loop.</summary>
    public OrderResult Apply(QueueOrder order, IReadOnlySet<RecipientKey> recipients)
    {
        var waiting = new List<DueRecipient>();
        _due.Withdraw((entry, recipient) => recipients.Contains(new RecipientKey(entry.Id, recipient)), waiting);
        foreach (var (entry, recipient, _) in waiting)
        {
            if (order == QueueOrder.Flush)
            {
                _table.Hasten(entry, recipient);
                _due.Add(entry, recipient, _loop.TurnNs);
                continue;
            }

            _table.Discard(entry, recipient, QueueOrders.RemovedReason);
            Removed?.Invoke(entry, recipient);
        }

        return new OrderResult(waiting.Count, recipients.Count - waiting.Count);
    }
}
