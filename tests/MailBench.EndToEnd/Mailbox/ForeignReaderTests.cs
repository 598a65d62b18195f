using System.Globalization;
using System.Net;
using System.Text;
using MailBench.Model.Options;
using MailBench.Peers.Mailbox;
using MailBench.Testing.Processes;
using MailBench.Testing.Smtp;
using MailKit.Net.Pop3;
using MailKit.Security;
using MimeKit;
using Xunit;

namespace MailBench.EndToEnd.Mailbox;

/// <summary>Clients that are not ours read the mailbox server: MailKit as the oracle, curl and mpop where the machine has them.</summary>
public sealed class ForeignReaderTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-readers-").FullName;
    private MailboxNode? _node;
    private IPEndPoint _pop3 = AnyPort;
    private IPEndPoint _smtp = AnyPort;

    public async ValueTask InitializeAsync()
    {
        _node = new MailboxNode(new MailboxOptions { Pop3 = [AnyPort], Smtp = [AnyPort], StoreDirectory = Path.Combine(_folder, "store"), Users = 3, RefusalDelay = TimeSpan.Zero }, TimeProvider.System);
        var ready = await _node.StartAsync(default);
        (_pop3, _smtp) = (ready[0].EndPoint, ready[1].EndPoint);
    }

    public async ValueTask DisposeAsync()
    {
        await _node!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task MailKit_reads_lists_and_deletes(bool sasl)
    {
        var cancel = TestContext.Current.CancellationToken;
        for (var i = 0; i < 5; i++) Deliver(1, Message(i));
        using (var client = new Pop3Client())
        {
            await client.ConnectAsync(_pop3.Address.ToString(), _pop3.Port, SecureSocketOptions.None, cancel);
            Assert.True(client.Capabilities.HasFlag(Pop3Capabilities.Pipelining | Pop3Capabilities.UIDL | Pop3Capabilities.Top | Pop3Capabilities.Sasl | Pop3Capabilities.User));
            if (sasl) await client.AuthenticateAsync(new SaslMechanismPlain("user1", "user1"), cancel);
            else await client.AuthenticateAsync(Encoding.UTF8, "user1", "user1", cancel);
            Assert.Equal(5, client.Count);
            var sizes = await client.GetMessageSizesAsync(cancel);
            Assert.Equal(5, (await client.GetMessageUidsAsync(cancel)).Distinct().Count());
            var messages = await client.GetMessagesAsync(0, 5, cancel);
            for (var i = 0; i < 5; i++)
            {
                Assert.Equal($"number {i}", messages[i].Subject);
                Assert.Equal(".dots\n..two\nend", messages[i].TextBody!.ReplaceLineEndings("\n").TrimEnd());
                using var raw = await client.GetStreamAsync(i, headersOnly: false, cancel);
                Assert.Equal(sizes[i], raw.Length);
            }

            Assert.Equal("number 3", (await client.GetMessageHeadersAsync(3, cancel))[HeaderId.Subject]);
            await client.DeleteMessagesAsync(0, 4, cancel);
            await client.DisconnectAsync(quit: true, cancel);
        }

        using (var client = new Pop3Client())
        {
            await client.ConnectAsync(_pop3.Address.ToString(), _pop3.Port, SecureSocketOptions.None, cancel);
            await Assert.ThrowsAsync<AuthenticationException>(() => client.AuthenticateAsync(Encoding.UTF8, "user1", "wrong", cancel));
            await client.AuthenticateAsync(Encoding.UTF8, "user1@mail.test", "user1", cancel);
            Assert.Equal("number 4", (await client.GetMessageAsync(0, cancel)).Subject);
            Assert.Equal(1, client.Count);
        }
    }

    [Fact]
    public async Task Curl_retrieves_what_was_sent()
    {
        if (ForeignProgram.Find("curl") is not { } curl)
        {
            Assert.Skip("curl is not installed: apt-get install curl");
            return;
        }

        Deliver(2, Message(7));
        var (code, output, error) = await curl.RunAsync(Patience, "-s", "-S", "--user", "user2:user2", $"pop3://{_pop3}/1");
        Assert.True(code == 0, error);
        Assert.EndsWith(Message(7).ReplaceLineEndings("\n"), output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mpop_takes_all_mail_once_and_leaves_the_mailbox_empty()
    {
        if (ForeignProgram.Find("mpop") is not { } mpop)
        {
            Assert.Skip("mpop is not installed: apt-get install mpop");
            return;
        }

        for (var i = 0; i < 3; i++) Deliver(0, Message(i));
        var into = Directory.CreateDirectory(Path.Combine(_folder, "mpop")).FullName;
        foreach (var part in (string[])["tmp", "new", "cur"]) Directory.CreateDirectory(Path.Combine(into, part));
        var configuration = Path.Combine(_folder, "mpoprc");
        var settings = $"""
            account default
            host {_pop3.Address}
            port {_pop3.Port.ToString(CultureInfo.InvariantCulture)}
            tls off
            auth user
            user user0
            password user0
            keep off
            pipelining on
            received_header off
            uidls_file {Path.Combine(_folder, "uidls")}
            delivery maildir {into}
            """;
        await File.WriteAllTextAsync(configuration, settings.ReplaceLineEndings("\n") + "\n", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(configuration, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var (code, output, error) = await mpop.RunAsync(Patience, "-C", configuration);
        Assert.True(code == 0, output + error);
        var got = Directory.GetFiles(Path.Combine(into, "new"));
        Assert.Equal(3, got.Length);
        Assert.All(got, file => Assert.Contains(".dots\n..two\nend\n", File.ReadAllText(file), StringComparison.Ordinal));
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder, "store", "user0", "new")));
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder, "store", "user0", "cur")));
    }

    private static string Message(int number) => $"Subject: number {number.ToString(CultureInfo.InvariantCulture)}\r\nFrom: a@b.test\r\n\r\n.dots\r\n..two\r\nend\r\n";

    private void Deliver(int user, string content)
    {
        using var client = SmtpDialogue.Greet(_smtp);
        Assert.Equal("250 2.0.0 Stored", client.Transact("a@b.test", [$"user{user.ToString(CultureInfo.InvariantCulture)}@mail.test"], content.Replace("\r\n.", "\r\n..", StringComparison.Ordinal)));
    }
}
