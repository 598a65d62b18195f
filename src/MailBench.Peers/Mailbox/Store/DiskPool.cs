using MailBench.Transport;

namespace MailBench.Peers.Mailbox.Store;

/// <summary>
/// Threads for what the disk may hold up. A piece of work runs on one of them; then its second half runs on the loop. The queue needs no bound of its own: a session has at most
/// one piece of work here, and sessions are limited.
/// </summary>
internal sealed class DiskPool : IDisposable
{
    private const int StackBytes = 256 << 10;

    private readonly EventLoop _loop;
    private readonly Queue<(Action<object> Work, Action<object?> Done, object State)> _queue = new();
    private readonly Thread[] _threads;
    private bool _stopping;

    public DiskPool(EventLoop loop, int threads)
    {
        _loop = loop;
        _threads = [.. Enumerable.Range(0, threads).Select(i => new Thread(Run, StackBytes) { Name = $"disk-{i}", IsBackground = true })];
        foreach (var thread in _threads) thread.Start();
    }

    /// <summary>Raised with what a piece of work let escape: a defect. Its second half runs all the same, so that no session hangs.</summary>
    public event Action<Exception>? WorkFailed;

    /// <summary>Both halves get <paramref name="state"/>; with static lambdas this allocates nothing.</summary>
    public void Run(Action<object> work, Action<object?> done, object state)
    {
        lock (_queue)
        {
            _queue.Enqueue((work, done, state));
            Monitor.Pulse(_queue);
        }
    }

    /// <summary>Lets the work that has begun end, drops the rest, and joins the threads. Not from the loop.</summary>
    public void Dispose()
    {
        lock (_queue)
        {
            _stopping = true;
            Monitor.PulseAll(_queue);
        }

        foreach (var thread in _threads) thread.Join();
    }

    private void Run()
    {
        while (true)
        {
            (Action<object> Work, Action<object?> Done, object State) piece;
            lock (_queue)
            {
                while (_queue.Count == 0 && !_stopping) Monitor.Wait(_queue);
                if (_stopping) return;
                piece = _queue.Dequeue();
            }

            try
            {
                piece.Work(piece.State);
            }
            catch (Exception escaped)
            {
                WorkFailed?.Invoke(escaped);
            }

            _loop.Post(piece.Done, piece.State);
        }
    }
}
