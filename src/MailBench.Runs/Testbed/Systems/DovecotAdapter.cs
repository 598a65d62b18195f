using System.Collections.Concurrent;
using MailBench.Model.Options;
using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>Dovecot 2.2 or 2.3, as the system's packages installed it. 2.4 has another language of configuration.</summary>
internal sealed class DovecotAdapter : MailboxAdapter
{
    private const string Program = "/usr/sbin/dovecot";
    private const string Parts = "/usr/lib/dovecot";
    private static readonly Version Oldest = new(2, 2);
    private static readonly Version TooNew = new(2, 4);
    private static readonly string[] Needed = ["pop3", "imap", "lmtp"];
    private static readonly string[] Accounts = ["dovecot", "dovenull", DovecotConfiguration.MailOwner];

    private readonly ConcurrentDictionary<string, (string Root, string? Version)?> _found = new();

    public override SystemKind Kind => SystemKind.Dovecot;

    public override (string User, string Group) Owner => (DovecotConfiguration.MailOwner, DovecotConfiguration.MailOwner);

    public override string? Missing(MailSystem system)
    {
        const string get = "apt-get install dovecot-pop3d dovecot-imapd dovecot-lmtpd (a file /usr/sbin/policy-rc.d that exits 101 keeps its service from starting)";
        if (Find(system) is not var (root, text)) return $"Dovecot {(system.Root is { } named ? $"is not in {named}" : "is not installed")}. Debian: {get}.";
        if (!Version.TryParse(string.Join('.', (text ?? "").Split('.').Take(2)), out var version)) return $"Dovecot is in {root}, and does not tell its version.";
        if (version < Oldest || version >= TooNew) return $"Dovecot {text} is not one that MailBench can configure: {Oldest} up to, and without, {TooNew}.";
        if (Array.Find(Needed, part => !File.Exists(MtaRoots.Inside(root, $"{Parts}/{part}"))) is { } missing) return $"Dovecot is there, but not its {missing}: {get}.";
        if (Array.Find(Accounts, account => !Ownership.Knows(MtaRoots.Inside(root, "/etc/passwd"), account)) is { } unknown) return $"Dovecot is there, but not the user {unknown}; install its packages: {get}.";
        return root == MtaRoots.Machine && Array.Find(DovecotConfiguration.Places, place => !Directory.Exists(place)) is { } gone ? $"Dovecot is there, but not {gone}, over which private files are laid; install its packages: {get}." : null;
    }

    public override (string Version, string Root)? Found(MailSystem system) => Find(system) is var (root, version) ? ($"Dovecot {version}", root) : null;

    public override string? Refusal(MailSystem system) => DovecotConfiguration.Refusal(system);

    public override MtaStart Prepare(MailSystem system, MtaFolders folders, MailboxDoors doors)
    {
        var (root, _) = Find(system) ?? throw new IOException("Dovecot is not there any more.");
        File.WriteAllText(Path.Combine(folders.Configuration, "dovecot.conf"), DovecotConfiguration.Write(system, doors));
        return new MtaStart(
            root,
            [
                new BindMount(folders.Configuration, DovecotConfiguration.ConfigurationPlace), new BindMount(folders.Spool, DovecotConfiguration.MailPlace), new BindMount(folders.Data, DovecotConfiguration.StatePlace),
                new BindMount(folders.Run, DovecotConfiguration.RunPlace), new BindMount(folders.Log, DovecotConfiguration.LogPlace),
            ],
            [Program, "-F", "-c", $"{DovecotConfiguration.ConfigurationPlace}/dovecot.conf"],
            Path.Combine(folders.Log, DovecotConfiguration.LogName));
    }

    public override IReadOnlyDictionary<string, string> Features(MailSystem system, SettingValues settings)
    {
        var set = Effective(system, DovecotConfiguration.Tuned);
        var protocol = settings.Text("users.protocol");
        return new Dictionary<string, string>(Variant(system, set).Select(axis => KeyValuePair.Create(axis.Axis, axis.Value)))
        {
            ["system"] = $"Dovecot {Find(system)?.Version ?? "(not installed)"}",
            ["durability"] = set.GetValueOrDefault("mail_fsync") == "never" ? "os" : "synced",
            ["durabilityHow"] = "a sync of each message's file, before the reply to its recipient",
            ["mailboxFormat"] = "maildir",
            ["protocol"] = protocol,
            ["auth"] = settings.Choice<PollProtocol>("users.protocol") == PollProtocol.Imap ? "LOGIN" : "USER and PASS",
            ["tls"] = "none",
            ["pipelining"] = settings.Text("users.pipelining"),
            ["concurrency"] = $"{Processes(set, $"{protocol}-login")} for the login, then {Processes(set, protocol)}",
            ["index"] = "files of unique ids, index and cache beside the mail",
            ["delivery"] = "LMTP",
        };
    }

    /// <summary>How many sessions a process of that service has, and whether it has others after them.</summary>
    private static string Processes(IReadOnlyDictionary<string, string> set, string service)
    {
        var clients = set.GetValueOrDefault($"{service}-client_limit", service.EndsWith("login", StringComparison.Ordinal) ? "1000" : "1");
        return set.GetValueOrDefault($"{service}-service_count", "1") == "1" ? "a process for each connection" : $"lasting processes of up to {clients} connection{(clients == "1" ? "" : "s")}";
    }

    private (string Root, string? Version)? Find(MailSystem system) => _found.GetOrAdd(system.Root ?? "", _ =>
        MtaRoots.Find(system, Program) is var (root, program) ? (root, ProgramWords.VersionBehind(ProgramWords.Of(root, program, "--version"), "")) : null);
}
