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

    /// <summary>When it failed.</summary>
    public long FailedNs { get; set; } = -1;
    public int User { get; set; }

    /// <summary>What the server sent in it; -1: an older program that did not write it down.</summary>
    public long Octets { get; set; }

    /// <summary>Its end, good or bad; <see cref="long.MaxValue"/>: none.</summary>
    public long EndedNs => FinishedNs >= 0 ? FinishedNs : FailedNs >= 0 ? FailedNs : long.MaxValue;
}

/// <summary>A message to users who hold IDLE; stamps in ns, <see cref="SeenNs"/> -1: it was never announced to a held session.</summary>
/// <param name="AcceptedNs">When the source read the 250: it is on stable storage by then.</param>
/// <param name="SeenNs">When its user read EXISTS.</param>
/// <param name="FetchNs">From then until its last octet was fetched.</param>
public readonly record struct PushBook(long AcceptedNs, long SeenNs, long FetchNs);

/// <summary>The polls of a trial: a fold over the users' events. Records of other kinds are passed over.</summary>
public sealed class PollBooks
{
    private readonly Dictionary<long, PollBook> _polls = [];

    private readonly Dictionary<long, long> _accepted = [];
    private readonly Dictionary<long, (long SeenNs, long FetchNs)> _seen = [];

    /// <summary>Messages that were accepted, where the source's events are kept.</summary>
    public IEnumerable<PushBook> Pushes => _accepted.Select(message => _seen.TryGetValue(message.Key, out var seen) ? new PushBook(message.Value, seen.SeenNs, seen.FetchNs) : new PushBook(message.Value, -1, 0));

    /// <summary>Those that were offered.</summary>
    public IEnumerable<PollBook> Polls => _polls.Values.Where(static poll => poll.IntendedNs >= 0);

    public void Add(EventRecord record)
    {
        switch (record.Kind)
        {
            case EventKind.Offered:
                var offered = Of(record.Sequence);
                (offered.IntendedNs, offered.LatenessNs, offered.User) = (record.TimeNs, record.ValueNs, record.Recipient);
                break;
            case EventKind.Polled:
                var polled = Of(record.Sequence);
                polled.FinishedNs = record.TimeNs;

                // It was the intended start once: no poll gets as many octets as a machine has been up nanoseconds.
                polled.Octets = record.ValueNs == polled.IntendedNs ? -1 : record.ValueNs;
                break;
            case EventKind.Pushed:
                _seen.TryAdd(record.Sequence, (record.TimeNs, record.ValueNs));
                break;
            case EventKind.Failed:
                var failed = Of(record.Sequence);
                (failed.Failed, failed.FailedNs) = (true, record.TimeNs);
                break;
        }
    }

    /// <summary>An event of the source, whose sequences are of messages.</summary>
    public void AddMail(EventRecord record)
    {
        if (record.Kind == EventKind.Accepted) _accepted[record.Sequence] = record.TimeNs;
    }

    private PollBook Of(long sequence) => _polls.TryGetValue(sequence, out var poll) ? poll : _polls[sequence] = new PollBook();
}
