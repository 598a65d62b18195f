using MailBench.Model.Events;

namespace MailBench.Analysis.Books;

/// <summary>One poll as its events tell it; stamps in ns, -1: it did not happen.</summary>
public sealed class PollBook
{
    public long IntendedNs { get; set; } = -1;
    public long LatenessNs { get; set; }

    /// <summary>The +OK of QUIT.</summary>
    public long FinishedNs { get; set; } = -1;
    public bool Failed { get; set; }
}

/// <summary>The polls of a trial: a fold over the users' events. Records of other kinds are passed over.</summary>
public sealed class PollBooks
{
    private readonly Dictionary<long, PollBook> _polls = [];

    /// <summary>Those that were offered.</summary>
    public IEnumerable<PollBook> Polls => _polls.Values.Where(static poll => poll.IntendedNs >= 0);

    public void Add(EventRecord record)
    {
        switch (record.Kind)
        {
            case EventKind.Offered:
                var offered = Of(record.Sequence);
                (offered.IntendedNs, offered.LatenessNs) = (record.TimeNs, record.ValueNs);
                break;
            case EventKind.Polled:
                Of(record.Sequence).FinishedNs = record.TimeNs;
                break;
            case EventKind.Failed:
                Of(record.Sequence).Failed = true;
                break;
        }
    }

    private PollBook Of(long sequence) => _polls.TryGetValue(sequence, out var poll) ? poll : _polls[sequence] = new PollBook();
}
