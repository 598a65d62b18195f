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
        _due.Withdraw((row, recipient) => recipients.Contains(new RecipientKey(_table.IdOf(row), recipient)), waiting);
        foreach (var (row, recipient, _) in waiting)
        {
            var entry = _table.Wake(row, 0);
            if (order == QueueOrder.Flush)
            {
                _table.Hasten(entry, recipient);
                _due.Add(row, recipient, _loop.TurnNs);
                _table.PutDown(entry, 0);
                continue;
            }

            _table.Discard(entry, recipient, QueueOrders.RemovedReason);
            Removed?.Invoke(entry, recipient);
            _table.PutDown(entry, 0);
        }

        return new OrderResult(waiting.Count, recipients.Count - waiting.Count);
    }
}
