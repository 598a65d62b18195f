namespace MailBench.Wire.Imap;

/// <summary>What an IMAP server machine announces and allows. Several machines share one instance.</summary>
public sealed record ImapServerOptions
{
    public required string HostName { get; init; }

    /// <summary>Offer STARTTLS (RFC 3501 §6.2.1): the owner can do TLS.</summary>
    public bool StartTls { get; init; }

    /// <summary>Take no name and no password in the clear: LOGINDISABLED (RFC 3501 §7.2.1).</summary>
    public bool RequireTls { get; init; }

    /// <summary>Octets of a command, all its lines and literals together, APPEND's content excepted: RFC 7162 §4 asks for 8,192; lists of UIDs are longer.</summary>
    public int MaxCommand { get; init; } = 64 << 10;

    /// <summary>The same before a login: what strangers can make the server hold.</summary>
    public int MaxCommandBeforeLogin { get; init; } = 8 << 10;

    /// <summary>Octets of a literal, APPEND's content excepted: names, passwords, search texts.</summary>
    public int MaxLiteral { get; init; } = 4096;

    /// <summary>Octets of a message that APPEND may bring; a larger one is read to its end and refused.</summary>
    public long MaxMessageBytes { get; init; } = 32L << 20;

    /// <summary>Refused logins in a session before it is closed.</summary>
    public int MaxLoginFailures { get; init; } = 3;

    /// <summary>Bad commands in a session before it is closed.</summary>
    public int MaxErrors { get; init; } = 20;

    /// <summary>Octets written in one call after which no further command is taken: a client that pipelines and reads nothing cannot make the output grow.</summary>
    public int OutputYield { get; init; } = 64 << 10;
}
