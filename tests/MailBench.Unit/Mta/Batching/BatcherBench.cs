using MailBench.Model.Options;
using MailBench.Mta.Batching;
using MailBench.Mta.Queue;
using MailBench.Mta.Routing;

namespace MailBench.Unit.Mta.Batching;

/// <summary>Performs a batcher's decisions in virtual time, at once: hosts answer or refuse by a table, every transaction delivers.</summary>
internal sealed class BatcherBench(BatchingOptions options)
{
    public Batcher Batcher { get; } = new(options);
    public long NowNs { get; set; } = 1_000_000_000_000;
    public HashSet<string> Refusing { get; } = [];
    public List<(string Host, long Message, int[] Recipients)> Transactions { get; } = [];
    public List<ExhaustedRecipient> Exhausted { get; } = [];
    public int Dials { get; private set; }
    public int SessionsOpened { get; private set; }
    public int MostOpen { get; private set; }

    public static BatchingOptions Options(DeliveryStrategy strategy) => new() { Strategy = strategy, Reuse = SessionReuse.AcrossMessages };

    public void Add(QueueEntry entry, Func<int, Route> route)
    {
        for (var i = 0; i < entry.Recipients.Length; i++)
            Batcher.Add(entry, i, entry.Recipients[i].Domain, route(i), NowNs, NowNs);
    }

    /// <summary>Does everything that can be done now.</summary>
    public void Run()
    {
        for (var step = 0; Batcher.TryTakeWork(NowNs, out var work); step++)
        {
            if (step > 100_000) throw new InvalidOperationException("The batcher finds no end.");
            MostOpen = Math.Max(MostOpen, Batcher.OpenSessions);
            switch (work.Kind)
            {
                case WorkKind.Open: Open(work.Session); break;
                case WorkKind.Begin: Transact(work.Session); break;
                default: Batcher.Ended(work.Session); break;
            }
        }

        while (Batcher.TryTakeExhausted(out var exhausted)) Exhausted.Add(exhausted);
    }

    public static HostFault Fault(string host) => new(host, null, "connection refused", null, "4.4.1", null);

    private void Open(SiteSession session)
    {
        while (true)
        {
            Dials++;
            if (!Refusing.Contains(session.Host.Name)) break;
            if (!Batcher.HostFailed(session, Fault(session.Host.Name), NowNs)) return;
        }

        SessionsOpened++;
        Batcher.Opened(session, NowNs);
        GoOn(session);
    }

    private void GoOn(SiteSession session)
    {
        while (true)
        {
            switch (Batcher.Next(session, NowNs))
            {
                case NextStep.Begin:
                    Book(session);
                    continue;
                case NextStep.Close:
                    Batcher.Ended(session);
                    return;
                default:
                    return;
            }
        }
    }

    private void Transact(SiteSession session)
    {
        Book(session);
        GoOn(session);
    }

    private void Book(SiteSession session)
    {
        var recipients = new int[session.Batch.Count];
        for (var i = 0; i < recipients.Length; i++) recipients[i] = session.Batch[i].Recipient;
        Transactions.Add((session.Host.Name, session.Batch.Entry!.Id.Value, recipients));
    }
}
