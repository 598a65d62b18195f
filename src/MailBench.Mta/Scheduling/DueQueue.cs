namespace MailBench.Mta.Scheduling;

/// <summary>A recipient that waits for its next attempt: the caller's number of its message, its index there.</summary>
public readonly record struct DueRecipient(int Message, int Recipient, long DueNs);

/// <summary>
/// Recipients by the time at which they are due: a heap of values in pages, 16 octets each, so that millions are nothing to the garbage collector; adding and taking cost the logarithm of what
/// waits. Those of one message that are due at the same instant come out one after another, in order of their index, so that they can be given to delivery in one call. Pure.
/// </summary>
public sealed class DueQueue
{
    private const int PageBits = 13, PageItems = 1 << PageBits;

    /// <summary>Children of a node: a flat heap touches fewer pages of memory than one of two.</summary>
    private const int Arity = 4;

    private readonly List<DueRecipient[]> _pages = [];

    public int Count { get; private set; }

    /// <summary>The earliest due time; <see cref="long.MaxValue"/> when nothing waits.</summary>
    public long NextDueNs => Count == 0 ? long.MaxValue : At(0).DueNs;

    public void Add(int message, int recipient, long dueNs)
    {
        if (Count >> PageBits == _pages.Count) _pages.Add(new DueRecipient[PageItems]);
        Rise(Count++, new DueRecipient(message, recipient, dueNs));
    }

    /// <summary>Moves up to <paramref name="limit"/> recipients that are due to the end of <paramref name="taken"/>, earliest first; returns how many.</summary>
    public int TakeDue(long nowNs, int limit, List<DueRecipient> taken)
    {
        var count = 0;
        while (count < limit && Count > 0 && At(0).DueNs <= nowNs)
        {
            taken.Add(At(0));
            RemoveFirst();
            count++;
        }

        return count;
    }

    /// <summary>Takes out all that the condition names, whenever they are due, in no order. Costs the number of all that waits.</summary>
    public void Withdraw(Func<int, int, bool> condition, List<DueRecipient> taken)
    {
        var kept = 0;
        for (var at = 0; at < Count; at++)
        {
            var due = At(at);
            if (condition(due.Message, due.Recipient)) taken.Add(due);
            else At(kept++) = due;
        }

        if (kept == Count) return;
        Count = kept;
        for (var at = (kept - 2) / Arity; at >= 0; at--) Sink(at, At(at));
        DropPages();
    }

    private ref DueRecipient At(int at) => ref _pages[at >> PageBits][at & (PageItems - 1)];

    private void RemoveFirst()
    {
        var last = At(--Count);
        if (Count > 0) Sink(0, last);
        DropPages();
    }

    private void Rise(int at, in DueRecipient due)
    {
        while (at > 0)
        {
            var parent = (at - 1) / Arity;
            if (!IsBefore(due, At(parent))) break;
            At(at) = At(parent);
            at = parent;
        }

        At(at) = due;
    }

    private void Sink(int at, in DueRecipient due)
    {
        var sinking = due;
        while (true)
        {
            var first = (at * Arity) + 1;
            if (first >= Count) break;
            var least = first;
            for (var child = first + 1; child < Math.Min(first + Arity, Count); child++)
                if (IsBefore(At(child), At(least)))
                    least = child;
            if (!IsBefore(At(least), sinking)) break;
            At(at) = At(least);
            at = least;
        }

        At(at) = sinking;
    }

    /// <summary>Keeps one page more than is used, so that a count at a page's edge does not allocate again and again.</summary>
    private void DropPages()
    {
        var used = (Count + PageItems - 1) >> PageBits;
        if (_pages.Count > used + 1) _pages.RemoveRange(used + 1, _pages.Count - used - 1);
    }

    private static bool IsBefore(in DueRecipient one, in DueRecipient other) =>
        one.DueNs != other.DueNs ? one.DueNs < other.DueNs : one.Message != other.Message ? one.Message < other.Message : one.Recipient < other.Recipient;
}
