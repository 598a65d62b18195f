using System.Net.Security;

namespace MailBench.Transport.Tls;

/// <summary>
/// One side of a TLS session, as <see cref="Connection.StartTls"/> takes it: <see cref="TlsServer"/> or <see cref="TlsClient"/>. Versions and ciphers are the platform's. One instance serves any number
/// of connections, so that the platform can resume sessions where it does that.
/// </summary>
public abstract class TlsParty
{
    /// <summary>As long as people wait for a mail server to say anything, and a machine that is busy with others' handshakes may need.</summary>
    internal static readonly TimeSpan DefaultHandshakeTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How long a handshake may take, from <see cref="Connection.StartTls"/> on.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = DefaultHandshakeTimeout;

    internal abstract Task AuthenticateAsync(SslStream stream);
}
