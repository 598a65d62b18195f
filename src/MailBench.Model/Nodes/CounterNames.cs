namespace MailBench.Model.Nodes;

/// <summary>
/// Names of the cumulative counters in snapshots, by role. Octets are payload octets unless the name says wire. The host adds the first group to every role. All of them
/// are kept in the journal's snapshots, also those that no figure is made of yet.
/// </summary>
public static class CounterNames
{
    // Every role, by the host.
    public const string MonotonicNs = "monotonicNs";
    public const string CpuNs = "cpuNs";
    public const string ResidentBytes = "residentBytes";
    public const string AllocatedBytes = "allocatedBytes";

    /// <summary>The managed heap, what is free in it included.</summary>
    public const string ManagedBytes = "managedBytes";

    /// <summary>What the kernel holds in buffers of TCP sockets, all of the machine's together; absent where it does not tell.</summary>
    public const string TcpBufferBytes = "tcpBufferBytes";

    /// <summary>Of the runner: flushes that the disk under the queues did for the whole machine, and the time they took; absent where the kernel does not tell.</summary>
    public const string DeviceFlushes = "deviceFlushes";
    public const string DeviceFlushNs = "deviceFlushNs";

    /// <summary>CPU of the busiest thread.</summary>
    public const string BusiestThreadCpuNs = "busiestThreadCpuNs";

    // Source.
    public const string Offered = "offered";
    public const string Accepted = "accepted";
    public const string AcceptedRecipients = "acceptedRecipients";
    public const string Refused = "refused";
    public const string Failed = "failed";
    public const string Waiting = "waiting";
    public const string Late = "late";

    /// <summary>Content octets of accepted messages, once per message, before dot-stuffing, without the final dot.</summary>
    public const string ContentOctets = "contentOctets";
    public const string DotsStuffed = "dotsStuffed";

    /// <summary>Octets of MAIL and of RCPT commands sent (CRLF included), for the ideal ceiling.</summary>
    public const string MailCommandOctets = "mailCommandOctets";
    public const string RcptCommandOctets = "rcptCommandOctets";
    public const string OctetsIn = "octetsIn";
    public const string OctetsOut = "octetsOut";

    // Sink. Distinct deliveries are counted by the analysis; these are the sink's raw bookings.
    public const string Sessions = "sessions";
    public const string Transactions = "transactions";
    public const string Messages = "messages";
    public const string Recipients = "recipients";
    public const string Octets = "octets";
    public const string Dsns = "dsns";

    /// <summary>Sum of the squares of the messages' content octets, which with their sum and number tells how much sizes vary.</summary>
    public const string OctetsSquared = "octetsSquared";

    /// <summary>Content octets that have come in transactions whose end has not: no sum but what there is now.</summary>
    public const string ContentUnderWay = "contentUnderWay";

    // MTA.
    public const string Delivered = "delivered";
    public const string Deferred = "deferred";
    public const string Queued = "queued";
    public const string SessionsIn = "sessionsIn";
    public const string SessionsOut = "sessionsOut";
    public const string TransactionsOut = "transactionsOut";

    /// <summary>Outbound waits for a reply: one per unpipelined command, one per pipelined group, one per connect.</summary>
    public const string RoundTripsOut = "roundTripsOut";
    public const string DnsQueries = "dnsQueries";
    public const string DnsWaitNs = "dnsWaitNs";

    /// <summary>Look-ups of a domain's route that were answered from memory; that rest on records past their TTL, since DNS gave no new ones; that ended in "no such domain".</summary>
    public const string DnsCached = "dnsCached";
    public const string DnsStale = "dnsStale";
    public const string DnsNegative = "dnsNegative";
    public const string Syncs = "syncs";

    /// <summary>Time the committer spent inside syncs; of the mailbox server, per disk thread.</summary>
    public const string SyncBusyNs = "syncBusyNs";
    public const string QueueBytesWritten = "queueBytesWritten";

    /// <summary>Sum over outbound sessions of their time open, idle or not; and the number open now.</summary>
    public const string SessionOutNs = "sessionOutNs";
    public const string SessionsOutOpen = "sessionsOutOpen";

    /// <summary>The time open without idle time between transactions: what the concurrency term counts.</summary>
    public const string SessionOutBusyNs = "sessionOutBusyNs";

    /// <summary>Of the sessions of a mailbox server or of users, how many became TLS.</summary>
    public const string TlsSessions = "tlsSessions";

    // Mailbox server.
    public const string Logins = "logins";
    public const string LoginsRefused = "loginsRefused";
    public const string Retrieved = "retrieved";
    public const string Deleted = "deleted";
    public const string StoredOctets = "storedOctets";

    // Users who poll.
    public const string Polls = "polls";

    /// <summary>Polls that took longer than <see cref="Options.PollOptions.Within"/>; broken off at the end of the drain or never begun by then; sessions open now.</summary>
    public const string Slow = "slow";
    public const string Unfinished = "unfinished";
    public const string SessionsOpen = "sessionsOpen";

    /// <summary>The most that stood at once since the trial's begin; and the sum over all of the time they stood.</summary>
    public const string SessionsMost = "sessionsMost";
    public const string SessionNs = "sessionNs";

    /// <summary>Messages that EXISTS announced to held sessions; held sessions that ended and not by their user.</summary>
    public const string Pushed = "pushed";
    public const string Dropped = "dropped";

    // DNS responder.
    public const string Queries = "queries";
    public const string QueriesMx = "queriesMx";
    public const string QueriesA = "queriesA";
    public const string QueriesAaaa = "queriesAaaa";
    public const string DnsOctetsIn = "dnsOctetsIn";
    public const string DnsOctetsOut = "dnsOctetsOut";

    // Line. Forward: toward the sink.
    public const string WireOctetsForward = "wireOctetsForward";
    public const string WireOctetsReverse = "wireOctetsReverse";
    public const string SegmentsForward = "segmentsForward";
    public const string SegmentsReverse = "segmentsReverse";
    public const string PayloadForward = "payloadForward";
    public const string PayloadReverse = "payloadReverse";
    public const string Connections = "connections";

    /// <summary>Frames that found a kernel line's queue full, per direction.</summary>
    public const string DroppedForward = "droppedForward";
    public const string DroppedReverse = "droppedReverse";

    /// <summary>Time in which something waited for the line, per direction (a saturated line's equals the wall).</summary>
    public const string BackloggedForwardNs = "backloggedForwardNs";
    public const string BackloggedReverseNs = "backloggedReverseNs";

    /// <summary>Time by which the line's own wake-ups came late (beyond 1 ms each), both directions: a machine too busy for the line to keep time.</summary>
    public const string LineLateNs = "lineLateNs";
}
