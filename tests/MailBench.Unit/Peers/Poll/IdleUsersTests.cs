using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Peers.Poll;
using MailBench.Unit.Peers.Mailbox;
using Xunit;

namespace MailBench.Unit.Peers.Poll;

/// <summary>Users who hold IDLE, against MailBench's own server in this process.</summary>
public sealed class IdleUsersTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Users_hold_a_session_each_and_fetch_what_is_announced_once()
    {
        await using var rig = await MailboxRig.StartAsync();
        rig.Deliver("Subject: before\r\n\r\nx\r\n", 0);
        var events = Path.Combine(rig.Folder, "poll.bin");
        await using var node = await BeginAsync(Options(rig), events);
        await MailboxRig.EventuallyAsync(() => Of(node, CounterNames.Polls) == 5);
        Assert.Equal((5, 1, 0), (Of(node, CounterNames.SessionsOpen), Of(node, CounterNames.Retrieved), Of(node, CounterNames.Pushed)));

        // The rig's mail is message 7 of the trial ab12.0-0.
        rig.Deliver("Subject: after\r\n\r\nx\r\n", 0, 3);
        rig.Deliver("Subject: again\r\n\r\nx\r\n", 3);
        await MailboxRig.EventuallyAsync(() => Of(node, CounterNames.Pushed) == 3);
        Assert.Equal((5, 5, 4, 0), (Of(node, CounterNames.SessionsOpen), Of(node, CounterNames.Sessions), Of(node, CounterNames.Retrieved), Of(node, CounterNames.Dropped)));

        await node.HandleAsync(new HaltLoadCommand(), default);
        var counts = (await node.HandleAsync(new EndTrialCommand(), default))!;
        Assert.Equal((5, 0, 0, 3), (Count(counts, "polls"), Count(counts, "failed"), Count(counts, "unfinished"), Count(counts, "pushed")));
        Assert.Equal(0, Of(node, CounterNames.SessionsOpen));
        Assert.True(counts["fetchedMs"]!["p50"]!.GetValue<double>() > 0);

        await using var stream = File.OpenRead(events);
        EventStream.ReadHeader(stream);
        var pushed = EventStream.ReadRecords(stream).Where(record => record.Kind == EventKind.Pushed).ToList();
        Assert.Equal([0, 3, 3], pushed.Select(record => record.Recipient).Order());
        Assert.All(pushed, record => Assert.Equal(7, record.Sequence));
        Assert.All(pushed, record => Assert.InRange(record.ValueNs, 1, Patience.Ticks * 100));
    }

    [Fact]
    public async Task Idle_is_renewed_every_interval_in_the_same_session()
    {
        await using var rig = await MailboxRig.StartAsync();
        await using var node = new PollNode(Options(rig) with { Interval = TimeSpan.FromMilliseconds(100), Count = 25 }, control: false);
        await node.StartAsync(default);
        await node.Completion.WaitAsync(Patience);
        var counts = node.Counts();
        Assert.Equal((25, 25, 0), (Count(counts, "offered"), Count(counts, "polls"), Count(counts, "failed")));
        Assert.Equal((5, 0), (Of(node, CounterNames.Sessions), Of(node, CounterNames.SessionsOpen)));
        Assert.True(counts["serviceMs"]!["done"]!["p50"]!.GetValue<double>() > 0);
    }

    [Fact]
    public async Task A_server_that_ends_held_sessions_is_told_of_and_dialled_again_at_the_next_renewal()
    {
        var log = new StringWriter();
        var rig = await MailboxRig.StartAsync();
        await using var node = await BeginAsync(Options(rig), null, log);
        await MailboxRig.EventuallyAsync(() => Of(node, CounterNames.Polls) == 5);
        await rig.DisposeAsync();
        await MailboxRig.EventuallyAsync(() => Of(node, CounterNames.SessionsOpen) == 0);
        Assert.Equal((5, 0), (Of(node, CounterNames.Dropped), Of(node, CounterNames.Failed)));
        await node.HandleAsync(new EndTrialCommand(), default);
        Assert.Contains("a held session ended", log.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PollProtocol.Pop3, 60, false, 0, "POP3 has nothing like it")]
    [InlineData(PollProtocol.Imap, 1741, false, 0, "29 minutes")]
    [InlineData(PollProtocol.Imap, 60, true, 0, "no pipelining")]
    [InlineData(PollProtocol.Imap, 60, false, 4, "needs a session")]
    [InlineData(PollProtocol.Imap, 1740, false, 5, null)]
    public void What_goes_ill_with_idle_is_said(PollProtocol protocol, int seconds, bool pipelining, int sessions, string? contradiction)
    {
        var options = new PollOptions
        {
            Server = new(0, 0),
            Users = 5,
            Action = PollAction.Idle,
            Protocol = protocol,
            Interval = TimeSpan.FromSeconds(seconds),
            Pipelining = pipelining,
            MaxSessions = sessions,
        };
        if (contradiction is null) Assert.Null(options.Contradiction);
        else Assert.Contains(contradiction, options.Contradiction, StringComparison.Ordinal);
    }

    private static PollOptions Options(MailboxRig rig) => new()
    {
        Server = rig.Imap,
        Protocol = PollProtocol.Imap,
        Users = 5,
        Interval = TimeSpan.FromMinutes(10),
        Phase = PollPhase.Synchronised,
        Action = PollAction.Idle,
    };

    private static async Task<PollNode> BeginAsync(PollOptions options, string? events, TextWriter? log = null)
    {
        var node = new PollNode(null, control: true, log);
        await node.StartAsync(default);
        await node.HandleAsync(new BeginTrialCommand(new TrialId("ab12", 0, 0), events) { Poll = options }, default);
        await node.HandleAsync(new StartLoadCommand(), default);
        return node;
    }

    private static long Of(PollNode node, string counter) => (long)node.Counters()[counter];

    private static long Count(JsonObject counts, string name) => counts[name]!.GetValue<long>();
}
