namespace MailBench.Transport;

/// <summary>
/// Timers by deadline; equal deadlines fire in order of arming. A timer that is armed again for later (a session's time-out, at each command) keeps its
/// place and is put right when it surfaces, so that the usual case costs nothing.
/// </summary>
internal sealed class TimerHeap
{
    private HeapTimer[] _heap = new HeapTimer[16];
    private long _sequence;

    public int Count { get; private set; }

    /// <summary>When the loop must look again; <see cref="long.MaxValue"/> without timers. May be earlier than any deadline, never later.</summary>
    public long NextNs => Count == 0 ? long.MaxValue : _heap[0].KeyNs;

    public void Arm(HeapTimer timer, long deadlineNs)
    {
        timer.DeadlineNs = deadlineNs;
        if (timer.Index >= 0 && deadlineNs >= timer.KeyNs) return;
        if (timer.Index < 0)
        {
            if (Count == _heap.Length) Array.Resize(ref _heap, Count * 2);
            timer.Index = Count++;
        }

        timer.KeyNs = deadlineNs;
        timer.Sequence = _sequence++;
        SiftUp(timer, timer.Index);
    }

    public void Remove(HeapTimer timer)
    {
        var hole = timer.Index;
        if (hole < 0) return;
        timer.Index = -1;
        var last = _heap[--Count];
        _heap[Count] = null!;
        if (last == timer) return;
        SiftUp(last, hole);
        if (last.Index == hole) SiftDown(last, hole);
    }

    /// <summary>Takes the first timer whose deadline has come.</summary>
    public HeapTimer? PopDue(long nowNs)
    {
        while (Count > 0 && _heap[0].KeyNs <= nowNs)
        {
            var first = _heap[0];
            if (first.DeadlineNs <= first.KeyNs)
            {
                Remove(first);
                return first;
            }

            first.KeyNs = first.DeadlineNs;
            first.Sequence = _sequence++;
            SiftDown(first, 0);
        }

        return null;
    }

    private static bool Before(HeapTimer a, HeapTimer b) => a.KeyNs != b.KeyNs ? a.KeyNs < b.KeyNs : a.Sequence < b.Sequence;

    private void SiftUp(HeapTimer timer, int at)
    {
        while (at > 0 && Before(timer, _heap[(at - 1) / 2]))
        {
            Place(_heap[(at - 1) / 2], at);
            at = (at - 1) / 2;
        }

        Place(timer, at);
    }

    private void SiftDown(HeapTimer timer, int at)
    {
        while (2 * at + 1 < Count)
        {
            var child = 2 * at + 1;
            if (child + 1 < Count && Before(_heap[child + 1], _heap[child])) child++;
            if (!Before(_heap[child], timer)) break;
            Place(_heap[child], at);
            at = child;
        }

        Place(timer, at);
    }

    private void Place(HeapTimer timer, int at)
    {
        _heap[at] = timer;
        timer.Index = at;
    }
}

/// <summary>A timer of a <see cref="LoopThread"/>.</summary>
internal sealed class HeapTimer(LoopThread loop, Action<object?> callback, object? state) : LoopTimer
{
    internal int Index { get; set; } = -1;
    internal long KeyNs { get; set; }
    internal long DeadlineNs { get; set; }
    internal long Sequence { get; set; }

    public override bool IsArmed => Index >= 0;

    public override void Arm(long deadlineNs) => loop.Timers.Arm(this, deadlineNs);

    public override void Disarm() => loop.Timers.Remove(this);

    public override void Dispose() => loop.Timers.Remove(this);

    internal void Fire() => callback(state);
}
