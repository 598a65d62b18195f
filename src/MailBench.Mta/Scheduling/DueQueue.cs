namespace MailBench.Mta.Scheduling;

/// <summary>
/// Recipients by the time at which they are due, 20 octets each, so that millions are nothing to the garbage collector; adding and taking cost the logarithm of what
/// waits. Those of one message that are due at the same instant come out one after another, in order of their index, so that they can be given to delivery in one call.
/// They lie in several heaps by message, so that an order which looks at everything can do so slice by slice, between which others have their turn. Pure.
/// </summary>
public sealed class DueQueue
{
    /// <summary>Parts that <see cref="Withdraw(int, Func{int, int, bool}, List{DueRecipient})"/> goes through one at a time.</summary>
    public const int Slices = 64;

    private readonly DueHeap[] _heaps = [.. Enumerable.Range(0, Slices).Select(_ => new DueHeap())];

    /// <summary>A tree of winners over the heaps: node n has the one of its children 2n and 2n + 1 whose first is earlier; the leaves are the heaps themselves.</summary>
    private readonly byte[] _winners = new byte[2 * Slices];

    public DueQueue()
    {
        for (var i = 0; i < Slices; i++) _winners[Slices + i] = (byte)i;
        for (var i = 0; i < Slices; i += 2) Update(i);
    }

    public int Count { get; private set; }

    /// <summary>The earliest due time; <see cref="long.MaxValue"/> when nothing waits.</summary>
    public long NextDueNs => Count == 0 ? long.MaxValue : First.First.DueNs;

    private DueHeap First => _heaps[_winners[1]];

    public void Add(int message, int recipient, long dueNs) => Add(new DueRecipient(message, recipient, dueNs));

    public void Add(in DueRecipient due)
    {
        var slice = SliceOf(due.Message);
        _heaps[slice].Add(due);
        Count++;
        Update(slice);
    }

    /// <summary>Looks at the earliest, if it is due.</summary>
    public bool TryPeekDue(long nowNs, out DueRecipient due)
    {
        due = Count == 0 ? default : First.First;
        return Count > 0 && due.DueNs <= nowNs;
    }

    /// <summary>Takes out the earliest.</summary>
    public void RemoveFirst()
    {
        int slice = _winners[1];
        _heaps[slice].RemoveFirst();
        Count--;
        Update(slice);
    }

    /// <summary>Moves up to <paramref name="limit"/> recipients that are due to the end of <paramref name="taken"/>, earliest first; returns how many.</summary>
    public int TakeDue(long nowNs, int limit, List<DueRecipient> taken)
    {
        var count = 0;
        while (count < limit && TryPeekDue(nowNs, out var due))
        {
            taken.Add(due);
            RemoveFirst();
            count++;
        }

        return count;
    }

    /// <summary>Takes out all that the condition names, whenever they are due, in no order. Costs the number of all that waits.</summary>
    public void Withdraw(Func<int, int, bool> condition, List<DueRecipient> taken)
    {
        for (var slice = 0; slice < Slices; slice++) Withdraw(slice, condition, taken);
    }

    /// <summary>The same for one slice: after all of them, each recipient that waited all the while was looked at once.</summary>
    public void Withdraw(int slice, Func<int, int, bool> condition, List<DueRecipient> taken)
    {
        var before = _heaps[slice].Count;
        _heaps[slice].Withdraw(condition, taken);
        Count -= before - _heaps[slice].Count;
        Update(slice);
    }

    private static int SliceOf(int message) => message & (Slices - 1);

    /// <summary>A heap's first has changed.</summary>
    private void Update(int slice)
    {
        for (var node = (Slices + slice) / 2; node >= 1; node /= 2)
        {
            var (one, other) = (_winners[2 * node], _winners[(2 * node) + 1]);
            _winners[node] = IsBefore(_heaps[one], _heaps[other]) ? one : other;
        }
    }

    private static bool IsBefore(DueHeap one, DueHeap other) => other.Count == 0 || (one.Count > 0 && one.First.IsBefore(other.First));
}
