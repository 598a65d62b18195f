using MailBench.Transport;

namespace MailBench.Peers.Dns;

/// <summary>Answers that wait for their time (fault <c>delay</c>), on the loop: others pass them by. At most <see cref="MaxWaiting"/>; what comes beyond is lost, as on a full line.</summary>
internal sealed class DelayLine : IDisposable
{
    private const int MaxWaiting = 100_000;

    private readonly EventLoop _loop;
    private readonly PriorityQueue<Action, (long DueNs, long Order)> _waiting = new();
    private readonly LoopTimer _timer;
    private long _order;

    /// <summary>On the loop.</summary>
    public DelayLine(EventLoop loop)
    {
        _loop = loop;
        _timer = loop.CreateTimer(static line => ((DelayLine)line!).SendDue(), this);
    }

    /// <summary>Calls <paramref name="send"/> at <paramref name="dueNs"/> (CLOCK_MONOTONIC). On the loop.</summary>
    public void Add(long dueNs, Action send)
    {
        if (_waiting.Count >= MaxWaiting) return;
        _waiting.Enqueue(send, (dueNs, _order++));
        Arm();
    }

    public void Dispose()
    {
        _waiting.Clear();
        _timer.Dispose();
    }

    private void SendDue()
    {
        while (_waiting.TryPeek(out _, out var first) && first.DueNs <= _loop.TurnNs) _waiting.Dequeue()();
        Arm();
    }

    private void Arm()
    {
        if (_waiting.TryPeek(out _, out var first)) _timer.Arm(first.DueNs);
    }
}
