using System.Collections.Concurrent;
using System.Globalization;
using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>Postfix 3.4 or later (it needs <c>postlogd</c>), as the system's package installed it.</summary>
internal sealed class PostfixAdapter : MtaAdapter
{
    private const string Owner = "postfix";
    private const string DropGroup = "postdrop";
    private static readonly Version Oldest = new(3, 4);
    private static readonly string[] Places = ["/usr/sbin", "/usr/local/sbin", "/opt/postfix/sbin"];

    private readonly ConcurrentDictionary<string, PostfixProgram?> _programs = new();

    public override SystemKind Kind => SystemKind.Postfix;

    protected override string Title => "Postfix";

    public override string? Missing(MailSystem system)
    {
        const string get = "(Debian: apt-get install postfix; a file /usr/sbin/policy-rc.d that exits 101 keeps its service from starting)";
        if (Find(system) is not { } program) return $"Postfix {MtaRoots.HowToGet(system, "postfix")}";
        if (program.Version < Oldest) return $"Postfix {program.VersionText} is too old: {Oldest} brought the log daemon that works without syslog.";
        if (!Ownership.Knows(program.Of("/etc/passwd"), Owner) || !Ownership.Knows(program.Of("/etc/group"), DropGroup)) return $"Postfix is there, but not its user {Owner} and group {DropGroup}; install its package {get}.";
        var missing = new[] { PostfixConfiguration.ConfigurationPlace, PostfixConfiguration.SpoolPlace, PostfixConfiguration.DataPlace }.FirstOrDefault(place => program.Root == MtaRoots.Machine && !Directory.Exists(place));
        return missing is null ? null : $"Postfix is there, but not {missing}, over which private files are laid; install its package {get}.";
    }

    public override (string Version, string Root)? Found(MailSystem system) => Find(system) is { } program ? ($"Postfix {program.VersionText}", program.Root) : null;

    public override string? Refusal(MailSystem system) => PostfixConfiguration.Refusal(system);

    public override MtaStart Prepare(MailSystem system, MtaFolders folders, string hostName)
    {
        var program = Find(system) ?? throw new IOException("Postfix is not there any more.");
        File.WriteAllText(Path.Combine(folders.Configuration, "main.cf"), PostfixConfiguration.MainCf(system, hostName, program.DaemonDirectory, program.CommandDirectory));
        File.WriteAllText(Path.Combine(folders.Configuration, "master.cf"), PostfixConfiguration.MasterCf());
        MakeSpool(folders.Spool, program.Root);
        Ownership.MakeFolder(folders.Data, Owner, null, (UnixFileMode)0b111_000_000, program.Root);
        return new MtaStart(
            program.Root,
            [
                new BindMount(folders.Configuration, PostfixConfiguration.ConfigurationPlace), new BindMount(folders.Spool, PostfixConfiguration.SpoolPlace),
                new BindMount(folders.Data, PostfixConfiguration.DataPlace), new BindMount(folders.Log, PostfixConfiguration.LogPlace),
            ],
            [Path.Combine(program.DaemonDirectory, "master"), "-c", PostfixConfiguration.ConfigurationPlace, "-s"],
            Path.Combine(folders.Log, PostfixConfiguration.LogName));
    }

    /// <summary>Accepted mail goes to the queue <c>hold</c>, at which the queue manager does not look (access(5)). Its brake on incoming mail must be off: it counts what the queue manager takes, which would be nothing.</summary>
    public override IReadOnlyList<KeyValuePair<string, string>> Holding { get; } = [new("smtpd_client_restrictions", "check_client_access static:HOLD"), new("in_flow_delay", "0")];

    /// <summary>postsuper(1) moves what is held to <c>deferred</c>, and postqueue(1) makes all of that due.</summary>
    public override IReadOnlyList<IReadOnlyList<string>> Release(MailSystem system) =>
        Find(system) is { CommandDirectory: var place }
            ? [[Path.Combine(place, "postsuper"), "-c", PostfixConfiguration.ConfigurationPlace, "-H", "ALL"], [Path.Combine(place, "postqueue"), "-c", PostfixConfiguration.ConfigurationPlace, "-f"]]
            : throw new IOException("Postfix is not there any more.");

    public override long QueuedMessages(MtaFolders folders) => PostfixQueue.Count(folders.Spool);

    public override Task<IReadOnlyList<QueuedRecipient>> ListAsync(MailSystem system, MtaFolders folders, Enclosure enclosure, CancellationToken cancellationToken) =>
        enclosure.LookAsync<IReadOnlyList<QueuedRecipient>>([Path.Combine(Find(system)!.CommandDirectory, "postqueue"), "-c", PostfixConfiguration.ConfigurationPlace, "-j"], async listing =>
        {
            var queued = new List<QueuedRecipient>();
            while (await listing.ReadLineAsync(cancellationToken) is { } line) queued.AddRange(PostfixQueue.ParseLine(line));
            return queued;
        }, cancellationToken);

    protected override IReadOnlyDictionary<string, string> Effective(MailSystem system) => Effective(system, PostfixConfiguration.Tuned);

    protected override IEnumerable<(string Axis, string Value)> Own(MailSystem system, Func<string, string, string> of)
    {
        var reuse = of("smtp_connection_cache_destinations", "").Length > 0 ? "across-messages" : of("smtp_connection_cache_on_demand", "yes") == "yes" ? "across-messages, where a site gets much mail" : "none";
        return
        [
            ("durability", "synced"),
            ("durabilityHow", "a sync of each message's queue file before the 250; its directory is not synced"),
            ("queueBackend", "a file per message"),
            ("queueDirectories", "1 (incoming, active, deferred)"),
            ("strategy", "per-domain"),
            ("reuse", reuse),
            ("concurrency", $"{of("default_destination_concurrency_limit", "20")} per domain, {of("default_process_limit", "100")} in all"),
            ("recipientsPerTransaction", of("smtp_destination_recipient_limit", of("default_destination_recipient_limit", "50"))),
            ("pipelining", "on"),
            ("overlap", "off"),
            ("chunking", "taken, not used outward"),
            ("contentConversion", "8-bit to quoted-printable where a peer lacks 8BITMIME"),
            ("attemptLog", "all, by its log daemon (as shipped: syslog)"),
        ];
    }

    /// <summary>The directories of <c>postfix-files</c>, with its owners and modes.</summary>
    private static void MakeSpool(string spool, string root)
    {
        Ownership.MakeFolder(spool, null, null, (UnixFileMode)0b111_101_101, root);
        foreach (var name in new[] { "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace" })
            Ownership.MakeFolder(Path.Combine(spool, name), Owner, null, (UnixFileMode)0b111_000_000, root);
        Ownership.MakeFolder(Path.Combine(spool, "maildrop"), Owner, DropGroup, (UnixFileMode)0b111_011_000, root);
        Ownership.MakeFolder(Path.Combine(spool, "public"), Owner, DropGroup, (UnixFileMode)0b111_001_000, root);
        Ownership.MakeFolder(Path.Combine(spool, "pid"), null, null, (UnixFileMode)0b111_101_101, root);
    }

    private PostfixProgram? Find(MailSystem system) =>
        MtaRoots.Find(system, [.. Places.Select(place => $"{place}/postconf")]) is var (root, postconf) ? _programs.GetOrAdd(root, _ => Ask(root, postconf)) : null;

    private static PostfixProgram? Ask(string root, string postconf)
    {
        var lines = ProgramWords.Of(root, postconf, "-d", "-h", "mail_version", "daemon_directory", "command_directory").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return lines.Length == 3 && File.Exists(MtaRoots.Inside(root, Path.Combine(lines[1], "master"))) ? new PostfixProgram(root, lines[0], lines[1], lines[2]) : null;
    }

    private sealed record PostfixProgram(string Root, string VersionText, string DaemonDirectory, string CommandDirectory)
    {
        public string Of(string place) => MtaRoots.Inside(Root, place);

        /// <summary>Its first two numbers; 3.10-20241222 is a snapshot of 3.10.</summary>
        public Version Version
        {
            get
            {
                var numbers = VersionText.Split('-')[0].Split('.');
                return numbers.Length >= 2 && int.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) && int.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
                    ? new Version(major, minor)
                    : new Version(0, 0);
            }
        }
    }
}
