using System.Net;
using MailBench.Model.Units;

namespace MailBench.Model.Options;

/// <summary>How recipients are gathered into transactions (method: delivery strategies).</summary>
public enum DeliveryStrategy
{
    /// <summary>A transaction for every recipient.</summary>
    PerRecipient,

    /// <summary>Recipients of a message in one domain share a transaction.</summary>
    PerDomain,

    /// <summary>Domains whose MX sets are equal share a transaction.</summary>
    PerMxSet,

    /// <summary>Recipients of all domains that reach a host share its transactions; on failure a recipient moves to its next MX's queue.</summary>
    PerMxHost,
}

/// <summary>When an outbound session serves more than one transaction.</summary>
public enum SessionReuse { None, WithinMessage, AcrossMessages }

/// <summary>What becomes of 8-bit content at a host that does not offer 8BITMIME (RFC 6152 §3).</summary>
public enum ContentConversion
{
    /// <summary>Made quoted-printable or base64 where MIME allows it, else it fails: nobody gets octets that it did not agree to, and most mail arrives.</summary>
    Convert,

    /// <summary>It fails.</summary>
    Bounce,

    /// <summary>Sent as it is, against the standard and as many MTAs do.</summary>
    Pass,
}

/// <summary>Which attempts the attempt log keeps.</summary>
public enum AttemptLog { Off, Failures, All }

/// <summary>What a 250 guarantees (method: durability class).</summary>
public enum Durability
{
    /// <summary>The message is in memory; it is written soon afterwards, and lost if the process ends before.</summary>
    None,

    /// <summary>It is written and not synced: it outlives the process, not the machine.</summary>
    Os,

    /// <summary>Content, envelope and directory are on stable storage.</summary>
    Synced,
}

/// <summary>How the queue keeps messages on disk.</summary>
public enum QueueBackend
{
    /// <summary>Appended to a log; messages that arrive together share a sync.</summary>
    Segments,

    /// <summary>A file per message, as sendmail and Postfix do: create, write, sync, rename, directory sync.</summary>
    Files,
}

/// <summary>Retry back-off: the n-th wait is First·2ⁿ, at most Max, with a failure DSN after Lifetime (RFC 5321 §4.5.4.1).</summary>
public sealed record RetrySettings
{
    /// <summary>Short by a production MTA's measure: a benchmark's points last seconds.</summary>
    public TimeSpan First { get; init; } = TimeSpan.FromSeconds(5);
    public TimeSpan Max { get; init; } = TimeSpan.FromHours(1);
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(5);
}

/// <summary>The <c>mta:</c> section of a profile, which <c>mailbench mta --config</c> reads too: what may be compared or swept.</summary>
public sealed record MtaSettings
{
    public DeliveryStrategy Strategy { get; init; } = DeliveryStrategy.PerMxHost;
    public SessionReuse Reuse { get; init; } = SessionReuse.AcrossMessages;

    /// <summary>Parallel sessions to one site (a domain, an MX set or an MX host, as the strategy groups).</summary>
    public int SessionsPerSite { get; init; } = 4;

    /// <summary>All outbound sessions together.</summary>
    public int SessionsOut { get; init; } = 200;

    /// <summary>RFC 5321 §4.5.3.1.8 has every server take at least 100.</summary>
    public int RecipientsPerTransaction { get; init; } = 100;
    public bool Pipelining { get; init; } = true;

    /// <summary>The next message's envelope behind the end of a content (RFC 2920 §3.1): a round trip less a message, and no recipient the more at stake.</summary>
    public bool Overlap { get; init; } = true;

    /// <summary>Receives and sends of a turn enter the kernel together (io_uring), where the system has that.</summary>
    public bool CallsTogether { get; init; } = true;

    /// <summary>BDAT where a host offers CHUNKING (RFC 3030); offered to clients in any case.</summary>
    public bool Chunking { get; init; } = true;
    public ContentConversion ContentConversion { get; init; } = ContentConversion.Convert;

    /// <summary>Transactions of an outbound session before it says QUIT: no server is held for ever.</summary>
    public int TransactionsPerSession { get; init; } = 1000;

    /// <summary>Age of an outbound session at which it says QUIT behind its transaction.</summary>
    public TimeSpan SessionAge { get; init; } = TimeSpan.FromMinutes(10);
    public AttemptLog AttemptLog { get; init; } = AttemptLog.Failures;
    public RetrySettings Retry { get; init; } = new();

    /// <summary>What RFC 5321 §4.2.5 asks of a 250, and what an MTA owes; less is for measuring what it costs.</summary>
    public Durability Durability { get; init; } = Durability.Synced;

    /// <summary>The fast one; the other shows what sharing syncs is worth.</summary>
    public QueueBackend QueueBackend { get; init; } = QueueBackend.Segments;

    /// <summary>How many queue directories the runner makes (the command line names them itself).</summary>
    public int QueueDirectories { get; init; } = 1;
    public ByteSize MaxMessageSize { get; init; } = new(32L << 20);
    public int MaxRecipients { get; init; } = 1000;
    public int MaxSessionsIn { get; init; } = 1000;

    /// <summary>Of them, those of one client address: half, so that none can shut out all others.</summary>
    public int MaxSessionsPerClient { get; init; } = 500;

    /// <summary>Bad commands and refused recipients of a session since its last accepted message; one more, and it is ended with 421.</summary>
    public int MaxErrors { get; init; } = 20;

    /// <summary>Where mail for <c>postmaster</c> goes (RFC 5321 §4.5.1), <c>LOCAL@DOMAIN</c>; null: it is refused.</summary>
    public string? Postmaster { get; init; }

    /// <summary>Content of messages being received, all sessions together; beyond it, 452.</summary>
    public ByteSize ReceiveMemory { get; init; } = new(256L << 20);

    /// <summary>Recipients queued; beyond it, 452.</summary>
    public int MaxQueuedRecipients { get; init; } = 5_000_000;

    /// <summary>
    /// Wait of recipients for a session beyond which acceptance yields: at n times as much it has 1/n of the loop's time. Long beside a turn of the loop, short beside what a person
    /// notices; zero: acceptance takes what it can.
    /// </summary>
    public TimeSpan DeliveryPatience { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Received headers at which a message is held to loop (RFC 5321 §6.3 asks for at least 100).</summary>
    public int MaxHops { get; init; } = 100;
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromMinutes(5);
    public TimeSpan DnsTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long past its TTL a positive DNS answer is used while no new one comes (RFC 8767 says one to three days); zero: never.</summary>
    public TimeSpan DnsStale { get; init; } = TimeSpan.FromDays(1);
}

/// <summary>What <c>mailbench mta</c> is started with: its settings and its place on the machine.</summary>
public sealed record MtaOptions
{
    public required IPEndPoint Listen { get; init; }
    public required IReadOnlyList<string> QueueDirectories { get; init; }
    public required IPEndPoint Dns { get; init; }
    public int SmtpPort { get; init; } = 25;

    /// <summary>Clients that may relay; empty: nobody, only local refusals.</summary>
    public IReadOnlyList<IPNetwork> RelayFrom { get; init; } = [];

    /// <summary>POP-before-SMTP: the Unix socket on which mailbox servers tell of logins; null: there is none, and no login opens the relay.</summary>
    public string? LoginSocket { get; init; }

    /// <summary>How long an address that has logged in may relay.</summary>
    public TimeSpan RelayAfterLogin { get; init; } = TimeSpan.FromMinutes(30);
    public required string HostName { get; init; }

    /// <summary>Where the attempt log is written; null: <c>attempts.log</c> beside the first queue directory's files.</summary>
    public string? AttemptLogPath { get; init; }
    public MtaSettings Settings { get; init; } = new();
}

/// <summary>Where a sink refuses: the reply of a dialogue step, the share of cases and the pattern they must match.</summary>
public enum RefusalPhase { Connect, Helo, Mail, Rcpt, Data, End }

/// <summary>One <c>--refuse</c> rule, <c>PHASE:CODE[:ENHANCED][:SHARE][:PATTERN]</c>; the pattern (<c>*</c> and <c>?</c>) is matched against the phase's argument.</summary>
public sealed record RefusalRule(RefusalPhase Phase, int Code, string? Enhanced, double Share, string? Pattern);

/// <summary>The extensions that a sink offers.</summary>
public enum SmtpExtension { Pipelining, Size, EightBitMime, EnhancedStatusCodes, Chunking, Limits }

/// <summary>What <c>mailbench sink</c> is started with.</summary>
public sealed record SinkOptions
{
    public required IReadOnlyList<IPEndPoint> Listen { get; init; }

    /// <summary>Listeners of the return path: what arrives there is read as DSN. No line shapes them.</summary>
    public IReadOnlyList<IPEndPoint> Return { get; init; } = [];
    public IReadOnlyList<RefusalRule> Refuse { get; init; } = [];
    public string? SaveDirectory { get; init; }
    public ByteSize MaxMessageSize { get; init; } = new(64L << 20);
    public int MaxSessions { get; init; } = 20_000;

    /// <summary>Extensions that are not offered.</summary>
    public IReadOnlyList<SmtpExtension> Withhold { get; init; } = [];

    /// <summary>What LIMITS announces and the sink keeps to.</summary>
    public SmtpLimits Limits { get; init; } = new();
    public int Seed { get; init; } = 1;
}

/// <summary>A zone of the generator; <see cref="GeneratedZoneSpec"/> is its written form (<c>--generate</c>).</summary>
public sealed record GeneratedZone
{
    public int Domains { get; init; } = 100;
    public int Mx { get; init; } = 5;
    public string Suffix { get; init; } = "test";

    /// <summary>The network that MX hosts take addresses from, in order from its given address: <c>127.0.1.0/24</c> gives mx0 127.0.1.1 (.0 is skipped).</summary>
    public string Addresses { get; init; } = "127.0.1.0/24";
    public int PerDomain { get; init; } = 1;
    public bool Additional { get; init; } = true;

    /// <summary>Address of <c>source.SUFFIX</c>, where DSNs return; null: no such name.</summary>
    public string? Return { get; init; }

    /// <summary>Address of <c>mail.SUFFIX</c>, whose users have their mailboxes there (it is its own MX, RFC 5321 §5.1); null: no such name.</summary>
    public string? Mail { get; init; }
    public TimeSpan Ttl { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>The ways in which the responder can answer wrongly: see the help of <c>mailbench dns</c>.</summary>
public enum DnsFaultKind { Delay, Servfail, Nxdomain, Refused, Drop, Truncate, Lame, NoAdditional }

/// <summary>One <c>--fault</c> rule, <c>NAME-PATTERN:KIND[:VALUE]</c>.</summary>
public sealed record DnsFault(string NamePattern, DnsFaultKind Kind, string? Value);

/// <summary>What <c>mailbench dns</c> is started with: zone files, a generated zone, or both.</summary>
public sealed record DnsOptions
{
    public required IPEndPoint Listen { get; init; }
    public IReadOnlyList<string> ZoneFiles { get; init; } = [];
    public GeneratedZone? Generate { get; init; }
    public IReadOnlyList<DnsFault> Faults { get; init; } = [];
}

/// <summary>One pair of a line: what connects to Near is carried to Far.</summary>
public sealed record LinePort(IPEndPoint Near, IPEndPoint Far);

/// <summary>What <c>mailbench line</c> is started with.</summary>
public sealed record LineOptions
{
    public required IReadOnlyList<LinePort> Ports { get; init; }
    public required BitRate Forward { get; init; }
    public required BitRate Reverse { get; init; }

    /// <summary>One-way delay, applied in each direction.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Octets that may wait for the line per direction, all connections together, kernel buffers included; the line holds 5 ms of its capacity where that is more.</summary>
    public ByteSize Queue { get; init; } = new(64 << 10);

    /// <summary>More are closed at once. File descriptors, two for each, end most machines' patience first; a run counts those before it starts.</summary>
    public int MaxConnections { get; init; } = 50_000;
}
