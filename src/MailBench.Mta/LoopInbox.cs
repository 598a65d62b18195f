using System.Collections.Concurrent;
using MailBench.Transport;

namespace MailBench.Mta;

/// <summary>
/// Hands values of other threads to the loop. However many come together, one turn handles them all, so that replies which wait for one group commit leave together.
/// </summary>
internal sealed class LoopInbox<T>(EventLoop loop, Action<T> handle)
{
    private readonly ConcurrentQueue<T> _values = new();
    private int _posted;

    /// <summary>From any thread.</summary>
    public void Add(T value)
    {
        _values.Enqueue(value);
        if (Interlocked.Exchange(ref _posted, 1) == 0) loop.Post(static inbox => ((LoopInbox<T>)inbox!).Drain(), this);
    }

    private void Drain()
    {
        // Reset first: a value that comes from now on posts again, at worst for nothing.
        Interlocked.Exchange(ref _posted, 0);
        while (_values.TryDequeue(out var value)) handle(value);
    }
}
