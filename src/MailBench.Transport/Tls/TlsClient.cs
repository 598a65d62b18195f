using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailBench.Model.Options;

namespace MailBench.Transport.Tls;

/// <summary>The client's side of TLS, which says whom it trusts.</summary>
public sealed class TlsClient : TlsParty
{
    private readonly SslClientAuthenticationOptions _options;

    private TlsClient(string host, X509ChainPolicy? policy, RemoteCertificateValidationCallback? validate) => _options = new SslClientAuthenticationOptions
    {
        TargetHost = host,
        CertificateChainPolicy = policy,
        RemoteCertificateValidationCallback = validate,
        AllowRenegotiation = false,
    };

    /// <summary>As the options say, for the server at <paramref name="address"/>; null: no TLS. Throws <see cref="CryptographicException"/> where the trusted certificate is none.</summary>
    public static TlsClient? Of(ClientTls options, System.Net.IPAddress address)
    {
        var host = options.ServerName ?? address.ToString();
        return options.Mode == TlsMode.None ? null : options.Trusted is { } pem ? Pinning(host, pem) : options.TrustAny ? Trusting(host) : Validating(host);
    }

    /// <summary>The platform's validation: a chain to one of its roots, and the name <paramref name="host"/>.</summary>
    public static TlsClient Validating(string host) => new(host, null, null);

    /// <summary>Exactly the certificate of that PEM text, whatever its name: the one that this run made. Throws <see cref="CryptographicException"/> for what is none.</summary>
    public static TlsClient Pinning(string host, string certificatePem)
    {
        var pinned = X509Certificate2.CreateFromPem(certificatePem);
        var expected = pinned.RawData;
        return new TlsClient(host, Policy(pinned), (_, given, _, _) => given is not null && given.GetRawCertData().AsSpan().SequenceEqual(expected));
    }

    /// <summary>Whoever answers: encryption without identity, as opportunistic SMTP has it (RFC 7435).</summary>
    public static TlsClient Trusting(string host) => new(host, Policy(null), static (_, given, _, _) => given is not null);

    internal override Task AuthenticateAsync(SslStream stream) => stream.AuthenticateAsClientAsync(_options);

    /// <summary>What decides is not the chain: none is looked for, neither on the disk nor in the net.</summary>
    private static X509ChainPolicy Policy(X509Certificate2? root)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        if (root is not null) policy.CustomTrustStore.Add(root);
        return policy;
    }
}
