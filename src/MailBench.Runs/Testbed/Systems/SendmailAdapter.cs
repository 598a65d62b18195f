using System.Collections.Concurrent;
using System.Globalization;
using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>sendmail 8.12 or later, as Debian builds it, with one queue directory or several.</summary>
internal sealed class SendmailAdapter : MtaAdapter
{
    private const string LogName = "mail.log";
    private static readonly string[] Programs = ["/usr/libexec/sendmail/sendmail", "/usr/lib/sm.bin/sendmail"];

    private readonly ConcurrentDictionary<string, string> _versions = new();

    public override SystemKind Kind => SystemKind.Sendmail;

    protected override string Title => "sendmail";

    public override string? Missing(MailSystem system)
    {
        if (Find(system) is not var (root, _)) return $"sendmail {MtaRoots.HowToGet(system, "sendmail-bin sendmail-cf m4")}";
        if (!File.Exists(MtaRoots.Inside(root, SendmailConfiguration.Macros))) return $"sendmail is in {root}, but not {SendmailConfiguration.Macros}, of which its configuration is made (Debian package sendmail-cf).";
        return File.Exists(MtaRoots.Inside(root, SendmailConfiguration.M4)) ? null : $"sendmail is in {root}, but not {SendmailConfiguration.M4}, which makes its configuration (Debian package m4).";
    }

    public override (string Version, string Root)? Found(MailSystem system) => Find(system) is var (root, program) ? ($"sendmail {VersionOf(root, program)}", root) : null;

    public override string? Refusal(MailSystem system) => SendmailConfiguration.Refusal(system);

    public override MtaStart Prepare(MailSystem system, MtaFolders folders, string hostName)
    {
        var (root, program) = Find(system) ?? throw new IOException("sendmail is not there any more.");
        var made = ProgramWords.Fed(root, SendmailConfiguration.M4, SendmailConfiguration.Source(system, hostName), "-D_NO_MAKEINFO_", $"-D_CF_DIR_={SendmailConfiguration.MacroFolder}", SendmailConfiguration.Macros, "-");
        // _NO_MAKEINFO_: no shell is asked who made the file and where; an unpacked root has none.
        if (!made.Contains("\nScheck_rcpt", StringComparison.Ordinal)) throw new IOException($"m4 made no sendmail.cf: {made.Trim().Split('\n')[^1]}");
        File.WriteAllText(Path.Combine(folders.Configuration, "sendmail.cf"), made);
        // Host names by DNS alone: where files are asked too, sendmail tries a host's name without its domain, which no responder of one zone knows.
        File.WriteAllText(Path.Combine(folders.Configuration, "service.switch"), "hosts\tdns\naliases\tfiles\npasswd\tfiles\n");
        Ownership.MakeFolder(folders.Spool, null, null, (UnixFileMode)0b111_000_000, root);
        var directories = SendmailConfiguration.QueueDirectories(system);
        for (var i = 1; directories > 1 && i <= directories; i++) Ownership.MakeFolder(Path.Combine(folders.Spool, string.Create(CultureInfo.InvariantCulture, $"q{i}")), null, null, (UnixFileMode)0b111_000_000, root);
        return new MtaStart(
            root,
            [new BindMount(folders.Configuration, SendmailConfiguration.ConfigurationPlace), new BindMount(folders.Spool, SendmailConfiguration.SpoolPlace), new BindMount(folders.Run, "/run")],
            // -bD: the daemon in the foreground.
            [program, "-bD", $"-q{SendmailConfiguration.QueueRun(system)}"],
            Path.Combine(folders.Log, LogName),
            UsesSyslog: true);
    }

    public override long QueuedMessages(MtaFolders folders) => SendmailQueue.Count(folders.Spool);

    public override Task<IReadOnlyList<QueuedRecipient>> ListAsync(MailSystem system, MtaFolders folders, Enclosure enclosure, CancellationToken cancellationToken) =>
        Task.FromResult(SendmailQueue.Read(folders.Spool));

    protected override IReadOnlyDictionary<string, string> Effective(MailSystem system) => Effective(system, SendmailConfiguration.Tuned);

    protected override IEnumerable<(string Axis, string Value)> Own(MailSystem system, Func<string, string, string> of)
    {
        var directories = SendmailConfiguration.QueueDirectories(system);
        return
        [
            ("durability", "synced"),
            ("durabilityHow", "a sync of each message's data and control file, before the 250; their directory is not synced"),
            ("queueBackend", "two files per message"),
            ("queueDirectories", directories.ToString(CultureInfo.InvariantCulture)),
            // Recipients of a message whose best MX host is the same share a transaction, whatever other hosts their domains have (deliver.c: host signatures are compared up to the first host).
            ("strategy", "per-mx-host"),
            ("reuse", "within a message"),
            ("concurrency", "a process per message, one session at a time"),
            ("recipientsPerTransaction", "100"),
            ("pipelining", "on"),
            ("overlap", "off"),
            ("chunking", "none"),
            ("contentConversion", "8-bit to quoted-printable or base64 where a peer lacks 8BITMIME"),
            ("attemptLog", "all, by syslog"),
        ];
    }

    private static (string Root, string Program)? Find(MailSystem system) => MtaRoots.Find(system, Programs);

    private string VersionOf(string root, string program) =>
        _versions.GetOrAdd(root, _ => ProgramWords.VersionBehind(ProgramWords.Of(root, program, "-C/dev/null", "-d0.1", "-bv", "root"), "Version ") ?? "(version not told)");
}
