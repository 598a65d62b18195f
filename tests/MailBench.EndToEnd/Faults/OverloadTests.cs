using System.Net.Sockets;
using MailBench.EndToEnd.Mta;
using MailBench.EndToEnd.Proofs;
using MailBench.Model.Nodes;
using MailBench.Model.Units;
using Xunit;

namespace MailBench.EndToEnd.Faults;

/// <summary>More clients and more mail than the MTA takes: told early, by name, and only for as long as it lasts.</summary>
public sealed class OverloadTests
{
    private const string Content = "Subject: one\r\n\r\nbody\r\n";

    [Fact]
    public async Task New_mail_hears_452_before_its_content_while_memory_is_short_and_is_taken_when_it_is_not()
    {
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { ReceiveMemory = new ByteSize(1 << 20) });
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        using (var large = await RawClient.GreetedAsync(rig.EndPoint))
        {
            await large.SayAsync("MAIL FROM:<a@source.test>");
            await large.SayAsync("RCPT TO:<u0@d0.test>");
            await large.SayAsync("DATA");
            await large.SendAsync(string.Concat(Enumerable.Repeat(new string('x', 998) + "\r\n", 950)));
            await MtaRig.EventuallyAsync(() => !Mail(client, taken: true), () => "mail is taken although memory is short");
            Assert.Equal(1, rig.Count("overloads"));

            // What has begun may end.
            Assert.StartsWith("250 ", await large.SayAsync("."), StringComparison.Ordinal);
        }

        await MtaRig.EventuallyAsync(() => Mail(client, taken: true), () => "memory is free and mail is refused");
        Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, "u0@d0.test"), StringComparison.Ordinal);
        await rig.CountReachesAsync("delivered", 2);
        Assert.Contains(rig.Complaints, words => words.StartsWith("new mail is answered 452 ", StringComparison.Ordinal));
        Assert.Contains(rig.Complaints, words => words.StartsWith("new mail is taken again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_that_has_its_share_of_sessions_leaves_the_rest_to_others()
    {
        await using var rig = await MtaRig.StartAsync(MtaRig.Settings with { MaxSessionsIn = 4, MaxSessionsPerClient = 2 });
        using var one = await RawClient.GreetedAsync(rig.EndPoint);
        using (await RawClient.GreetedAsync(rig.EndPoint))
        {
            using var three = await RawClient.ConnectAsync(rig.EndPoint);
            Assert.StartsWith("421 4.7.0 ", await three.ReadAsync(), StringComparison.Ordinal);
            using var stranger = await RawClient.ConnectAsync(rig.EndPoint, from: "127.0.0.2");
            Assert.StartsWith("220 ", await stranger.ReadAsync(), StringComparison.Ordinal);
        }

        await MtaRig.EventuallyAsync(() => Connects(rig), () => "sessions that have ended are still counted");
    }

    [Fact]
    public async Task Who_guesses_addresses_is_sent_away()
    {
        await using var rig = await MtaRig.StartAsync(relayFrom: "192.0.2.0/24");
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        await client.SayAsync("MAIL FROM:<a@source.test>");
        for (var i = 0; i < 20; i++) Assert.StartsWith("550 ", await client.SayAsync($"RCPT TO:<u{i}@d0.test>"), StringComparison.Ordinal);
        Assert.StartsWith("421 4.7.0 ", await client.SayAsync("RCPT TO:<u20@d0.test>"), StringComparison.Ordinal);
        Assert.Equal("", await client.ReadAsync());
    }

    [Fact]
    public async Task Ten_thousand_idle_sessions_cost_little_and_hold_up_nothing()
    {
        const int idle = 10_000;
        await using var bench = NodeBench.Start(save: false);
        bench.StartMta(config: "maxSessionsIn: 11000\nmaxSessionsPerClient: 11000\n");
        var before = bench.Counter(CounterNames.ResidentBytes);
        var callers = new List<Socket>();
        try
        {
            for (var i = 0; i < idle; i += 100)
            {
                var more = Enumerable.Range(0, 100).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
                callers.AddRange(more);
                await Task.WhenAll(more.Select(caller => caller.ConnectAsync(bench.MtaEndPoint)));
            }

            var greeting = new byte[256];
            foreach (var caller in callers) Assert.True(await caller.ReceiveAsync(greeting).WaitAsync(TimeSpan.FromSeconds(30)) > 0);
            Assert.Equal("220", System.Text.Encoding.ASCII.GetString(greeting, 0, 3));
            Assert.Equal(idle, bench.Counter(CounterNames.SessionsIn));
            var grown = bench.Counter(CounterNames.ResidentBytes) - before;
            Assert.True(grown < idle * 16384.0, $"{idle} idle sessions cost {grown / idle:0} octets each");

            using var client = await RawClient.GreetedAsync(bench.MtaEndPoint);
            for (var i = 0; i < 20; i++) Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, $"u{i}@d0.test"), StringComparison.Ordinal);
            await bench.DrainAsync();
            Assert.Equal(20, bench.Counter(CounterNames.Delivered));
        }
        catch (SocketException none) when (none.SocketErrorCode == SocketError.TooManyOpenSockets)
        {
            Assert.Skip("needs 10,000 open files in two processes: raise ulimit -n");
        }
        finally
        {
            foreach (var caller in callers) caller.Dispose();
        }

        await NodeBench.EndAsync(bench.Mta, bySignal: false);
    }

    private static bool Connects(MtaRig rig)
    {
        using var client = RawClient.ConnectAsync(rig.EndPoint).GetAwaiter().GetResult();
        return client.ReadAsync().GetAwaiter().GetResult().StartsWith("220 ", StringComparison.Ordinal);
    }

    private static bool Mail(RawClient client, bool taken)
    {
        var reply = client.SayAsync("MAIL FROM:<a@source.test>").GetAwaiter().GetResult();
        if (reply.StartsWith("250 ", StringComparison.Ordinal)) client.SayAsync("RSET").GetAwaiter().GetResult();
        else Assert.StartsWith("452 4.3.1 ", reply, StringComparison.Ordinal);
        return reply.StartsWith("250 ", StringComparison.Ordinal) == taken;
    }
}
