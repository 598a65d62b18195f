using MailBench.Model.Units;

namespace MailBench.Model.Profiles;

/// <summary>What kinds of system can be measured.</summary>
public enum SystemKind
{
    /// <summary>MailBench's own: the MTA core, which the profile's <c>mta:</c> section sets, or at a point about users its mailbox server.</summary>
    Mailbench,
    Postfix,
    Exim,
    Opensmtpd,
    Sendmail,

    /// <summary>A mailbox server: measured at points about users, over POP3 and IMAP; its mail comes over LMTP.</summary>
    Dovecot,

    /// <summary>A server at a host and port that somebody else starts and configures; counted, not booked.</summary>
    External,
}

/// <summary>How a foreign system is configured before its free settings.</summary>
public enum SystemVariant
{
    /// <summary>Its authors' defaults, and what the testbed needs.</summary>
    AsShipped,

    /// <summary>The throughput settings that its documentation and postmasters recommend; the adapter names the source of each.</summary>
    Tuned,
}

/// <summary>
/// A system under test as a profile names it (<c>systems: {NAME: {kind, variant, optional, root, at, settings, set}}</c>). Every kind is there under its own name without being defined.
/// </summary>
public sealed record MailSystem(string Name, SystemKind Kind)
{
    public SystemVariant Variant { get; init; }

    /// <summary>Left out, with a sentence in the report, where it is not installed or may not be started; else the run is refused there.</summary>
    public bool Optional { get; init; }

    /// <summary>Folder that holds a whole system of files with the MTA in it, into which it is locked; null: the machine's own, or the one that <c>doctor --unpack</c> made. Only of enclosed ones.</summary>
    public string? Root { get; init; }

    /// <summary>HOST:PORT of an external one; null for all others.</summary>
    public string? At { get; init; }

    /// <summary>Settings in the MTA's own language, on top of the variant's; only of foreign ones.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Settings { get; init; } = [];

    /// <summary>Settings of the profile that go with this system (its best number of sessions, say), path → canonical text. They win over the profile's top, and lose against a sweep's own.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Set { get; init; } = [];

    public bool IsForeign => Kind != SystemKind.Mailbench;

    /// <summary>Whether the runner starts it, in namespaces of its own.</summary>
    public bool IsEnclosed => IsForeign && Kind != SystemKind.External;

    /// <summary>Whether users can poll it.</summary>
    public bool HasMailboxes => Kind is SystemKind.Mailbench or SystemKind.Dovecot or SystemKind.External;

    /// <summary>Whether it relays mail.</summary>
    public bool RelaysMail => Kind != SystemKind.Dovecot;

    /// <summary>One that nobody defined: a kind's own name. Null for any other name.</summary>
    public static MailSystem? BuiltIn(string name) => Kebab.TryParse<SystemKind>(name, out var kind) && Kebab.Format(kind) == name ? new MailSystem(name, kind) : null;
}
