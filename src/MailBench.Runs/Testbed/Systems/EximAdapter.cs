using System.Collections.Concurrent;
using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>Exim 4, as Debian builds it: its user is <c>Debian-exim</c>, and its places are those of Debian's package.</summary>
internal sealed class EximAdapter : MtaAdapter
{
    private const string Owner = "Debian-exim";

    private readonly ConcurrentDictionary<string, string> _versions = new();

    public override SystemKind Kind => SystemKind.Exim;

    protected override string Title => "Exim";

    public override string? Missing(MailSystem system)
    {
        if (Find(system) is not var (root, _)) return $"Exim {MtaRoots.HowToGet(system, "exim4-daemon-light exim4-base")}";
        return Ownership.Knows(MtaRoots.Inside(root, "/etc/passwd"), Owner) ? null : $"Exim is in {root}, but not its user {Owner}; this adapter knows Debian's package.";
    }

    public override (string Version, string Root)? Found(MailSystem system) => Find(system) is var (root, program) ? ($"Exim {VersionOf(root, program)}", root) : null;

    public override string? Refusal(MailSystem system) => EximConfiguration.Refusal(system);

    public override MtaStart Prepare(MailSystem system, MtaFolders folders, string hostName)
    {
        var (root, program) = Find(system) ?? throw new IOException("Exim is not there any more.");
        File.WriteAllText(Path.Combine(folders.Configuration, "exim4.conf"), EximConfiguration.Write(system, hostName));
        string[] its = [folders.Spool, Path.Combine(folders.Spool, "input"), Path.Combine(folders.Spool, "msglog"), Path.Combine(folders.Spool, "db"), folders.Log, folders.Run];
        foreach (var folder in its) Ownership.MakeFolder(folder, Owner, Owner, (UnixFileMode)0b111_101_000, root);
        return new MtaStart(
            root,
            [
                new BindMount(folders.Configuration, EximConfiguration.ConfigurationPlace), new BindMount(folders.Spool, EximConfiguration.SpoolPlace), new BindMount(folders.Log, EximConfiguration.LogPlace),
                new BindMount(folders.Run, "/run"),
            ],
            // -bdf: the daemon in the foreground. A queue runner a second: what comes after the tenth message of a connection is left to it, and Debian's half hour is longer than any window.
            [program, "-bdf", "-q1s"],
            Path.Combine(folders.Log, EximConfiguration.LogName));
    }

    public override long QueuedMessages(MtaFolders folders) => EximQueue.Count(folders.Spool);

    public override Task<IReadOnlyList<QueuedRecipient>> ListAsync(MailSystem system, MtaFolders folders, Enclosure enclosure, CancellationToken cancellationToken) =>
        enclosure.LookAsync([Find(system)!.Value.Program, "-bp"], listing => EximQueue.ReadAsync(listing, cancellationToken), cancellationToken);

    protected override IReadOnlyDictionary<string, string> Effective(MailSystem system) => Effective(system, EximConfiguration.Tuned);

    protected override IEnumerable<(string Axis, string Value)> Own(MailSystem system, Func<string, string, string> of) =>
    [
        ("durability", "synced"),
        ("durabilityHow", "a sync of each message's data and header file and of their directory, before the 250"),
        ("queueBackend", "two files per message"),
        ("queueDirectories", of("split_spool_directory", "false") == "true" ? "62 (by a letter of the name)" : "1"),
        ("strategy", "per-mx-set"),
        ("reuse", "across-messages, where more waits for a host"),
        ("concurrency", $"{of("remote_max_parallel", "2")} per message, a process per message, {of("queue_run_max", "5")} queue runners"),
        ("recipientsPerTransaction", of("max_rcpt", "100")),
        ("pipelining", of("hosts_avoid_pipelining", "").Length > 0 ? "off" : "on"),
        ("overlap", "off"),
        ("chunking", of("hosts_try_chunking", "*").Length == 0 ? "off" : "on"),
        ("contentConversion", "none: 8-bit content goes as it is"),
        ("attemptLog", "all"),
    ];

    private static (string Root, string Program)? Find(MailSystem system) => MtaRoots.Find(system, "/usr/sbin/exim4", "/usr/sbin/exim");

    private string VersionOf(string root, string program) =>
        _versions.GetOrAdd(root, _ => ProgramWords.VersionBehind(ProgramWords.Of(root, program, "-bV"), "Exim version ") ?? "(version not told)");
}
