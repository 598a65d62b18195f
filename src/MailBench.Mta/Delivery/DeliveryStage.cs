using MailBench.Mta.Queue;
using MailBench.Mta.Routing;
using MailBench.Transport;

namespace MailBench.Mta.Delivery;

/// <summary>Finds the way to a domain: <see cref="Router.Resolve"/>, or a table in tests.</summary>
public delegate void ResolveRoute(string domain, Action<Route> done);

/// <summary>
/// From queued recipients to outcomes: routes, batches, sessions. Every recipient given to <see cref="Add(QueueEntry, ReadOnlySpan{int})"/> gets exactly one
/// outcome, unless <see cref="Stop"/> comes first. All on one loop.
/// </summary>
public sealed class DeliveryStage : IDisposable
{
    public DeliveryStage(EventLoop loop, ResolveRoute resolve, MessageQueue queue, DeliveryOptions options, OutcomeHandler outcome)
    {
        _ = (loop, resolve, queue, options, outcome);
    }

    public DeliveryCounters Counters { get; } = new();

    /// <summary>Recipients given and without outcome so far.</summary>
    public int InHand => throw new NotSupportedException();

    /// <summary>Takes recipients (indices) of one message for an attempt now. All that are due should come in one call, so that they share transactions.</summary>
    public void Add(QueueEntry entry, ReadOnlySpan<int> recipients) => throw new NotSupportedException();

    /// <summary>Takes all waiting recipients of a message.</summary>
    public void Add(QueueEntry entry) => throw new NotSupportedException();

    /// <summary>
    /// Begins no new transaction, lets those in flight end, says QUIT and closes; <paramref name="stopped"/> runs on the loop afterwards. What was not begun gets no
    /// outcome and stays as it is in the queue. Later calls of Add are ignored.
    /// </summary>
    public void Stop(Action stopped) => throw new NotSupportedException();

    /// <summary>Cuts what is still open (for the end of patience).</summary>
    public void Dispose() => throw new NotSupportedException();
}
