namespace MailBench.Wire.Pop3;

/// <summary>What a POP3 server machine announces and allows. Several machines share one instance.</summary>
public sealed record Pop3ServerOptions
{
    public required string HostName { get; init; }

    /// <summary>Offer STLS (RFC 2595 §4): the owner can do TLS.</summary>
    public bool StartTls { get; init; }

    /// <summary>Take no name and no password in the clear.</summary>
    public bool RequireTls { get; init; }

    /// <summary>Octets of a command line, CRLF included: RFC 2449 §4 asks for 255; an initial SASL response may be longer (RFC 5034 §4).</summary>
    public int MaxCommandLine { get; init; } = 1024;

    /// <summary>Refused logins in a session before it is closed.</summary>
    public int MaxLoginFailures { get; init; } = 3;

    /// <summary>Bad commands in a session before it is closed.</summary>
    public int MaxErrors { get; init; } = 20;

    /// <summary>Octets written in one call after which no further command is taken: a client that pipelines listings and reads nothing cannot make the output grow.</summary>
    public int OutputYield { get; init; } = 64 << 10;
}
