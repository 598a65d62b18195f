namespace MailBench.Simulation;

/// <summary>A discrete-event clock in ns. Events of one instant happen in the order in which they were set.</summary>
internal sealed class VirtualTime
{
    public const long Ms = 1_000_000;
    private readonly PriorityQueue<Action, (long AtNs, long Number)> _events = new();
    private long _number;

    public long NowNs { get; private set; }

    /// <summary><see cref="long.MaxValue"/> when nothing is set.</summary>
    public long NextNs => _events.TryPeek(out _, out var key) ? key.AtNs : long.MaxValue;

    public void At(long atNs, Action action) => _events.Enqueue(action, (Math.Max(atNs, NowNs), _number++));

    public void After(double ms, Action action) => At(NowNs + (long)(ms * Ms), action);

    /// <summary>Goes to that instant and lets one event of it happen, if there is one.</summary>
    public void GoTo(long atNs)
    {
        if (atNs < NowNs) throw new BrokenInvariantException($"time runs backwards, from {NowNs} to {atNs} ns");
        NowNs = atNs;
        if (NextNs <= atNs) _events.Dequeue()();
    }
}
