using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Peers.Mailbox;
using MailBench.Peers.Poll;
using MailKit.Net.Imap;
using MailKit.Net.Pop3;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Xunit;

namespace MailBench.EndToEnd.Mailbox;

/// <summary>The mailbox server's TLS under an independent client, and under the users' own driver, that pins, trusts or validates.</summary>
public sealed class TlsTests : IDisposable
{
    private const int Users = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-tls-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(TlsMode.Starttls)]
    [InlineData(TlsMode.Implicit)]
    public async Task MailKit_sends_over_STARTTLS_and_reads_over_TLS_what_the_certificate_of_the_file_secures(TlsMode mode)
    {
        var cancel = TestContext.Current.CancellationToken;
        var pem = SelfSignedCertificate.Create("mail.test", TimeProvider.System.GetUtcNow());
        var (certificate, key) = (Path.Combine(_folder, "cert.pem"), Path.Combine(_folder, "key.pem"));
        await File.WriteAllTextAsync(certificate, pem.Certificate, cancel);
        await File.WriteAllTextAsync(key, pem.Key, cancel);
        var asked = mode == TlsMode.Implicit ? SecureSocketOptions.SslOnConnect : SecureSocketOptions.StartTls;
        await using var server = await StartAsync(new ServerTls { Mode = mode, CertificateFile = certificate, KeyFile = key, Required = true });

        bool IsOurs(object sender, X509Certificate? given, X509Chain? chain, SslPolicyErrors errors) => given!.GetCertHashString() == X509Certificate2.CreateFromPem(pem.Certificate).GetCertHashString();
        using (var smtp = new SmtpClient { ServerCertificateValidationCallback = IsOurs })
        {
            await smtp.ConnectAsync("127.0.0.1", server.Smtp.Port, SecureSocketOptions.StartTls, cancel);
            Assert.True(smtp.IsSecure);
            var message = new MimeMessage([MailboxAddress.Parse("a@source.test")], [MailboxAddress.Parse("user0@mail.test")], "sealed", new TextPart("plain") { Text = new string('x', 100_000) });
            await smtp.SendAsync(message, MailboxAddress.Parse("a@source.test"), [MailboxAddress.Parse("user0@mail.test")], cancel);
            await smtp.DisconnectAsync(true, cancel);
        }

        using (var pop3 = new Pop3Client { ServerCertificateValidationCallback = IsOurs })
        {
            await pop3.ConnectAsync("127.0.0.1", server.Pop3.Port, asked, cancel);
            await pop3.AuthenticateAsync(Encoding.UTF8, "user0", "user0", cancel);
            var message = await pop3.GetMessageAsync(0, cancel);
            Assert.Equal("sealed", message.Subject);
            Assert.Contains(message.Headers, header => header.Field == "Received" && header.Value.Contains("with ESMTPS", StringComparison.Ordinal));
            await pop3.DisconnectAsync(true, cancel);
        }

        using (var imap = new ImapClient { ServerCertificateValidationCallback = IsOurs })
        {
            await imap.ConnectAsync("127.0.0.1", server.Imap.Port, asked, cancel);
            await imap.AuthenticateAsync(Encoding.UTF8, "user0", "user0", cancel);
            await imap.Inbox!.OpenAsync(MailKit.FolderAccess.ReadOnly, cancel);
            Assert.Equal("sealed", (await imap.Inbox.GetMessageAsync(0, cancel)).Subject);
            await imap.DisconnectAsync(true, cancel);
        }

        Assert.Equal(3, server.Node.Counters()[CounterNames.TlsSessions]);
        if (mode == TlsMode.Implicit) return;

        // Passwords in the clear are not taken where TLS is required.
        using var plain = new Pop3Client();
        await plain.ConnectAsync("127.0.0.1", server.Pop3.Port, SecureSocketOptions.None, cancel);
        await Assert.ThrowsAnyAsync<Exception>(() => plain.AuthenticateAsync(Encoding.UTF8, "user0", "user0", cancel));
        Assert.False(plain.IsAuthenticated);
    }

    [Theory]
    [InlineData(PollProtocol.Pop3, TlsMode.Starttls, true, Users)]
    [InlineData(PollProtocol.Pop3, TlsMode.Implicit, true, Users)]
    [InlineData(PollProtocol.Imap, TlsMode.Starttls, true, Users)]
    [InlineData(PollProtocol.Imap, TlsMode.Implicit, true, Users)]
    [InlineData(PollProtocol.Imap, TlsMode.Starttls, false, 0)]
    public async Task Users_poll_over_TLS_and_whom_the_platform_does_not_trust_gets_no_password(PollProtocol protocol, TlsMode mode, bool trusts, long polls)
    {
        await using var server = await StartAsync(new ServerTls { Mode = mode });
        var options = new PollOptions
        {
            Server = protocol == PollProtocol.Pop3 ? server.Pop3 : server.Imap,
            Protocol = protocol,
            Tls = new ClientTls { Mode = mode, TrustAny = trusts },
            Users = Users,
            Interval = TimeSpan.FromMilliseconds(50),
            Count = Users,
        };
        await using var node = new PollNode(options, control: false);
        await node.StartAsync(default);
        await node.Completion.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await node.StopAsync(default);
        Assert.Equal(polls, node.Counts()["polls"]!.GetValue<long>());
        Assert.Equal(polls, server.Node.Counters()[CounterNames.Logins]);
    }

    private sealed record Server(MailboxNode Node, IPEndPoint Pop3, IPEndPoint Imap, IPEndPoint Smtp) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Node.DisposeAsync();
    }

    private async Task<Server> StartAsync(ServerTls tls)
    {
        var options = new MailboxOptions { Pop3 = [AnyPort], Imap = [AnyPort], Smtp = [AnyPort], StoreDirectory = Path.Combine(_folder, "store"), Users = Users, RefusalDelay = TimeSpan.Zero, Tls = tls };
        var node = new MailboxNode(options, TimeProvider.System);
        var ready = await node.StartAsync(default);
        IPEndPoint Of(string role) => ready.First(listener => listener.Role == role).EndPoint;
        return new Server(node, Of("pop3"), Of("imap"), Of("smtp"));
    }
}
