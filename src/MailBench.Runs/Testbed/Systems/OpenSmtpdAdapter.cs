using System.Collections.Concurrent;
using System.Text;
using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>OpenSMTPD 6.4 or later (its grammar of rules), as Debian builds it: users <c>opensmtpd</c> and <c>opensmtpq</c>.</summary>
internal sealed class OpenSmtpdAdapter : MtaAdapter
{
    private const string ConfigurationPlace = "/etc/smtpd.conf";
    private const string SpoolPlace = "/var/spool/smtpd";
    private const string Owner = "opensmtpd";
    private const string QueueOwner = "opensmtpq";
    private const string LogName = "mail.log";

    /// <summary>Throughput settings and where each comes from (smtpd.conf(5) and the defaults in its source).</summary>
    internal static IReadOnlyList<(string Key, string Value, string Source)> Tuned { get; } =
    [
        ("mta-limit-session-mail-max", "1000000", "mta.c: do not close a session after 100 messages and wait for the next"),
        ("mta-limit-session-transaction-delay", "0", "mta.c: no pause between transactions"),
        ("mta-limit-conn-delay-host", "0", "mta.c: no pause between connections to a host"),
        ("mta-limit-conn-delay-route", "0", "mta.c: the same for a route"),
        ("mta-limit-conn-delay-source", "0", "mta.c: the same for a source"),
        ("mta-limit-conn-delay-connector", "0", "mta.c: the same for a connector"),
        ("mta-limit-conn-delay-relay", "0", "mta.c: the same for a relay"),
        ("mta-limit-conn-delay-domain", "0", "mta.c: the same for a domain"),
        ("mta-limit-max-conn-per-host", "20", "smtpd.conf(5): more sessions to a host than 10"),
        ("scheduler-limit-max-inflight", "20000", "smtpd.conf(5): more envelopes under way than 5000"),
    ];

    private readonly ConcurrentDictionary<string, string> _versions = new();

    public override SystemKind Kind => SystemKind.Opensmtpd;

    public override string? Missing(MailSystem system)
    {
        if (Find(system) is not var (root, _)) return $"OpenSMTPD {MtaRoots.HowToGet(system, "opensmtpd")}";
        return Ownership.Knows(MtaRoots.Inside(root, "/etc/passwd"), QueueOwner) ? null : $"OpenSMTPD is in {root}, but not its user {QueueOwner}; this adapter knows Debian's package.";
    }

    public override (string Version, string Root)? Found(MailSystem system) => Find(system) is var (root, program) ? ($"OpenSMTPD {VersionOf(root, program)}", root) : null;

    public override string? Refusal(MailSystem system)
    {
        foreach (var (key, value) in system.Settings)
        {
            if (!key.StartsWith("mta-limit-", StringComparison.Ordinal) && !key.StartsWith("smtp-limit-", StringComparison.Ordinal) && !key.StartsWith("scheduler-limit-", StringComparison.Ordinal))
                return $"settings.{key}: of OpenSMTPD's settings its limits can be set: mta-limit-NAME, smtp-limit-NAME, scheduler-limit-NAME, with the names of smtpd.conf(5).";
            if (value.Length == 0 || !value.All(char.IsAsciiDigit)) return $"settings.{key}: a limit is a number, found '{value}'.";
        }

        return null;
    }

    public override MtaStart Prepare(MailSystem system, MtaFolders folders, string hostName)
    {
        var (root, program) = Find(system) ?? throw new IOException("OpenSMTPD is not there any more.");
        var configuration = Path.Combine(folders.Configuration, "smtpd.conf");
        File.WriteAllText(configuration, Write(system, hostName));
        Ownership.MakeFolder(folders.Spool, null, null, (UnixFileMode)0b111_001_001, root);
        Ownership.MakeFolder(MtaRoots.Inside(root, "/var/lib/opensmtpd/empty"), null, null, (UnixFileMode)0b111_101_101, root);
        return new MtaStart(
            root,
            [new BindMount(configuration, ConfigurationPlace), new BindMount(folders.Spool, SpoolPlace), new BindMount(folders.Run, "/run")],
            [program, "-F", "-f", ConfigurationPlace],
            Path.Combine(folders.Log, LogName),
            UsesSyslog: true);
    }

    public override long QueuedMessages(MtaFolders folders) => OpenSmtpdQueue.Count(folders.Spool);

    public override Task<IReadOnlyList<QueuedRecipient>> ListAsync(MailSystem system, MtaFolders folders, Enclosure enclosure, CancellationToken cancellationToken) =>
        Task.FromResult(OpenSmtpdQueue.Read(folders.Spool));

    public override IReadOnlyDictionary<string, string> Features(MailSystem system)
    {
        var set = Effective(system);
        string Of(string key, string otherwise) => set.GetValueOrDefault(key, otherwise);
        return new Dictionary<string, string>
        {
            ["sut"] = Find(system) is var (root, program) ? $"OpenSMTPD {VersionOf(root, program)}" : "OpenSMTPD (not installed)",
            ["variant"] = system.Variant == SystemVariant.Tuned ? "tuned" : "as shipped",
            ["settings"] = set.Count == 0 ? "none" : string.Join(", ", set.Select(pair => $"{pair.Key}={pair.Value}")),
            ["durability"] = "os",
            ["durabilityHow"] = "files written and renamed before the 250; never synced",
            ["queueBackend"] = "a file per message and one per recipient",
            ["queueDirectories"] = "256 (by the first octet of the message ID)",
            ["strategy"] = "per-domain",
            ["reuse"] = $"across-messages, {Of("mta-limit-session-mail-max", "100")} messages",
            ["concurrency"] = $"{Of("mta-limit-max-conn-per-host", "10")} per host",
            ["recipientsPerTransaction"] = "all of a message (1000 at its door)",
            ["pipelining"] = "off",
            ["overlap"] = "off",
            ["chunking"] = "none",
            ["limits"] = "none",
            ["tls"] = "none",
            ["auth"] = "none",
            ["dkimSpfDmarc"] = "none",
            ["dnsbl"] = "none",
            ["accessMap"] = "none",
            ["contentConversion"] = "none: 8-bit content goes as it is",
            ["attachmentPolicy"] = "none",
            ["dsn"] = "on failure",
            ["attemptLog"] = "all, by syslog",
            ["routing"] = "mx",
            ["ldap"] = "none",
            ["mailboxFormat"] = "none",
            ["cachingResolver"] = "none",
        };
    }

    /// <summary>Limits that differ from the defaults by variant and profile, the later winning.</summary>
    internal static IReadOnlyDictionary<string, string> Effective(MailSystem system)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        if (system.Variant == SystemVariant.Tuned)
            foreach (var (key, value, _) in Tuned) settings[key] = value;
        foreach (var (key, value) in system.Settings) settings[key] = value;
        return settings;
    }

    /// <summary><c>smtpd.conf</c>. Mail from this host goes to any domain; OpenSMTPD itself relays for nobody else (<c>from local</c>).</summary>
    internal static string Write(MailSystem system, string hostName)
    {
        var text = new StringBuilder();
        // A session is the source's for the whole trial, and 100 messages is where OpenSMTPD would end it.
        var limits = new Dictionary<string, string>(StringComparer.Ordinal) { ["smtp-limit-max-mails"] = "1000000" };
        foreach (var (key, value) in Effective(system)) limits[key] = value;
        foreach (var (key, value) in limits)
        {
            var words = key.Split('-', 3);
            text.Append(words[0]).Append(' ').Append(words[1]).Append(' ').Append(words[2]).Append(' ').Append(value).Append('\n');
        }

        text.Append("listen on ").Append(DoorAddress).Append(" port 25 hostname ").Append(hostName).Append('\n');
        text.Append("action \"out\" relay helo ").Append(hostName).Append('\n');
        text.Append("match from local for any action \"out\"\n");
        return text.ToString();
    }

    private static (string Root, string Program)? Find(MailSystem system) => MtaRoots.Find(system, "/usr/sbin/smtpd");

    private string VersionOf(string root, string program) =>
        _versions.GetOrAdd(root, _ => ProgramWords.VersionBehind(ProgramWords.Of(root, program, "-h"), "OpenSMTPD ") ?? "(version not told)");
}
