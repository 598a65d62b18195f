namespace MailBench.Mta.Scheduling;

/// <summary>A heap of recipients by due time, in pages: adding and taking cost the logarithm of what waits, and growing copies nothing. Pure.</summary>
internal sealed class DueHeap
{
    /// <summary>A page is 10 KiB: small for a heap of few, no large object to the garbage collector.</summary>
    private const int PageBits = 9, PageItems = 1 << PageBits;

    /// <summary>Children of a node: a flat heap touches fewer pages of memory than one of two.</summary>
    private const int Arity = 4;

    private readonly List<DueRecipient[]> _pages = [];

    public int Count { get; private set; }

    /// <summary>The earliest, when there is one.</summary>
    public ref readonly DueRecipient First => ref At(0);

    public void Add(in DueRecipient due)
    {
        if (Count >> PageBits == _pages.Count) _pages.Add(new DueRecipient[PageItems]);
        Rise(Count++, due);
    }

    public void RemoveFirst()
    {
        var last = At(--Count);
        if (Count > 0) Sink(0, last);
        DropPages();
    }

    /// <summary>Takes out all that the condition names, in no order. Costs the number of all that are here.</summary>
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
        for (var at = (kept - 2) / Arity; at >= 0 && kept > 1; at--) Sink(at, At(at));
        DropPages();
    }

    private ref DueRecipient At(int at) => ref _pages[at >> PageBits][at & (PageItems - 1)];

    private void Rise(int at, in DueRecipient due)
    {
        while (at > 0)
        {
            var parent = (at - 1) / Arity;
            if (!due.IsBefore(At(parent))) break;
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
                if (At(child).IsBefore(At(least)))
                    least = child;
            if (!At(least).IsBefore(sinking)) break;
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
}
