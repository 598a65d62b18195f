using System.Net;
using MailBench.Model.Options;
using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>Where a mailbox server serves: users of one protocol, and mail for them over LMTP.</summary>
internal sealed record MailboxDoors(PollProtocol Protocol, IPEndPoint Users, IPEndPoint Lmtp);

/// <summary>All that MailBench knows of one kind of foreign mailbox server; what all have in common is in <see cref="ForeignMailbox"/>.</summary>
internal abstract class MailboxAdapter : ForeignAdapter
{
    /// <summary>The user and group that own the mail.</summary>
    public abstract (string User, string Group) Owner { get; }

    /// <summary>Feature vector, axis → value; of what would run, also where nothing does.</summary>
    public abstract IReadOnlyDictionary<string, string> Features(MailSystem system, SettingValues settings);

    /// <summary>Writes its configuration for users <c>userN</c>, whose passwords are their names and whose maildirs are in <see cref="MtaFolders.Spool"/>. Throws <see cref="IOException"/>.</summary>
    public abstract MtaStart Prepare(MailSystem system, MtaFolders folders, MailboxDoors doors);
}
