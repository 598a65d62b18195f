using System.Globalization;
using System.Net;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Peers.Poll;
using MailBench.Runs.Testbed;
using MailBench.Runs.Testbed.Systems;
using MailBench.Testing.Processes;
using Xunit;

namespace MailBench.EndToEnd.Mailbox;

/// <summary>Are our users like real ones? As many real <c>mpop</c> clients and users of ours empty the same mailboxes of the same Dovecot, and put the same load on it, counted on the way.</summary>
public sealed class MpopLoadTests : IDisposable
{
    private const int Users = 6, Messages = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-mpop-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Our_users_put_the_load_of_mpop_on_dovecot()
    {
        if ((MailSystems.NoEnclosure() ?? new DovecotAdapter().Missing(new MailSystem("dovecot", SystemKind.Dovecot))) is { } reason) Assert.Skip(reason);
        if (ForeignProgram.Find("mpop") is not { } mpop)
        {
            Assert.Skip("mpop is not installed: apt-get install mpop");
            return;
        }

        var ours = await CountedAsync("ours", OursAsync);
        var theirs = await CountedAsync("mpop", server => MpopAsync(mpop, server));
        Assert.Equal(Users, ours.Sessions);
        Assert.Equal(theirs.Sessions, ours.Sessions);

        // What makes a poll is said equally often; mpop also asks what the server can do and for lists, in short lines.
        foreach (var verb in (string[])["USER", "PASS", "STAT", "RETR", "DELE", "QUIT"]) Assert.Equal((verb, theirs.Commands.GetValueOrDefault(verb)), (verb, ours.Commands.GetValueOrDefault(verb)));
        Assert.Equal(Users * Messages, ours.Commands["RETR"]);
        Assert.Subset(new HashSet<string> { "CAPA", "LIST", "UIDL" }, theirs.Commands.Keys.Except(ours.Commands.Keys).ToHashSet());
        Assert.InRange((double)ours.Octets / theirs.Octets, 0.97, 1.03);
    }

    /// <summary>A fresh Dovecot with full mailboxes, emptied through a relay that counts.</summary>
    private async Task<LoadCount> CountedAsync(string name, Func<IPEndPoint, Task> poll)
    {
        var settings = SettingValues.Defaults.With("users.count", Users.ToString(CultureInfo.InvariantCulture)).With("users.mailbox.messages", Messages.ToString(CultureInfo.InvariantCulture)).With("users.mailbox.size", "16KiB");
        var pop3 = new IPEndPoint(IPAddress.Loopback, PortPick.FreeOnAll([IPAddress.Loopback]));
        await using var dovecot = await ForeignMailbox.StartAsync(
            new DovecotAdapter(), new MailSystem("dovecot", SystemKind.Dovecot) { Variant = SystemVariant.Tuned }, settings, pop3, Path.Combine(_folder, name), Path.Combine(_folder, $"{name}.dovecot"), new RoleLog(Path.Combine(_folder, $"{name}.log"), name), TimeProvider.System, Cancel);
        await using var relay = new CountingRelay(pop3);
        await poll(relay.Door);
        return await relay.CountAsync(Patience);
    }

    private static async Task OursAsync(IPEndPoint server)
    {
        await using var node = new PollNode(new PollOptions { Server = server, Users = Users, Interval = TimeSpan.FromMilliseconds(200), Count = Users, Action = PollAction.Delete }, control: false);
        await node.StartAsync(default);
        await node.Completion.WaitAsync(Patience, Cancel);
        await node.StopAsync(default);
        Assert.Equal(Users * Messages, node.Counts()["retrieved"]!.GetValue<long>());
    }

    private async Task MpopAsync(ForeignProgram mpop, IPEndPoint server) => await Task.WhenAll(Enumerable.Range(0, Users).Select(async user =>
    {
        var own = Directory.CreateDirectory(Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"client{user}"))).FullName;
        foreach (var part in (string[])["tmp", "new", "cur"]) Directory.CreateDirectory(Path.Combine(own, part));
        var configuration = Path.Combine(own, "mpoprc");
        var settings = $"""
            account default
            host {server.Address}
            port {server.Port.ToString(CultureInfo.InvariantCulture)}
            tls off
            auth user
            user user{user.ToString(CultureInfo.InvariantCulture)}
            password user{user.ToString(CultureInfo.InvariantCulture)}
            keep off
            pipelining off
            received_header off
            uidls_file {own}/uidls
            delivery maildir {own}
            """;
        await File.WriteAllTextAsync(configuration, settings.ReplaceLineEndings("\n") + "\n", Cancel);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(configuration, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var (code, output, error) = await mpop.RunAsync(Patience, "-C", configuration);
        Assert.True(code == 0, output + error);
        Assert.Equal(Messages, Directory.GetFiles(Path.Combine(own, "new")).Length);
    }));
}
