using System.Net;
using System.Net.Sockets;
using System.Text;
using MailBench.Model.Options;
using MailBench.Mta;
using MailBench.Peers.Mailbox;
using MailBench.Testing.Processes;
using MailBench.Testing.Smtp;
using Xunit;

namespace MailBench.EndToEnd.Mailbox;

/// <summary>A login at the mailbox server opens the MTA's relay for the client's address: two processes, as an operator starts them, and what stands in the way of the socket between them.</summary>
public sealed class PopBeforeSmtpTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-login-").FullName;

    private string SocketPath => Path.Combine(_folder, "logins");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("pop3")]
    [InlineData("imap")]
    public async Task A_login_opens_the_relay_for_the_clients_address_only(string protocol)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "clients from two loopback addresses");
        await using var mta = MailbenchProcess.Start(
            "mta", "--listen", "127.0.0.1:0", "--queue", Path.Combine(_folder, "queue"), "--dns", "127.0.0.1:9", "--hostname", "mta.test", "--pop-before-smtp", SocketPath, "--relay-for", "10m");
        var door = mta.ReadReady("mta");
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
        await using var mailbox = MailbenchProcess.Start("mailbox", $"--{protocol}", "127.0.0.1:0", "--store", Path.Combine(_folder, "store"), "--users", "1", "--pop-before-smtp", SocketPath);
        var readers = mailbox.ReadReady(protocol);

        const string client = "127.0.0.5", neighbour = "127.0.0.6", denied = "550 5.7.1 Relaying denied";
        Assert.Equal(denied, Rcpt(door, client));
        Assert.StartsWith(protocol == "pop3" ? "-ERR" : "a NO", await LogInAsync(readers, client, protocol, "wrong"), StringComparison.Ordinal);
        Assert.Equal(denied, Rcpt(door, client));
        Assert.StartsWith(protocol == "pop3" ? "+OK" : "a OK", await LogInAsync(readers, client, protocol, "user0"), StringComparison.Ordinal);
        await Mta.MtaRig.EventuallyAsync(() => Rcpt(door, client).StartsWith("250", StringComparison.Ordinal), () => Rcpt(door, client));
        Assert.Equal(denied, Rcpt(door, neighbour));

        mta.Terminate();
        Assert.Equal(0, (await mta.WaitForEndAsync()).Code);
        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public async Task A_mailbox_server_whose_mta_is_gone_serves_on_and_says_so()
    {
        var complaints = new List<string>();
        await using var mailbox = new MailboxNode(new MailboxOptions { Pop3 = [new IPEndPoint(IPAddress.Loopback, 0)], StoreDirectory = Path.Combine(_folder, "store"), Users = 1, LoginSocket = SocketPath }, TimeProvider.System)
        {
            Complain = complaint =>
            {
                lock (complaints) complaints.Add(complaint);
            },
        };
        var readers = (await mailbox.StartAsync(default))[0].EndPoint;
        for (var i = 0; i < 2; i++) Assert.StartsWith("+OK", await LogInAsync(readers, "127.0.0.1", "pop3", "user0"), StringComparison.Ordinal);
        lock (complaints) Assert.Contains(SocketPath, Assert.Single(complaints), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_killed_mta_left_is_replaced_and_what_is_in_use_is_not()
    {
        await using (var killed = Started())
        {
            killed.ReadReady("mta");
            killed.Signal(9);
            await killed.WaitForEndAsync();
        }

        Assert.True(File.Exists(SocketPath));
        await using var second = Started();
        second.ReadReady("mta");
        await using var third = MailbenchProcess.Start("mta", "--listen", "127.0.0.1:0", "--queue", Path.Combine(_folder, "other"), "--dns", "127.0.0.1:9", "--hostname", "mta.test", "--pop-before-smtp", SocketPath);
        Assert.Equal(4, (await third.WaitForEndAsync()).Code);
        Assert.Contains("is in use", await third.Error, StringComparison.Ordinal);

        MailbenchProcess Started() =>
            MailbenchProcess.Start("mta", "--listen", "127.0.0.1:0", "--queue", Path.Combine(_folder, "queue"), "--dns", "127.0.0.1:9", "--hostname", "mta.test", "--pop-before-smtp", SocketPath);
    }

    [Fact]
    public async Task A_file_in_the_sockets_place_is_left_alone()
    {
        await File.WriteAllTextAsync(SocketPath, "somebody's");
        await using var node = new MtaNode(
            new MtaOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), QueueDirectories = [Path.Combine(_folder, "queue")], Dns = new IPEndPoint(IPAddress.Loopback, 9), HostName = "mta.test", LoginSocket = SocketPath }, TimeProvider.System);
        await Assert.ThrowsAsync<Model.Nodes.NodeRefusedException>(() => node.StartAsync(default));
        Assert.Equal("somebody's", await File.ReadAllTextAsync(SocketPath));
    }

    private static string Rcpt(IPEndPoint door, string from)
    {
        using var client = SmtpDialogue.Greet(door, IPAddress.Parse(from));
        client.Say("MAIL FROM:<a@source.test>");
        return client.Say("RCPT TO:<u0@d0.test>");
    }

    /// <summary>The reply to the password.</summary>
    private static async Task<string> LogInAsync(IPEndPoint server, string from, string protocol, string password)
    {
        using var client = new TcpClient(new IPEndPoint(IPAddress.Parse(from), 0));
        await client.ConnectAsync(server);
        var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII);
        await reader.ReadLineAsync();
        if (protocol == "pop3")
        {
            await stream.WriteAsync("USER user0\r\n"u8.ToArray());
            await reader.ReadLineAsync();
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes(protocol == "pop3" ? $"PASS {password}\r\n" : $"a LOGIN user0 {password}\r\n"));
        return await reader.ReadLineAsync() ?? "";
    }
}
