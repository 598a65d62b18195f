using System.Text.RegularExpressions;
using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Model.Profiles;

/// <summary>Every value that a profile can set, in the order in which a resolved profile prints them.</summary>
public static partial class SettingsTable
{
    private const double MiB = 1L << 20;
    private const double Day = 86_400;

    public static IReadOnlyList<Setting> All { get; } =
    [
        new("name", SettingKind.Text, null, "A short name of the profile; default: the file's name.") { Sweepable = false, Pattern = NamePattern(), Form = "1 to 60 letters, digits, dots, dashes or spaces" },
        new("description", SettingKind.Text, null, "What the profile is for.") { Sweepable = false },
        new("seed", SettingKind.Integer, "1", "Seed of everything random: order of points, message content, refusals.") { Sweepable = false, Max = int.MaxValue },
        new("repetitions", SettingKind.Integer, "1", "Repetitions of every point, each with a fresh SUT and queue, in seeded random blocks; verdicts on rates need six.") { Sweepable = false, Min = 1, Max = 1000 },
        new("quick", SettingKind.Flag, "off", "A quick or smoke profile: it ranks by counts only, never by rates.") { Sweepable = false },

        new("confirm", SettingKind.Flag, "off", "Whether each saturated (backlog) point gets companions that tell whether what is named as its limit is one: a point with 25 % more of the line, where that is limited; one with 25 % more sessions, of the own core; and one whose source and sink use 20 % more CPU. They take up to three times the point's own time and stand in no comparison.") { Sweepable = false },

        new("system", SettingKind.Text, "mailbench", "The system under test: mailbench (the own core), postfix, exim, opensmtpd, sendmail, or a name that systems: defines.") { Pattern = SystemPattern(), Form = "a word of 1 to 40 lower-case letters, digits and dashes" },

        new("probes", SettingKind.Flag, "off", "A point that has it starts the system and asks it what it does: its declared features, replies, bounces and log become a table of what was expected and what was observed. It measures nothing."),
        new("crossCheck.rounds", SettingKind.Integer, "0", "Above 0, a point checks the instrument: in so many rounds the system, which holds its mail meanwhile, accepts from MailBench's source or smtp-source and then delivers to MailBench's sink or smtp-sink, all four ways and once with the mail that MailBench sends elsewhere, with the same sessions, messages and content, and the report says whether they agree. One recipient a message, one domain, one MX host, no line. load.sessions and workload.size count, phases do not.") { Max = 100 },
        new("crossCheck.messages", SettingKind.Integer, "2000", "Messages of each turn of a cross-check: accepted and held, then let go and delivered.") { Min = 100, Max = 15_000 },

        new("line.capacity", SettingKind.Capacity, "100Mbit/s", "Capacity of the line between the SUT and the sinks, per direction; all connections share it.") { Min = 1000, Max = 1e11 },
        new("line.delay", SettingKind.Duration, "0s", "One-way delay, in each direction.") { Max = 10 },
        new("line.queue", SettingKind.Size, "64KiB", "Octets that may wait for the line per direction, kernel buffers included. In user space never less than 5 ms of the line, since processes may wake so late.") { Min = 4096, Max = 1024 * MiB },
        new("line.backend", SettingKind.Choice, "userspace", "What shapes the line: userspace, a proxy that needs no privilege (octets estimated); kernel, virtual cables and tc's token bucket, for root (octets measured); auto, kernel where it can be had; none, for points about users, which run on userspace or none: they dial the server itself and no octets are counted.") { Sweepable = false, Choices = ["auto", "userspace", "kernel", "none"] },

        new("dns.domains", SettingKind.Integer, "100", "Recipient domains d0 … in the zone.") { Min = 1, Max = 1_000_000 },
        new("dns.mx", SettingKind.Integer, "5", "MX hosts mx0 …, each with an address of its own.") { Min = 1, Max = 250 },
        new("dns.perDomain", SettingKind.Integer, "1", "MX records per domain, all of preference 10: domain J has the hosts (J + k) mod mx.") { Min = 1, Max = 50 },
        new("dns.additional", SettingKind.Flag, "on", "Whether MX answers carry the hosts' addresses in the additional section."),
        new("dns.suffix", SettingKind.Text, "test", "Domain under which everything lives.") { Pattern = SuffixPattern(), Form = "a domain name of letters, digits, dashes and dots" },
        new("dns.ttl", SettingKind.Duration, "1h", "Time to live of all records; the SUT's cache keeps them so long.") { Max = 30 * Day },
        new("dns.faults", SettingKind.List, "", "Faults of the responder.") { Pattern = FaultPattern(), Form = "NAME-PATTERN:KIND[:VALUE], KIND one of delay, servfail, nxdomain, refused, drop, truncate, lame, no-additional" },
        new("dns.resolver", SettingKind.Choice, "none", "What stands between the system under test and the responder: none; unbound, a caching resolver (Debian package unbound), which needs root and begins each trial with an empty cache.") { Choices = ["none", "unbound"] },

        new("testbed.smtpPort", SettingKind.Integer, "0", "Port of all MX hosts; 0: a free one, or 25 where the run has a network of its own. An external server must know it.") { Sweepable = false, Max = 65_535 },
        new("testbed.burden", SettingKind.Share, null, "CPU that source and sink waste beside what they use; default: none. A rate that moves with it is the testbed's, not the system's.") { Max = 1 },
        new("testbed.dnsPort", SettingKind.Integer, "0", "Port of the DNS responder at 127.0.0.1; 0: a free one, or 53 where the run has a network of its own.") { Sweepable = false, Max = 65_535 },

        new("mta.strategy", SettingKind.Choice, "per-mx-host", "How recipients are gathered into transactions.") { Choices = Kebab.Names<DeliveryStrategy>() },
        new("mta.reuse", SettingKind.Choice, "across-messages", "When an outbound session serves more than one transaction.") { Choices = Kebab.Names<SessionReuse>() },
        new("mta.sessionsPerSite", SettingKind.Integer, "4", "Parallel outbound sessions to one site.") { Min = 1, Max = 10_000 },
        new("mta.sessionsOut", SettingKind.Integer, "200", "Parallel outbound sessions in all.") { Min = 1, Max = 100_000 },
        new("mta.recipientsPerTransaction", SettingKind.Integer, "100", "Recipients in one outbound transaction; RFC 5321 has every server take 100.") { Min = 1, Max = 10_000 },
        new("mta.pipelining", SettingKind.Flag, "on", "Whether outbound sessions pipeline (RFC 2920)."),
        new("mta.overlap", SettingKind.Flag, "on", "Whether the next message's envelope follows the end of a content at once, where PIPELINING is offered (RFC 2920)."),
        new("mta.chunking", SettingKind.Flag, "on", "Whether content goes by BDAT where CHUNKING is offered (RFC 3030)."),
        new("mta.callsTogether", SettingKind.Flag, "on", "Whether receives and sends enter the kernel together, where it has io_uring; off: a system call each, as other MTAs do."),
        new("mta.contentConversion", SettingKind.Choice, "convert", "8-bit content at a host without 8BITMIME: convert makes it quoted-printable or base64, or fails it where MIME does not allow that; bounce fails it; pass sends it as it is.") { Choices = Kebab.Names<ContentConversion>() },
        new("mta.transactionsPerSession", SettingKind.Integer, "1000", "Transactions of an outbound session before it says QUIT.") { Min = 1, Max = 1_000_000_000 },
        new("mta.sessionAge", SettingKind.Duration, "10m", "Age of an outbound session at which it says QUIT.") { Min = 0.001, Max = Day },
        new("mta.attemptLog", SettingKind.Choice, "failures", "Which delivery attempts the attempt log keeps.") { Choices = Kebab.Names<AttemptLog>() },
        new("mta.retry.first", SettingKind.Duration, "5s", "First wait before a retry; it doubles each time.") { Min = 0.001, Max = Day },
        new("mta.retry.max", SettingKind.Duration, "1h", "Longest wait before a retry.") { Min = 0.001, Max = 30 * Day },
        new("mta.retry.lifetime", SettingKind.Duration, "5d", "Age at which a recipient fails with a DSN.") { Min = 0.001, Max = 365 * Day },
        new("mta.durability", SettingKind.Choice, "synced", "What a 250 guarantees: none, the message is in memory; os, it is written; synced, it is on stable storage. Points of unequal durability are never ranked.") { Choices = Kebab.Names<Durability>() },
        new("mta.queueBackend", SettingKind.Choice, "segments", "How the queue keeps messages: segments, a log whose syncs are shared; files, a file per message as sendmail and Postfix do.") { Choices = Kebab.Names<QueueBackend>() },
        new("mta.queueDirectories", SettingKind.Integer, "1", "Queue directories.") { Min = 1, Max = 64 },
        new("mta.queuePath", SettingKind.Text, null, "Directory under which queues are made, to place them on another file system; default: inside the run folder."),
        new("mta.maxMessageSize", SettingKind.Size, "32MiB", "Largest message taken.") { Min = 1024, Max = 2047 * MiB },
        new("mta.maxRecipients", SettingKind.Integer, "1000", "Most recipients of one inbound transaction.") { Min = 1, Max = 100_000 },
        new("mta.maxSessionsIn", SettingKind.Integer, "1000", "Inbound sessions at once.") { Min = 1, Max = 100_000 },
        new("mta.maxSessionsPerClient", SettingKind.Integer, "500", "Inbound sessions of one client address at once.") { Min = 1, Max = 100_000 },
        new("mta.maxErrors", SettingKind.Integer, "20", "Bad commands and refused recipients of a session since its last accepted message before it is ended with 421.") { Min = 1, Max = 100_000 },
        new("mta.postmaster", SettingKind.Text, null, "Where mail for postmaster, alone or at the MTA's own name, goes (RFC 5321 section 4.5.1); default: it is refused.") { Pattern = MailboxPattern(), Form = "a mailbox as LOCAL@DOMAIN" },
        new("mta.receiveMemory", SettingKind.Size, "256MiB", "Content being received, all sessions together; beyond it, 452, and from seven eighths of it for new mail.") { Min = MiB, Max = 65_536 * MiB },
        new("mta.maxQueuedRecipients", SettingKind.Integer, "5000000", "Recipients queued; beyond it, 452.") { Min = 1, Max = 1e9 },
        new("mta.deliveryPatience", SettingKind.Duration, "250ms", "Wait of recipients for an outbound session beyond which acceptance yields: at n times as much it has 1/n of the loop's time. 0s: it takes what it can.") { Max = Day },
        new("mta.maxHops", SettingKind.Integer, "100", "Received headers at which a message is held to loop.") { Min = 1, Max = 1000 },
        new("mta.sessionTimeout", SettingKind.Duration, "5m", "Wait for a peer's next command or reply.") { Min = 0.1, Max = Day },
        new("mta.dnsTimeout", SettingKind.Duration, "5s", "Wait for a DNS answer.") { Min = 0.01, Max = 600 },
        new("mta.dnsStale", SettingKind.Duration, "1d", "How long past its TTL a positive DNS answer is used while no new one comes (RFC 8767). 0s: never.") { Max = 7 * Day },

        new("sink.refuse", SettingKind.List, "", "Refusals of the sink.") { Pattern = RefusalPattern(), Form = "PHASE:CODE[:ENHANCED][:SHARE][:PATTERN], for example rcpt:450:4.2.0:10%, PHASE one of connect, helo, mail, rcpt, data, end" },

        new("sink.withhold", SettingKind.List, "", "SMTP extensions that the sink does not offer.") { Pattern = ExtensionPattern(), Form = "one of pipelining, size, eight-bit-mime, enhanced-status-codes, chunking, limits" },
        new("sink.limits", SettingKind.List, "", "Limits that the sink announces (RFC 9422) and keeps.") { Pattern = LimitPattern(), Form = SmtpLimits.Form },

        new("workload.size", SettingKind.Size, "4KiB", "Synthetic messages of exactly so many octets.") { Group = "content", Min = 256, Max = 1024 * MiB },
        new("workload.mix", SettingKind.Choice, null, "Synthetic messages of a realistic mix of sizes and structures.") { Group = "content", Choices = ["mailing-list", "mobile", "office"] },
        new("workload.messages", SettingKind.Text, null, "Real mail: an mbox file, a maildir or a folder of .eml files; a relative path is looked for beside the profile.") { Group = "content" },
        new("workload.recipients", SettingKind.Integer, "1", "Recipients of each message.") { Min = 1, Max = 100_000 },
        new("workload.pipelining", SettingKind.Flag, "on", "Whether the source pipelines."),
        new("workload.overlap", SettingKind.Flag, "off", "Whether the source sends the next envelope behind the end of a content, where messages wait for a session."),
        new("workload.chunking", SettingKind.Flag, "off", "Whether the source sends content by BDAT where CHUNKING is offered."),
        new("workload.reuse", SettingKind.Flag, "on", "Whether the source sends several messages in one session."),

        new("load.model", SettingKind.Choice, "backlog", "Backlog: saturated, a constant number of undelivered recipients. Open: arrivals on a schedule. Closed: users with think time.") { Choices = Kebab.Names<LoadModel>() },
        new("load.backlog", SettingKind.Integer, "5000", "Backlog model: undelivered recipients held in the system.") { Min = 1, Max = 10_000_000 },
        new("load.rate", SettingKind.OfferedRate, null, "Open model: messages per second.") { Group = "schedule" },
        new("load.arrivals", SettingKind.Choice, null, "How the arrivals of load.rate are spaced: even (unless said), or random (Poisson, seeded), as mail comes; only these queue before a resource is full.") { Choices = ["even", "random"] },
        new("load.stages", SettingKind.List, null, "Open and closed model: a schedule of stages, which warm-up and steady window hold together; rates may be shares of what a sweep measured.") { Group = "schedule", Pattern = LoadStageText.StagePattern(), Form = LoadStageText.Form },
        new("load.find", SettingKind.Choice, "none", "Sustainable: load.rate is the highest rate to try, and the point is a search, by doubling and bisection, for the highest rate that is carried (criteria). Each try is a trial of its own, with a fresh SUT and queue; both ends of the interval are tried again, upwards and downwards. Once, whatever the repetitions.") { Choices = ["none", "sustainable"] },
        new("load.resolution", SettingKind.Share, "5%", "How close the two ends of a search must come. Finer asks for more tries, and for longer windows to tell the two apart.") { Min = 0.005, Max = 0.5 },
        new("load.users", SettingKind.Integer, "8", "Closed model without stages: users in parallel.") { Min = 1, Max = 1_000_000 },
        new("load.thinkTime", SettingKind.Duration, "0s", "Closed model: a user's pause after each message.") { Max = Day },
        new("load.sessions", SettingKind.Integer, "8", "Sessions that the source may hold at once (open and backlog model).") { Min = 1, Max = 20_000 },

        new("criteria.accepted", SettingKind.Duration, "5s", "A rate is carried while 95 % of messages are accepted within this time from when they were due, and 95 % of each step of the dialogue take no longer (SPECmail's bound) …") { Min = 0.001, Max = Day },
        new("criteria.delivered", SettingKind.Duration, "1m", "… 95 % of their recipients are delivered within this time from then (SPECmail's bound) …") { Min = 0.001, Max = Day },
        new("criteria.errors", SettingKind.Share, "1%", "… at most this share of recipients is refused, fails, is returned or has an unknown fate (SPECmail's bound) …") { Max = 0.5 },
        new("criteria.backlog", SettingKind.Share, "1%", "… and what waits does not pile up: the upper 95 % bound of the growth of undelivered recipients is at most this share of those accepted in the window, and that of messages due and not accepted this share of those offered. It tells an overload in windows too short for the times above.") { Min = 0.001, Max = 0.5 },

        new("users.count", SettingKind.Integer, null, "Users who poll the mailbox server (system: mailbench, dovecot, or an external one) through the line; a point that has it is about them and relays no mail.") { Min = 1, Max = 1_000_000 },
        new("users.interval", SettingKind.Duration, "5m", "How often each user polls; a poll that is due while the one before is open waits for it.") { Min = 0.01, Max = Day },
        new("users.protocol", SettingKind.Choice, "pop3", "What the users speak.") { Choices = Kebab.Names<PollProtocol>() },
        new("users.tls", SettingKind.Choice, "none", "How users secure their sessions with MailBench's own mailbox server: starttls (STLS over POP3), asked for before they log in; implicit, from the first octet. The certificate is made for the trial, and they take no other.") { Choices = Kebab.Names<TlsMode>() },
        new("users.action", SettingKind.Choice, "check", "What a poll does: check, log in and look (STAT, SELECT); fetch, retrieve what is new; headers, its headers first; delete, retrieve everything and delete it; reread, retrieve everything and leave it, each time again; idle (IMAP), hold a session each in IDLE, renewed every interval, and fetch what is announced.") { Choices = Kebab.Names<PollAction>() },
        new("users.mailPerPoll", SettingKind.Number, "0", "Messages of the workload that arrive for each user in an interval, by SMTP beside the line, while all poll.") { Max = 1000 },
        new("users.mailbox.messages", SettingKind.Integer, "0", "Messages that lie in each user's mailbox before the trial.") { Max = 100_000 },
        new("users.mailbox.size", SettingKind.Size, "4KiB", "Size of each of them, header included, as a client gets it.") { Min = 512, Max = 32 * MiB },
        new("users.mailbox.waiting", SettingKind.Flag, "off", "Whether each mailbox also holds, before the trial, the mail that would have come since its user's last poll (users.mailPerPoll, of workload.size): then warm-up and window may be much shorter than users.interval."),
        new("users.phase", SettingKind.Choice, "random", "When the users of an interval come: each at a moment of its own, or all at once.") { Choices = Kebab.Names<PollPhase>() },
        new("users.thinkTime", SettingKind.Duration, "0s", "How long a user looks at what there is, the session open, before going on.") { Max = Day },
        new("users.sessions", SettingKind.Integer, null, "Sessions that all users together may hold; polls beyond it wait. Unless said: as many as there are users.") { Min = 1, Max = 1_000_000 },
        new("users.within", SettingKind.Duration, "5s", "Response that 95 % of the polls must keep for their users to be carried.") { Min = 0.001, Max = Day },
        new("users.find", SettingKind.Choice, "none", "Knee: search in one trial, by bisection up to users.count, for the most users who are carried; then overload them (120 %), and see how that ends.") { Choices = ["none", "knee"] },
        new("users.resolution", SettingKind.Share, "5%", "How close the knee's two ends must come.") { Min = 0.005, Max = 0.5 },
        new("users.schedule", SettingKind.List, "", "A day's shape: shares of the users who poll, one after the other, in place of phases.steady.") { Pattern = UsersStageText.StagePattern(), Form = UsersStageText.Form },
        new("users.delivery", SettingKind.Choice, "direct", "How mail reaches the mailbox server: direct, from the source; mta, through the own MTA core beside it (the all-in-one server).") { Choices = ["direct", "mta"] },
        new("users.pipelining", SettingKind.Flag, "off", "Whether users send commands without waiting for replies; most people's clients do not."),

        new("phases.calibrate", SettingKind.Duration, "1s", "Length of each probe of the testbed before the first point.") { Sweepable = false, Min = 0.2, Max = 600 },
        new("phases.warmUp", SettingKind.Duration, "5s", "From the first arrival to the window: JIT tiers, caches, a full line.") { Min = 0.1, Max = 7 * Day },
        new("phases.steady", SettingKind.Duration, "30s", "The window in which rates are measured.") { Min = 0.5, Max = 7 * Day },
        new("phases.drain", SettingKind.Duration, "30s", "How long the SUT may go on delivering after the load has ended; what is left is still queued.") { Min = 0.5, Max = 7 * Day },

        new("compare.factors", SettingKind.List, "", "What may differ beside the swept setting when points are compared: axes of the feature vector, or settings such as load.sessions. Everything else must be equal.") { Sweepable = false, Pattern = FactorPattern(), Form = "the name of a feature axis or the path of a setting" },
        new("compare.pairs", SettingKind.List, "", "What is compared: 'postfix-tuned against postfix', two values of a swept setting of the system or of DNS. Only these pairs then; without, each value is held against the first. The fewer, the fewer repetitions it takes to decide one.") { Sweepable = false, Pattern = PairPattern(), Form = "two values, as 'postfix-tuned against postfix'" },
        new("compare.threshold", SettingKind.Share, "3%", "Difference below which two rates or latencies are called unchanged.") { Sweepable = false, Min = 0.001, Max = 1 },

        new("gates.ceiling", SettingKind.Number, "1.5", "Source-to-sink ceiling ÷ result below which a point is void.") { Min = 1, Max = 100 },
        new("gates.lateness", SettingKind.Duration, "1ms", "Lateness of the source at p50, p95 or p99 beyond which a point is void …") { Max = 60 },
        new("gates.latenessShare", SettingKind.Share, "10%", "… unless it is below this share of the response time there.") { Max = 1 },
        new("gates.steal", SettingKind.Share, "2%", "CPU steal above which a point is flagged.") { Max = 1 },
        new("gates.memoryGrowth", SettingKind.Share, "0%", "Growth of the SUT's memory over the window above which a point is flagged; 0%: never, since in a window of seconds it is still growing.") { Max = 10 },
        new("gates.probeDrift", SettingKind.Share, "10%", "Movement of the sync probe during the run above which points are flagged.") { Max = 1 },
    ];

    private static readonly Dictionary<string, Setting> ByPath = All.ToDictionary(setting => setting.Path, StringComparer.Ordinal);

    /// <summary>Paths that contain settings: <c>mta</c>, <c>mta.retry</c>.</summary>
    public static IReadOnlySet<string> Sections { get; } = All.SelectMany(Ancestors).ToHashSet(StringComparer.Ordinal);

    public static Setting? Find(string path) => ByPath.GetValueOrDefault(path);

    /// <summary>The row of a path that the code itself names; throws for one that does not exist, which is a defect.</summary>
    public static Setting Get(string path) => ByPath[path];

    /// <summary>Names directly below a section, settings and sections alike.</summary>
    public static IEnumerable<string> NamesIn(string section) =>
        All.Where(setting => section.Length == 0 || setting.Path.StartsWith(section + ".", StringComparison.Ordinal))
            .Select(setting => (section.Length == 0 ? setting.Path : setting.Path[(section.Length + 1)..]).Split('.')[0]).Distinct();

    private static IEnumerable<string> Ancestors(Setting setting)
    {
        for (var section = setting.Section; section.Length > 0; section = section.LastIndexOf('.') is var dot and > 0 ? section[..dot] : "") yield return section;
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"^[a-z0-9][a-z0-9-]{0,39}$", RegexOptions.CultureInvariant)]
    private static partial Regex SystemPattern();

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9.-]{0,60}[A-Za-z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex SuffixPattern();

    [GeneratedRegex(@"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9]([A-Za-z0-9.-]{0,200}[A-Za-z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex MailboxPattern();

    [GeneratedRegex(@"^[A-Za-z][A-Za-z.]{0,60}$", RegexOptions.CultureInvariant)]
    private static partial Regex FactorPattern();

    [GeneratedRegex(@"^\S+ against \S+$", RegexOptions.CultureInvariant)]
    private static partial Regex PairPattern();

    [GeneratedRegex(@"^[^:\s]+:(delay|servfail|nxdomain|refused|drop|truncate|lame|no-additional)(:\S+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex FaultPattern();

    [GeneratedRegex(@"^(pipelining|size|eight-bit-mime|enhanced-status-codes|chunking|limits)$", RegexOptions.CultureInvariant)]
    private static partial Regex ExtensionPattern();

    [GeneratedRegex(@"^(RCPTMAX|MAILMAX|RCPTDOMAINMAX)=[1-9][0-9]{0,8}$", RegexOptions.CultureInvariant)]
    private static partial Regex LimitPattern();

    [GeneratedRegex(@"^(connect|helo|mail|rcpt|data|end):[45][0-9][0-9](:[245]\.[0-9]{1,3}\.[0-9]{1,3})?(:[0-9.]+%)?(:\S+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex RefusalPattern();
}
