using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>The private files of one trial's foreign MTA, beneath its queue root.</summary>
internal sealed record MtaFolders(string Root)
{
    public string Configuration => Path.Combine(Root, "conf");

    public string Spool => Path.Combine(Root, "spool");

    public string Data => Path.Combine(Root, "data");

    public string Log => Path.Combine(Root, "log");
}

/// <summary>How an MTA is started: what it sees in the system's places, its command, and the log that it writes (as this side sees it).</summary>
internal sealed record MtaStart(IReadOnlyList<BindMount> Binds, IReadOnlyList<string> Command, string LogPath);

/// <summary>A recipient that an MTA's own listing shows as queued.</summary>
internal readonly record struct QueuedRecipient(string Sender, string Recipient);

/// <summary>
/// All that MailBench knows of one kind of foreign MTA: where it is, how it is configured, how its queue is read, what its features are. One class per kind; what all have in common is in
/// <see cref="ForeignMta"/>.
/// </summary>
internal abstract class MtaAdapter
{
    /// <summary>Where every foreign MTA takes mail, in its private network; the world's MX hosts have other addresses.</summary>
    public const string DoorAddress = "127.0.0.1";

    public abstract SystemKind Kind { get; }

    /// <summary>The sentence that says what is not installed and how to get it, or null.</summary>
    public abstract string? Missing();

    /// <summary>Why the system's own settings cannot be taken (one that is the testbed's, one that is unknown), or null. Pure.</summary>
    public abstract string? Refusal(MailSystem system);

    /// <summary>Feature vector, axis → value; of what would run, also where nothing does.</summary>
    public abstract IReadOnlyDictionary<string, string> Features(MailSystem system);

    /// <summary>Writes configuration and an empty spool. Throws <see cref="IOException"/>.</summary>
    public abstract MtaStart Prepare(MailSystem system, MtaFolders folders, string hostName);

    /// <summary>Messages that the spool holds, by looking at its directories; cheap enough for ten times a second.</summary>
    public abstract long QueuedMessages(MtaFolders folders);

    /// <summary>The command that lists the queue, run inside the enclosure.</summary>
    public abstract IReadOnlyList<string> ListCommand { get; }

    /// <summary>Reads that listing: recipients not delivered yet.</summary>
    public abstract IAsyncEnumerable<QueuedRecipient> ReadListAsync(TextReader listing);
}
