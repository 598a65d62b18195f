using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>OpenSMTPD 6.4 or later (its grammar of rules), as Debian builds it: users <c>opensmtpd</c> and <c>opensmtpq</c>.</summary>
internal sealed partial class OpenSmtpdAdapter : MtaAdapter
{
    private const string ConfigurationPlace = "/etc/smtpd.conf";
    private const string SpoolPlace = "/var/spool/smtpd";
    private const string Owner = "opensmtpd";
    private const string QueueOwner = "opensmtpq";
    private const string LogName = "mail.log";
    private const string QueueTtl = "queue-ttl";

    /// <summary>Throughput settings and where each comes from (smtpd.conf(5) and the defaults in its source).</summary>
    internal static IReadOnlyList<TunedSetting> Tuned { get; } =
    [
        new("mta-limit-session-mail-max", "1000000", "mta.c: do not close a session after 100 messages and wait for the next"),
        new("mta-limit-session-transaction-delay", "0", "mta.c: no pause between transactions"),
        new("mta-limit-conn-delay-host", "0", "mta.c: no pause between connections to a host"),
        new("mta-limit-conn-delay-route", "0", "mta.c: the same for a route"),
        new("mta-limit-conn-delay-source", "0", "mta.c: the same for a source"),
        new("mta-limit-conn-delay-connector", "0", "mta.c: the same for a connector"),
        new("mta-limit-conn-delay-relay", "0", "mta.c: the same for a relay"),
        new("mta-limit-conn-delay-domain", "0", "mta.c: the same for a domain"),
        new("mta-limit-max-conn-per-host", "20", "smtpd.conf(5): more sessions to a host than 10"),
        new("scheduler-limit-max-inflight", "20000", "smtpd.conf(5): more envelopes under way than 5000"),
    ];

    private readonly ConcurrentDictionary<string, string> _versions = new();

    public override SystemKind Kind => SystemKind.Opensmtpd;

    protected override string Title => "OpenSMTPD";

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
            if (key == QueueTtl)
            {
                if (!Interval().IsMatch(value)) return $"settings.{key}: how long mail is tried for, 4d say, found '{value}'.";
                continue;
            }

            if (!key.StartsWith("mta-limit-", StringComparison.Ordinal) && !key.StartsWith("smtp-limit-", StringComparison.Ordinal) && !key.StartsWith("scheduler-limit-", StringComparison.Ordinal))
                return $"settings.{key}: of OpenSMTPD's settings its limits can be set: mta-limit-NAME, smtp-limit-NAME, scheduler-limit-NAME, with the names of smtpd.conf(5); and {QueueTtl}.";
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

    protected override IReadOnlyDictionary<string, string> Effective(MailSystem system) => Effective(system, Tuned);

    protected override IEnumerable<(string Axis, string Value)> Own(MailSystem system, Func<string, string, string> of) =>
    [
        ("durability", "os"),
        ("durabilityHow", "files written and renamed before the 250; never synced"),
        ("queueBackend", "a file per message and one per recipient"),
        ("queueDirectories", "256 (by the first octet of the message ID)"),
        ("strategy", "per-domain"),
        ("reuse", $"across-messages, {of("mta-limit-session-mail-max", "100")} messages"),
        ("concurrency", $"{of("mta-limit-max-conn-per-host", "10")} per host"),
        ("recipientsPerTransaction", "all of a message (1000 at its door)"),
        ("pipelining", "off"),
        ("overlap", "off"),
        ("chunking", "none"),
        ("contentConversion", "none: 8-bit content goes as it is"),
        ("attemptLog", "all, by syslog"),
    ];

    /// <summary><c>smtpd.conf</c>. Mail from this host goes to any domain; OpenSMTPD itself relays for nobody else (<c>from local</c>).</summary>
    internal static string Write(MailSystem system, string hostName)
    {
        var text = new StringBuilder();
        // A session is the source's for the whole trial, and 100 messages is where OpenSMTPD would end it.
        var limits = new Dictionary<string, string>(StringComparer.Ordinal) { ["smtp-limit-max-mails"] = "1000000" };
        foreach (var (key, value) in ForeignAdapter.Effective(system, Tuned)) limits[key] = value;
        foreach (var (key, value) in limits)
        {
            text.AppendJoin(' ', key.Split('-', 3)).Append(' ').Append(value).Append('\n');
        }

        text.Append("listen on ").Append(DoorAddress).Append(" port 25 hostname ").Append(hostName).Append('\n');
        text.Append("action \"out\" relay helo ").Append(hostName).Append('\n');
        text.Append("match from local for any action \"out\"\n");
        return text.ToString();
    }

    private static (string Root, string Program)? Find(MailSystem system) => MtaRoots.Find(system, "/usr/sbin/smtpd");

    private string VersionOf(string root, string program) =>
        _versions.GetOrAdd(root, _ => ProgramWords.VersionBehind(ProgramWords.Of(root, program, "-h"), "OpenSMTPD ") ?? "(version not told)");

    [GeneratedRegex(@"\A[1-9][0-9]{0,3}[smhd]\z", RegexOptions.CultureInvariant)]
    private static partial Regex Interval();
}
