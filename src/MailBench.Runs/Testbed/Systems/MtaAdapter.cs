using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>The private files of one trial's foreign MTA, beneath its queue root.</summary>
internal sealed record MtaFolders(string Root)
{
    public string Configuration => Path.Combine(Root, "conf");

    public string Spool => Path.Combine(Root, "spool");

    public string Data => Path.Combine(Root, "data");

    public string Log => Path.Combine(Root, "log");

    /// <summary>Stands for <c>/run</c>: process-ID files and sockets of the MTA never meet those of one that the machine runs.</summary>
    public string Run => Path.Combine(Root, "run");

    /// <summary>Where a <c>/dev</c> of its own is put together.</summary>
    public string Devices => Path.Combine(Root, "dev");

    /// <summary>Throws <see cref="IOException"/>.</summary>
    public void Make()
    {
        foreach (var folder in new[] { Root, Configuration, Spool, Data, Log, Run, Devices }) Directory.CreateDirectory(folder);
    }

    /// <summary>At the end: its own words are kept with the run; all else goes with the trial's folder.</summary>
    public static void KeepLog(string logPath, string keptLog)
    {
        try
        {
            if (File.Exists(logPath)) File.Move(logPath, keptLog, overwrite: true);
        }
        catch (IOException)
        {
            // A trial is not lost for want of its log, whose end was read before.
        }
    }
}

/// <summary>
/// How an MTA is started: what it sees in the system's places, its command, and the log that it writes (as this side sees it). <paramref name="Root"/>: the folder that it is locked into, <c>/</c> for
/// the machine's own files. <paramref name="UsesSyslog"/>: it writes no log itself, and <see cref="SyslogFile"/> takes its words.
/// </summary>
internal sealed record MtaStart(string Root, IReadOnlyList<BindMount> Binds, IReadOnlyList<string> Command, string LogPath, bool UsesSyslog = false);

/// <summary>A recipient that an MTA's own queue holds.</summary>
internal readonly record struct QueuedRecipient(string Sender, string Recipient);

/// <summary>
/// All that MailBench knows of one kind of foreign MTA: where it is, how it is configured, how its queue is read, what its features are. One class per kind; what all have in common is in
/// <see cref="ForeignMta"/>.
/// </summary>
internal abstract class MtaAdapter : ForeignAdapter
{
    /// <summary>Where every foreign MTA takes mail, in its private network; the world's MX hosts have other addresses.</summary>
    public const string DoorAddress = "127.0.0.1";

    /// <summary>Its authors' name for it.</summary>
    protected abstract string Title { get; }

    /// <summary>Feature vector, axis → value; of what would run, also where nothing does. What no foreign MTA has on the testbed stands here once.</summary>
    public IReadOnlyDictionary<string, string> Features(MailSystem system)
    {
        var set = Effective(system);
        var vector = new Dictionary<string, string> { ["sut"] = Found(system)?.Version ?? $"{Title} (not installed)" };
        foreach (var (axis, value) in Variant(system, set)) vector[axis] = value;
        foreach (var (axis, value) in Own(system, (key, otherwise) => set.GetValueOrDefault(key, otherwise))) vector[axis] = value;
        foreach (var axis in new[] { "limits", "tls", "auth", "dkimSpfDmarc", "dnsbl", "accessMap", "attachmentPolicy", "ldap", "mailboxFormat", "cachingResolver" }) vector.TryAdd(axis, "none");
        vector["dsn"] = "on failure";
        vector["routing"] = "mx";
        return vector;
    }

    /// <summary>Writes configuration and an empty spool. Throws <see cref="IOException"/>.</summary>
    public abstract MtaStart Prepare(MailSystem system, MtaFolders folders, string hostName);

    /// <summary>Settings with which it accepts mail and delivers none of it until <see cref="Release"/>; none where it cannot do that.</summary>
    public virtual IReadOnlyList<KeyValuePair<string, string>> Holding => [];

    /// <summary>Commands that let go all that it holds, one after the other, run inside the enclosure.</summary>
    public virtual IReadOnlyList<IReadOnlyList<string>> Release(MailSystem system) => [];

    /// <summary>Messages that the spool holds, by looking at its directories; cheap enough for ten times a second.</summary>
    public abstract long QueuedMessages(MtaFolders folders);

    /// <summary>Recipients not delivered yet, as the MTA's own queue has them: by its listing, run inside the enclosure, or by its files. Throws <see cref="InvalidDataException"/> for what it does not understand: never an empty queue by mistake.</summary>
    public abstract Task<IReadOnlyList<QueuedRecipient>> ListAsync(MailSystem system, MtaFolders folders, Enclosure enclosure, CancellationToken cancellationToken);

    /// <summary>Settings that differ from its authors' defaults.</summary>
    protected abstract IReadOnlyDictionary<string, string> Effective(MailSystem system);

    /// <summary>The axes of its feature vector on which MTAs differ; <paramref name="of"/> gives a setting's value, or the second word where it is not set.</summary>
    protected abstract IEnumerable<(string Axis, string Value)> Own(MailSystem system, Func<string, string, string> of);
}
