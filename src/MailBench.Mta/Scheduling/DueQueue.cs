using MailBench.Mta.Queue;

namespace MailBench.Mta.Scheduling;

/// <summary>A recipient that waits for its next attempt.</summary>
public readonly record struct DueRecipient(QueueEntry Entry, int Recipient, long DueNs);

/// <summary>
/// Recipients by the time at which they are due: a heap, so adding and taking cost the logarithm of what waits. Those of one message that are due at the
/// same instant come out one after another, in order of their index, so that they can be given to delivery in one call. Pure.
/// </summary>
public sealed class DueQueue
{
    private readonly PriorityQueue<(QueueEntry Entry, int Recipient), Key> _heap = new(KeyOrder.Instance);

    public int Count => _heap.Count;

    /// <summary>The earliest due time; <see cref="long.MaxValue"/> when nothing waits.</summary>
    public long NextDueNs => _heap.TryPeek(out _, out var key) ? key.DueNs : long.MaxValue;

    public void Add(QueueEntry entry, int recipient, long dueNs) => _heap.Enqueue((entry, recipient), new Key(dueNs, entry.Id.Value, recipient));

    /// <summary>Moves up to <paramref name="limit"/> recipients that are due to the end of <paramref name="taken"/>, earliest first; returns how many.</summary>
    public int TakeDue(long nowNs, int limit, List<DueRecipient> taken)
    {
        var count = 0;
        while (count < limit && _heap.TryPeek(out var head, out var key) && key.DueNs <= nowNs)
        {
            _heap.Dequeue();
            taken.Add(new DueRecipient(head.Entry, head.Recipient, key.DueNs));
            count++;
        }

        return count;
    }

    /// <summary>Takes out all that the condition names, whenever they are due, in no order. Costs the number of all that waits.</summary>
    public void Withdraw(Func<QueueEntry, int, bool> condition, List<DueRecipient> taken)
    {
        var kept = new List<((QueueEntry, int), Key)>(_heap.Count);
        foreach (var (head, key) in _heap.UnorderedItems)
        {
            if (condition(head.Entry, head.Recipient)) taken.Add(new DueRecipient(head.Entry, head.Recipient, key.DueNs));
            else kept.Add((head, key));
        }

        if (kept.Count == _heap.Count) return;
        _heap.Clear();
        _heap.EnqueueRange(kept);
    }

    private readonly record struct Key(long DueNs, long Message, int Recipient);

    private sealed class KeyOrder : IComparer<Key>
    {
        public static readonly KeyOrder Instance = new();

        public int Compare(Key x, Key y)
        {
            var byTime = x.DueNs.CompareTo(y.DueNs);
            if (byTime != 0) return byTime;
            var byMessage = x.Message.CompareTo(y.Message);
            return byMessage != 0 ? byMessage : x.Recipient.CompareTo(y.Recipient);
        }
    }
}
