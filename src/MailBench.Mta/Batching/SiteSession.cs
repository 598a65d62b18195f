using MailBench.Mta.Queue;
using MailBench.Mta.Routing;

namespace MailBench.Mta.Batching;

internal enum SessionState { Opening, Busy, Idle, Closing, Ended }

/// <summary>
/// One outbound session as the batcher sees it: its site, the host to dial, the transaction in hand. The shell that performs it keeps itself in <see cref="Owner"/>.
/// </summary>
public sealed class SiteSession
{
    internal SiteSession(DestinationQueue queue, MxHost host)
    {
        Queue = queue;
        Host = host;
    }

    public DestinationQueue Queue { get; }

    /// <summary>The host to dial, or that stands.</summary>
    public MxHost Host { get; internal set; }

    /// <summary>The transaction in hand; reused for the next.</summary>
    public DeliveryBatch Batch { get; internal set; } = new();

    /// <summary>The transaction whose envelope is sent behind the content of the one in hand (<see cref="Batcher.TryTakeAhead"/>); empty when there is none.</summary>
    public DeliveryBatch Ahead { get; internal set; } = new();

    /// <summary>Transactions begun with the present host.</summary>
    public int Transactions { get; internal set; }

    /// <summary>Recipients that this host takes in a transaction (LIMITS RCPTMAX, or learnt from 452); lowered by the shell.</summary>
    public int RecipientLimit { get; set; } = int.MaxValue;

    /// <summary>Transactions that this host takes in a session (LIMITS MAILMAX); lowered by the shell.</summary>
    public int TransactionLimit { get; set; } = int.MaxValue;

    /// <summary>Different recipient domains that this host takes in a session (LIMITS RCPTDOMAINMAX); lowered by the shell.</summary>
    public int DomainLimit { get; set; } = int.MaxValue;

    /// <summary>The shell's own.</summary>
    public object? Owner { get; set; }
    internal SessionState State { get; set; }

    /// <summary>When its present step, an opening or a transaction, began.</summary>
    internal long SinceNs { get; set; }

    /// <summary>Its opening has outlasted its turn.</summary>
    internal bool IsLate { get; set; }

    /// <summary>It broke off, and its site's window has been told.</summary>
    internal bool Blamed { get; set; }

    /// <summary>The hosts left to dial, in order; null for per-mx-host.</summary>
    internal MxHost[]? Hosts { get; init; }
    internal int HostAt { get; set; }

    /// <summary>The domains that count against <see cref="DomainLimit"/>.</summary>
    internal SessionDomains? Domains { get; set; }

    /// <summary>The message of the last transaction, for reuse within a message.</summary>
    internal QueueEntry? LastEntry { get; set; }
    internal SiteSession? BelowIdle { get; set; }
    internal SiteSession? AboveIdle { get; set; }
    internal SiteSession? Older { get; set; }
    internal SiteSession? Newer { get; set; }
}

/// <summary>One transaction: recipients of one message that go to one host together.</summary>
public sealed class DeliveryBatch
{
    private QueuedRecipient[] _recipients = new QueuedRecipient[1];

    /// <summary>Null while there is none.</summary>
    public QueueEntry? Entry { get; private set; }
    public int Count { get; private set; }

    public ref readonly QueuedRecipient this[int at] => ref _recipients[at];

    internal void Start(QueueEntry entry, int capacity)
    {
        Entry = entry;
        if (_recipients.Length < capacity) _recipients = new QueuedRecipient[capacity];
    }

    internal void Append(in QueuedRecipient recipient) => _recipients[Count++] = recipient;

    internal void Clear()
    {
        Array.Clear(_recipients, 0, Count);
        Entry = null;
        Count = 0;
    }
}
