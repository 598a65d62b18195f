using System.Net;
using System.Text;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Peers.Mailbox;
using MailBench.Peers.Poll;
using MailBench.Testing.Smtp;
using MailKit.Net.Pop3;
using MailKit.Security;
using Xunit;

namespace MailBench.EndToEnd.Mailbox;

/// <summary>The users' own driver against an independent one: MailKit does the same polls of the same mailboxes, and both and the server tell the same counts.</summary>
public sealed class SecondDriverTests : IDisposable
{
    private const int Users = 8;
    private const int MessagesEach = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-drivers-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(PollAction.Check)]
    [InlineData(PollAction.Fetch)]
    [InlineData(PollAction.Headers)]
    [InlineData(PollAction.Delete)]
    [InlineData(PollAction.Reread)]
    public async Task MailKit_tells_the_same_counts_as_the_users(PollAction action)
    {
        var own = await CountsAsync("own", pop3 => OwnAsync(pop3, action));
        var other = await CountsAsync("mailkit", pop3 => MailKitAsync(pop3, action));
        Assert.Equal(Users, own.Polls);
        Assert.Equal(own.Polls, other.Polls);
        Assert.Equal(own.Server, other.Server);
        Assert.Equal(action == PollAction.Check ? 0 : Users * MessagesEach, own.Retrieved);
        Assert.Equal(own.Retrieved, other.Retrieved);
        Assert.Equal(own.ContentOctets, other.ContentOctets);
    }

    private sealed record Told(long Polls, long Retrieved, long ContentOctets);

    private sealed record Counts(long Polls, long Retrieved, long ContentOctets, (double Logins, double Retrieved, double Deleted) Server);

    /// <summary>The same mail in a server of its own.</summary>
    private async Task<Counts> CountsAsync(string name, Func<IPEndPoint, Task<Told>> polls)
    {
        var options = new MailboxOptions { Pop3 = [AnyPort], Smtp = [AnyPort], StoreDirectory = Path.Combine(_folder, name), Users = Users, RefusalDelay = TimeSpan.Zero };
        await using var node = new MailboxNode(options, TimeProvider.System);
        var ready = await node.StartAsync(default);
        using (var client = SmtpDialogue.Greet(ready[1].EndPoint))
            for (var i = 0; i < Users * MessagesEach; i++)
                client.Transact("a@b.test", [$"user{i % Users}@mail.test"], $"Subject: {i}\r\n\r\n..dot\r\nbody {new string('x', 100 * i)}\r\n");
        var told = await polls(ready[0].EndPoint);
        var counters = node.Counters();
        return new Counts(told.Polls, told.Retrieved, told.ContentOctets, (counters[CounterNames.Logins], counters[CounterNames.Retrieved], counters[CounterNames.Deleted]));
    }

    private static async Task<Told> OwnAsync(IPEndPoint pop3, PollAction action)
    {
        await using var node = new PollNode(new PollOptions { Server = pop3, Users = Users, Interval = TimeSpan.FromMilliseconds(100), Count = Users, Action = action, ThinkTime = TimeSpan.FromMilliseconds(5) }, control: false);
        await node.StartAsync(default);
        await node.Completion.WaitAsync(Patience);
        await node.StopAsync(default);
        var counts = node.Counts();
        return new Told(counts["polls"]!.GetValue<long>(), counts["retrieved"]!.GetValue<long>(), counts["contentOctets"]!.GetValue<long>());
    }

    private static async Task<Told> MailKitAsync(IPEndPoint pop3, PollAction action)
    {
        var cancel = TestContext.Current.CancellationToken;
        var (polls, retrieved, octets) = (0, 0, 0L);
        for (var user = 0; user < Users; user++)
        {
            using var client = new Pop3Client();
            await client.ConnectAsync(pop3.Address.ToString(), pop3.Port, SecureSocketOptions.None, cancel);
            await client.AuthenticateAsync(Encoding.UTF8, $"user{user}", $"user{user}", cancel);
            if (action is PollAction.Fetch or PollAction.Headers) Assert.Equal(client.Count, (await client.GetMessageUidsAsync(cancel)).Count);
            for (var i = 0; action == PollAction.Headers && i < client.Count; i++)
                using (var headers = await client.GetStreamAsync(i, headersOnly: true, cancel))
                    octets += headers.Length;
            for (var i = 0; action != PollAction.Check && i < client.Count; i++)
            {
                using var content = await client.GetStreamAsync(i, headersOnly: false, cancel);
                octets += content.Length;
                retrieved++;
                if (action == PollAction.Delete) await client.DeleteMessageAsync(i, cancel);
            }

            await client.DisconnectAsync(quit: true, cancel);
            polls++;
        }

        return new Told(polls, retrieved, octets);
    }
}
