using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Sink;
using MailBench.Testing.Smtp;
using Xunit;

namespace MailBench.Unit.Peers.Sink;

public sealed class SinkNodeTests : IAsyncDisposable
{
    private static readonly TrialId Trial = new("ab12", 3, 0);
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private readonly string _folder = Directory.CreateTempSubdirectory("mailbench-sink-").FullName;
    private readonly ConcurrentQueue<NodeNotice> _notices = new();
    private readonly ConcurrentQueue<string> _complaints = new();
    private SinkNode? _node;

    [Fact]
    public async Task Books_each_recipient_of_the_trial_before_its_reply()
    {
        var server = (await StartAsync(new SinkOptions { Listen = [AnyPort] }))[0];
        await _node!.HandleAsync(new BeginTrialCommand(Trial, Events), default);
        var before = MonotonicClock.NowNs;
        using (var client = SmtpDialogue.Greet(server))
        {
            Assert.Equal("250 2.0.0 Taken", client.Transact("ab12.3-0.7@source.test", ["u0@d1.test", "u4@d2.test", "postmaster@d2.test"], "Subject: x\r\n\r\n..dot\r\n"));
            Assert.Equal("250 2.0.0 Taken", client.Transact("ab12.2-0.8@source.test", ["u1@d1.test"], "another trial\r\n"));
            Assert.Equal("250 2.0.0 Taken", client.Transact("", ["user17@mail.test"], "no trial\r\n"));
            Assert.Equal("250 2.0.0 Taken", client.Transact("ab12.3-0.9@source.test", ["user17@mail.test"], "user\r\n"));
        }

        var after = MonotonicClock.NowNs;
        await _node.HandleAsync(new EndTrialCommand(), default);
        var records = ReadEvents();
        Assert.Equal([(7, 0), (7, 4), (7, -1), (9, 17)], records.Select(r => (r.Sequence, r.Recipient)));
        Assert.All(records, r => Assert.True(r.Kind == EventKind.Booked && r.Code == 250 && r.TimeNs >= before && r.TimeNs <= after));
        Assert.Equal(4, _notices.Where(n => n.Kind == "booked").Sum(n => n.Recipients));
        Assert.Equal("{\"sessions\":1,\"transactions\":4,\"messages\":4,\"recipients\":6,\"octets\":51,\"refused\":0,\"dsns\":0}", _node.Counts().ToJsonString());
        Assert.True(_node.Counters()[CounterNames.OctetsIn] > 51 && _node.Counters()[CounterNames.OctetsOut] > 0);
    }

    [Fact]
    public async Task Books_without_telling_credits_where_nobody_waits_for_them()
    {
        var server = (await StartAsync(new SinkOptions { Listen = [AnyPort] }))[0];
        await _node!.HandleAsync(new BeginTrialCommand(Trial, Events) { Credits = false }, default);
        using (var client = SmtpDialogue.Greet(server)) Assert.Equal("250 2.0.0 Taken", client.Transact("ab12.3-0.7@source.test", ["u0@d1.test"], "x\r\n"));
        await _node.HandleAsync(new EndTrialCommand(), default);
        Assert.Equal([(7, 0)], ReadEvents().Select(r => (r.Sequence, r.Recipient)));
        Assert.Empty(_notices);
    }

    [Fact]
    public async Task A_transaction_that_outlives_its_trial_is_booked_in_none()
    {
        var server = (await StartAsync(new SinkOptions { Listen = [AnyPort] }))[0];
        await _node!.HandleAsync(new BeginTrialCommand(Trial with { Repetition = 1 }, null), default);
        using var client = SmtpDialogue.Greet(server);
        client.Say("MAIL FROM:<ab12.3-1.7@source.test>");
        client.Say("RCPT TO:<u0@d1.test>");
        await _node.HandleAsync(new BeginTrialCommand(Trial, Events), default);
        client.Say("DATA");
        Assert.Equal("250 2.0.0 Taken", client.Say("."));
        await _node.HandleAsync(new EndTrialCommand(), default);
        Assert.Empty(ReadEvents());
        Assert.Empty(_notices);
        Assert.Equal(1, _node.Counters()[CounterNames.Messages]);
    }

    [Fact]
    public async Task Content_is_under_way_until_its_transaction_ends_however_it_ends()
    {
        var server = (await StartAsync(new SinkOptions { Listen = [AnyPort], Refuse = [new(RefusalPhase.End, 451, null, 1, "refused@*")] }))[0];
        using (var client = SmtpDialogue.Greet(server))
        {
            client.Say("MAIL FROM:<refused@source.test>");
            client.Say("RCPT TO:<u0@d1.test>");
            client.Say("DATA");
            client.Send("ten octets\r\n");
            await UnderWayReaches(12);
            Assert.StartsWith("451", client.Say("."), StringComparison.Ordinal);
            await UnderWayReaches(0);
            client.Transact("a@source.test", ["u0@d1.test"], "taken\r\n");
            await UnderWayReaches(0);
            client.Say("MAIL FROM:<b@source.test>");
            client.Say("RCPT TO:<u0@d1.test>");
            client.Say("DATA");
            client.Send("broken off\r\n");
            await UnderWayReaches(12);
        }

        await UnderWayReaches(0);
        Assert.Equal(7, _node!.Counters()[CounterNames.Octets]);
    }

    [Fact]
    public async Task Without_a_trial_it_counts_and_says_nothing()
    {
        var server = (await StartAsync(new SinkOptions { Listen = [AnyPort] }))[0];
        using var client = SmtpDialogue.Greet(server);
        client.Transact("ab12.3-0.7@source.test", ["u0@d1.test"], "x\r\n");
        Assert.Equal(1, _node!.Counters()[CounterNames.Messages]);
        Assert.Empty(_notices);
    }

    [Fact]
    public async Task Reads_what_comes_to_its_return_listener_as_DSN()
    {
        var listeners = await StartAsync(new SinkOptions { Listen = [AnyPort], Return = [AnyPort], Refuse = [new(RefusalPhase.Mail, 550, null, 1, null)] });
        await _node!.HandleAsync(new BeginTrialCommand(Trial, Events), default);
        using (var client = SmtpDialogue.Greet(listeners[1]))
        {
            const string Dsn = "Content-Type: multipart/report; boundary=B\r\n\r\n--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a\r\n\r\n"
                + "Final-Recipient: rfc822; u3@d5.test\r\nAction: failed\r\nDiagnostic-Code: smtp; 550 no\r\n\r\nFinal-Recipient: rfc822; u4@d5.test\r\nAction: failed\r\n\r\n--B--\r\n";
            Assert.Equal("250 2.0.0 Taken", client.Transact("", ["ab12.3-0.7@source.test"], Dsn));
            Assert.Equal("250 2.0.0 Taken", client.Transact("", ["ab12.3-0.8@source.test"], "sorry\r\n"));
            Assert.Equal("250 2.0.0 Taken", client.Transact("", ["someone@source.test"], Dsn));
        }

        await _node.HandleAsync(new EndTrialCommand(), default);
        Assert.Equal([(EventKind.Returned, 7, 3, 550), (EventKind.Returned, 7, 4, 0), (EventKind.Returned, 8, -1, 0)], ReadEvents().Select(r => (r.Kind, r.Sequence, r.Recipient, (int)r.Code)));
        Assert.Equal(3, _notices.Sum(n => n.Recipients));
        Assert.Equal("{\"sessions\":0,\"transactions\":0,\"messages\":0,\"recipients\":0,\"octets\":0,\"refused\":0,\"dsns\":3}", _node.Counts().ToJsonString());
    }

    [Fact]
    public async Task Refuses_by_rule_in_every_phase()
    {
        var server = (await StartAsync(new SinkOptions
        {
            Listen = [AnyPort],
            Refuse =
            [
                RefusalRuleText.Parse("helo:550:5.7.1:bad.test"), RefusalRuleText.Parse("mail:451:4.7.0:m@*"), RefusalRuleText.Parse("rcpt:550:5.1.1:u1@*"), RefusalRuleText.Parse("data:554:d@*"),
                RefusalRuleText.Parse("end:452:4.2.2:e@*"),
            ],
        }))[0];
        using var client = SmtpDialogue.Open(server, out var greeting);
        Assert.StartsWith("220 sink.test ESMTP", greeting, StringComparison.Ordinal);
        Assert.Equal("550 5.7.1 Refused by rule", client.Say("EHLO bad.test"));
        client.Say("EHLO good.test");
        Assert.Equal("451 4.7.0 Refused for now, by rule", client.Transact("m@a.test", ["u2@d.test"], "x\r\n"));
        Assert.Equal("550 5.1.1 Refused by rule", client.Transact("a@a.test", ["u1@d.test"], "x\r\n"));
        Assert.Equal("554 Refused by rule", client.Transact("d@a.test", ["u2@d.test"], "x\r\n"));
        Assert.Equal("452 4.2.2 Refused for now, by rule", client.Transact("e@a.test", ["u2@d.test"], "x\r\n"));
        Assert.Equal("250 2.0.0 Taken", client.Transact("a@a.test", ["u2@d.test"], "x\r\n"));
        Assert.Equal("{\"sessions\":1,\"transactions\":4,\"messages\":1,\"recipients\":1,\"octets\":3,\"refused\":5,\"dsns\":0}", _node!.Counts().ToJsonString());
    }

    [Fact]
    public async Task Refuses_connections_by_rule_and_beyond_its_limit()
    {
        var server = (await StartAsync(new SinkOptions { Listen = [AnyPort], MaxSessions = 1 }))[0];
        using var first = SmtpDialogue.Greet(server);
        using var second = SmtpDialogue.Open(server, out var greeting);
        Assert.Equal("421 4.3.2 Too many sessions", greeting);
        Assert.Equal("", second.Read());
        await _node!.DisposeAsync();

        server = (await StartAsync(new SinkOptions { Listen = [AnyPort], Refuse = [RefusalRuleText.Parse("connect:554:5.7.1:127.*")] }))[0];
        using var third = SmtpDialogue.Open(server, out greeting);
        Assert.Equal("554 5.7.1 Refused by rule", greeting);
    }

    [Fact]
    public async Task Keeps_messages_as_received_beside_their_envelopes()
    {
        var folder = Path.Combine(_folder, "saved");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "4.eml"), "from an earlier run");
        var server = (await StartAsync(new SinkOptions { Listen = [AnyPort], SaveDirectory = folder, Refuse = [RefusalRuleText.Parse("end:554:no@*")] }))[0];
        using var client = SmtpDialogue.Greet(server);
        Assert.Equal("250 2.0.0 Taken", client.Transact("\"../../x\"@a.test", ["u1@d.test", "u2@d.test"], "Subject: x\r\n\r\n..dot\r\n\0\xe4\r\n"));
        Assert.StartsWith("554", client.Transact("no@a.test", ["u1@d.test"], "refused\r\n"), StringComparison.Ordinal);
        Assert.Equal("250 2.0.0 Taken", client.Transact("", ["u1@d.test"], ""));

        Assert.Equal("Subject: x\r\n\r\n.dot\r\n\0\xe4\r\n", System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(Path.Combine(folder, "5.eml"))));
        using var envelope = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "5.json")));
        Assert.Equal("\"../../x\"@a.test", envelope.RootElement.GetProperty("reversePath").GetString());
        Assert.Equal(["u1@d.test", "u2@d.test"], envelope.RootElement.GetProperty("recipients").EnumerateArray().Select(r => r.GetString()));
        Assert.Equal(["4.eml", "5.eml", "5.json", "6.eml", "6.json"], Directory.EnumerateFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_message_that_cannot_be_saved_is_refused_and_reported()
    {
        var folder = Path.Combine(_folder, "saved");
        var server = (await StartAsync(new SinkOptions { Listen = [AnyPort], SaveDirectory = folder }))[0];
        Directory.Delete(folder);
        using var client = SmtpDialogue.Greet(server);
        Assert.Equal("452 4.3.1 The message could not be saved", client.Transact("a@a.test", ["u1@d.test"], "x\r\n"));
        Assert.Contains("could not be saved", Assert.Single(_complaints), StringComparison.Ordinal);
        Assert.Equal(0, _node!.Counters()[CounterNames.Messages]);
    }

    [Fact]
    public async Task All_addresses_of_a_list_share_the_port_that_the_system_picked()
    {
        var listeners = await StartAsync(new SinkOptions { Listen = [AnyPort, new(IPAddress.Parse("127.0.0.2"), 0), new(IPAddress.Parse("127.0.0.3"), 0)], Return = [AnyPort] });
        Assert.Equal(4, listeners.Length);
        Assert.Single(listeners[..3].Select(listener => listener.Port).Distinct());
        foreach (var listener in listeners) SmtpDialogue.Greet(listener).Dispose();
    }

    [Fact]
    public async Task An_address_in_use_or_a_folder_that_cannot_be_is_refused_by_the_environment()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var refused = await Assert.ThrowsAsync<NodeRefusedException>(() => StartAsync(new SinkOptions { Listen = [(IPEndPoint)taken.LocalEndpoint] }));
        Assert.Contains(taken.LocalEndpoint.ToString()!, refused.Message, StringComparison.Ordinal);

        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "");
        refused = await Assert.ThrowsAsync<NodeRefusedException>(() => StartAsync(new SinkOptions { Listen = [AnyPort], SaveDirectory = Path.Combine(file, "below") }));
        Assert.Contains("cannot be saved", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_nothing_while_stalled()
    {
        var server = (await StartAsync(new SinkOptions { Listen = [AnyPort] }))[0];
        using var client = SmtpDialogue.Greet(server);
        var started = Stopwatch.GetTimestamp();
        await _node!.HandleAsync(new StallCommand(300_000_000), default);
        Assert.Equal("250 2.0.0 Ok", client.Say("NOOP"));
        Assert.True(Stopwatch.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(295));
    }

    [Fact]
    public async Task Finishes_an_open_transaction_before_it_ends()
    {
        var server = (await StartAsync(new SinkOptions { Listen = [AnyPort] }))[0];
        using var idle = SmtpDialogue.Greet(server);
        using var busy = SmtpDialogue.Greet(server);
        busy.Say("MAIL FROM:<a@b.test>");
        busy.Say("RCPT TO:<u1@d.test>");
        var stopped = _node!.StopAsync(default);
        Assert.Equal("421 4.3.2 Closing down", idle.Read());
        Assert.False(stopped.IsCompleted);
        busy.Say("DATA");
        Assert.Equal("250 2.0.0 Taken", busy.Say("x\r\n."));
        Assert.Equal("421 4.3.2 Closing down", busy.Read());
        await stopped.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        Assert.Equal(1, _node.Counters()[CounterNames.Messages]);
    }

    [Fact]
    public async Task Cuts_what_is_still_open_when_patience_is_over()
    {
        var server = (await StartAsync(new SinkOptions { Listen = [AnyPort] }))[0];
        using var busy = SmtpDialogue.Greet(server);
        busy.Say("MAIL FROM:<a@b.test>");
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _node!.StopAsync(patience.Token));
    }

    [Fact]
    public async Task Events_that_cannot_be_written_fail_the_node()
    {
        if (!File.Exists("/dev/full")) Assert.Skip("/dev/full is Linux's device of a full disk.");
        var server = (await StartAsync(new SinkOptions { Listen = [AnyPort] }))[0];
        await Assert.ThrowsAnyAsync<Exception>(() => _node!.HandleAsync(new BeginTrialCommand(Trial, "/dev/full"), default));
        await Assert.ThrowsAnyAsync<Exception>(() => _node!.HandleAsync(new BeginTrialCommand(Trial, Path.Combine(_folder, "no", "such", "folder.bin")), default));
        using var client = SmtpDialogue.Greet(server);
        Assert.Equal("250 2.0.0 Ok", client.Say("NOOP"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null) await _node.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task UnderWayReaches(double octets)
    {
        for (var waited = 0; _node!.Counters()[CounterNames.ContentUnderWay] != octets; waited++)
        {
            Assert.True(waited < 3000, $"{_node.Counters()[CounterNames.ContentUnderWay]} octets are under way, not {octets}");
            await Task.Delay(10);
        }
    }

    private string Events => Path.Combine(_folder, "sink-3-0.bin");

    private async Task<IPEndPoint[]> StartAsync(SinkOptions options)
    {
        _node = new SinkNode(options) { Notify = _notices.Enqueue, Complain = _complaints.Enqueue };
        return [.. (await _node.StartAsync(default)).Select(listener => listener.EndPoint)];
    }

    private List<EventRecord> ReadEvents()
    {
        using var file = File.OpenRead(Events);
        Assert.Equal(new EventHeader(EventStream.Version, "sink", "ab12", 3, 0, ""), EventStream.ReadHeader(file));
        return [.. EventStream.ReadRecords(file)];
    }
}
