namespace MailBench.Model.Options;

/// <summary>When a session becomes TLS.</summary>
public enum TlsMode
{
    /// <summary>Never.</summary>
    None,

    /// <summary>When the client asks for it: STLS (RFC 2595), STARTTLS (RFC 3501, RFC 3207).</summary>
    Starttls,

    /// <summary>From the first octet (RFC 8314 §3).</summary>
    Implicit,
}

/// <summary>TLS of a server.</summary>
public sealed record ServerTls
{
    public TlsMode Mode { get; init; }

    /// <summary>PEM file: the certificate, its chain behind it; null: one is made for this process, signed by itself.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file with the certificate's key.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Take no password in the clear.</summary>
    public bool Required { get; init; }
}

/// <summary>TLS of a client. Without <see cref="Trusted"/> and <see cref="TrustAny"/> the platform validates: a chain to one of its roots, and the name.</summary>
public sealed record ClientTls
{
    public TlsMode Mode { get; init; }

    /// <summary>PEM text of the one certificate that is expected: a run's own, which nobody else has signed.</summary>
    public string? Trusted { get; init; }

    /// <summary>Take any certificate: encryption without identity. Disclosed where it is set.</summary>
    public bool TrustAny { get; init; }

    /// <summary>The server's name, for SNI and validation; null: its address.</summary>
    public string? ServerName { get; init; }
}
