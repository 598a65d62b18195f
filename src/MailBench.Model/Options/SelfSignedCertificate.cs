using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MailBench.Model.Options;

/// <summary>A certificate and its key, both PEM. The key is secret: keep it in memory, or in a private file (0600) that goes with the run.</summary>
public readonly record struct CertificatePem(string Certificate, string Key);

/// <summary>Makes the certificate of a server that was given none: signed by itself, so that a client can only trust it by knowing it.</summary>
public static class SelfSignedCertificate
{
    /// <summary>Longer than any run; a server that stays up for months should be given a certificate.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    /// <summary>ECDSA on P-256, as most certificates of today, for <paramref name="hostName"/> and the loopback addresses, valid from an hour before <paramref name="now"/>.</summary>
    public static CertificatePem Create(string hostName, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={hostName}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(hostName);
        names.AddDnsName("localhost");
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        names.AddIpAddress(System.Net.IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        using var certificate = request.CreateSelfSigned(now.AddHours(-1), now + Lifetime);
        return new CertificatePem(certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
