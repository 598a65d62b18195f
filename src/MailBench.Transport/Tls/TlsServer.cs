using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailBench.Model.Options;

namespace MailBench.Transport.Tls;

/// <summary>The server's side of TLS: its certificate, with what else the file holds as the chain to send along.</summary>
public sealed class TlsServer : TlsParty
{
    private readonly SslServerAuthenticationOptions _options;

    private TlsServer(X509Certificate2 certificate, X509Certificate2Collection others) => _options = new SslServerAuthenticationOptions
    {
        // Offline: nothing is fetched from the net to complete a chain.
        ServerCertificateContext = SslStreamCertificateContext.Create(Usable(certificate), others, offline: true),
        AllowRenegotiation = false,
    };

    /// <summary>As the options say; null: no TLS. A certificate made here is for <paramref name="hostName"/>. Throws <see cref="InvalidDataException"/> as <see cref="Load"/>.</summary>
    public static TlsServer? Of(ServerTls options, string hostName, TimeProvider time) =>
        options.Mode == TlsMode.None ? null
        : options.CertificateFile is { } file ? Load(file, options.KeyFile ?? file)
        : FromPem(SelfSignedCertificate.Create(hostName, time.GetUtcNow()));

    /// <summary>From a PEM file (the certificate first, its chain behind it) and a file with its key. Throws <see cref="InvalidDataException"/> with a sentence for what is none.</summary>
    public static TlsServer Load(string certificateFile, string keyFile)
    {
        try
        {
            return FromPem(new CertificatePem(File.ReadAllText(certificateFile), File.ReadAllText(keyFile)));
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"the certificate {certificateFile} with the key {keyFile} cannot be used: {failed.Message}", failed);
        }
    }

    /// <summary>Throws <see cref="CryptographicException"/> for what is no pair of certificate and key.</summary>
    public static TlsServer FromPem(CertificatePem pem, TimeSpan? handshakeTimeout = null)
    {
        var others = new X509Certificate2Collection();
        others.ImportFromPem(pem.Certificate);
        if (others.Count > 0) others.RemoveAt(0);
        return new TlsServer(X509Certificate2.CreateFromPem(pem.Certificate, pem.Key), others) { HandshakeTimeout = handshakeTimeout ?? DefaultHandshakeTimeout };
    }

    internal override Task AuthenticateAsync(SslStream stream) => stream.AuthenticateAsServerAsync(_options);

    /// <summary>Windows takes no key that is only in memory.</summary>
    private static X509Certificate2 Usable(X509Certificate2 certificate) =>
        OperatingSystem.IsWindows() ? X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null) : certificate;
}
