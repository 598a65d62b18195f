using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailBench.Model.Options;
using MailBench.Model.Units;

namespace MailBench.Cli.Hosting;

/// <summary>What servers share: <c>--tls --certificate --key --require-tls</c>.</summary>
internal sealed class ServerTlsOptions(string modes)
{
    private readonly Option<string> _mode = new("--tls") { Description = modes, HelpName = "none|starttls|implicit", DefaultValueFactory = _ => "none" };
    private readonly Option<string?> _certificate = new("--certificate") { Description = "PEM file of the certificate, its chain behind it. Without it one is made for this process, signed by itself.", HelpName = "FILE" };
    private readonly Option<string?> _key = new("--key") { Description = "PEM file of the certificate's key (the certificate's file unless said).", HelpName = "FILE" };
    private readonly Option<bool> _required = new("--require-tls") { Description = "Take no password in the clear." };

    public void AddTo(Command command)
    {
        command.Add(_mode);
        command.Add(_certificate);
        command.Add(_key);
        command.Add(_required);
    }

    public ServerTls Read(ParseResult parsed)
    {
        var tls = new ServerTls
        {
            Mode = NodeOptionsParsing.Value("--tls", parsed.GetValue(_mode)!, Kebab.Parse<TlsMode>),
            CertificateFile = parsed.GetValue(_certificate),
            KeyFile = parsed.GetValue(_key),
            Required = parsed.GetValue(_required),
        };
        if (tls.Mode == TlsMode.None && (tls.CertificateFile ?? tls.KeyFile) is not null) throw new UsageException("--certificate and --key: without --tls starttls or --tls implicit nobody sees them.");
        if (tls.Mode == TlsMode.None && tls.Required) throw new UsageException("--require-tls: without --tls starttls or --tls implicit nobody could log in.");
        if (tls.CertificateFile is null && tls.KeyFile is not null) throw new UsageException("--key: which certificate is it of? Write --certificate FILE too.");
        return tls;
    }
}

/// <summary>What clients share: <c>--tls --trust --server-name</c>.</summary>
internal sealed class ClientTlsOptions
{
    private readonly Option<string> _mode = new("--tls") { Description = "starttls: ask for TLS before anything is said of oneself. implicit: begin with it.", HelpName = "none|starttls|implicit", DefaultValueFactory = _ => "none" };
    private readonly Option<string?> _trust = new("--trust") { Description = "PEM file of the one certificate to expect, or any (encryption without identity). Unless said the platform validates.", HelpName = "FILE|any" };
    private readonly Option<string?> _name = new("--server-name") { Description = "The server's name, for its certificate (the address unless said).", HelpName = "NAME" };

    public void AddTo(Command command)
    {
        command.Add(_mode);
        command.Add(_trust);
        command.Add(_name);
    }

    public ClientTls Read(ParseResult parsed)
    {
        var trust = parsed.GetValue(_trust);
        var any = string.Equals(trust, "any", StringComparison.OrdinalIgnoreCase);
        var tls = new ClientTls
        {
            Mode = NodeOptionsParsing.Value("--tls", parsed.GetValue(_mode)!, Kebab.Parse<TlsMode>),
            TrustAny = any,
            Trusted = any || trust is null ? null : ReadCertificate(trust),
            ServerName = parsed.GetValue(_name),
        };
        if (tls.Mode == TlsMode.None && (trust ?? tls.ServerName) is not null) throw new UsageException("--trust and --server-name: without --tls starttls or --tls implicit no certificate is seen.");
        return tls;
    }

    private static string ReadCertificate(string file)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(file));
            return certificate.ExportCertificatePem();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new UsageException($"--trust: '{file}' is no PEM file of a certificate: {failed.Message}");
        }
    }
}
