using System.Runtime.ExceptionServices;

namespace MailBench.Runs.Testbed;

/// <summary>
/// Work on very many files by several threads at a time; what fails first is thrown as it is, not wrapped. The threads are its own: they wait for the disk, and the pool's would then be missing for whoever shows how
/// far it is or hears that it is to stop.
/// </summary>
internal static class SeveralAtATime
{
    /// <summary>Throws <see cref="OperationCanceledException"/> when it is told to stop; what has begun is done then.</summary>
    public static void Do<T>(IEnumerable<T> items, int threads, Action<T> work, CancellationToken stop)
    {
        using var source = items.GetEnumerator();
        Exception? failed = null;
        var workers = Enumerable.Range(0, threads).Select(_ => new Thread(DoNext) { IsBackground = true }).ToList();
        workers.ForEach(static worker => worker.Start());
        workers.ForEach(static worker => worker.Join());
        if (failed is not null) ExceptionDispatchInfo.Throw(failed);
        stop.ThrowIfCancellationRequested();

        void DoNext()
        {
            try
            {
                while (!stop.IsCancellationRequested && Volatile.Read(ref failed) is null && TryTake(out var item)) work(item);
            }
            catch (Exception broken)
            {
                // It is the caller's: thrown above, on the caller's own thread.
                Interlocked.CompareExchange(ref failed, broken, null);
            }
        }

        bool TryTake(out T item)
        {
            lock (source)
            {
                var any = source.MoveNext();
                item = any ? source.Current : default!;
                return any;
            }
        }
    }
}
