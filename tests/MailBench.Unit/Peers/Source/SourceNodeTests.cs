using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Source;
using Xunit;
using static MailBench.Unit.Peers.Source.SourceTrialFixture;

namespace MailBench.Unit.Peers.Source;

public sealed class SourceNodeTests
{
    [Fact]
    public async Task An_open_load_is_booked_message_by_message()
    {
        using var server = new PlantedServer();
        var workload = Small with { Recipients = 3, Domains = 5 };
        var (counts, events) = await RunAsync(server.EndPoint, Open(400, 120), workload);

        Assert.Equal(120, (long)counts["offered"]!);
        Assert.Equal(120, (long)counts["accepted"]!);
        Assert.Equal(360, (long)counts["acceptedRecipients"]!);
        var paths = server.Taken.Select(m => m.ReversePath).Order().ToList();
        Assert.Equal(Enumerable.Range(0, 120).Select(i => VerpAddress.Format(new TrialId("t", 1, 0), i, "test")).Order(), paths);
        Assert.All(server.Taken, m => Assert.Equal(1000, m.Content.Length));
        Assert.Equal(["u0@d0.test", "u1@d1.test", "u2@d2.test"], server.Taken.Single(m => m.ReversePath.StartsWith("t.1-0.0@", StringComparison.Ordinal)).Recipients);
        foreach (var kind in new[] { EventKind.Offered, EventKind.Started, EventKind.Accepted })
            Assert.Equal(Enumerable.Range(0, 120).Select(i => (long)i), events.Where(e => e.Kind == kind).Select(e => e.Sequence).Order());
        Assert.All(events.Where(e => e.Kind == EventKind.Accepted), e => Assert.Equal((3, 250), (e.Recipient, e.Code)));
    }

    [Fact]
    public async Task Intended_starts_are_the_schedule_however_slow_the_server_is()
    {
        using var server = new PlantedServer();
        server.Took = number =>
        {
            if (number == 20) server.Stall(TimeSpan.FromMilliseconds(200));
        };
        var (_, events) = await RunAsync(server.EndPoint, Open(200, 100, sessions: 1));
        var intended = events.Where(e => e.Kind == EventKind.Offered).OrderBy(e => e.Sequence).Select(e => e.TimeNs).ToList();
        Assert.All(intended.Zip(intended.Skip(1)), pair => Assert.Equal(5_000_000, pair.Second - pair.First));
    }

    [Fact]
    public async Task A_pause_of_the_server_shows_in_response_time_and_not_in_service_time_outside_of_it()
    {
        using var server = new PlantedServer();
        server.Took = number =>
        {
            if (number == 100) server.Stall(TimeSpan.FromMilliseconds(400));
        };
        var (counts, events) = await RunAsync(server.EndPoint, Open(500, 500, sessions: 2));

        Assert.Equal(500, (long)counts["offered"]!);
        Assert.Equal(500, (long)counts["accepted"]!);
        Assert.True((double)counts["responseMs"]!["max"]! >= 380);
        Assert.True((long)counts["waiting"]! >= 100);
        // 200 arrivals fall into the pause, half of them wait more than 200 ms; only what was on the two sessions then may show it as service.
        var slowResponses = events.Count(e => e.Kind == EventKind.Accepted && e.TimeNs - e.ValueNs > 200_000_000);
        var slowPhases = events.Count(e => e.Kind == EventKind.Phase && e.ValueNs > 200_000_000);
        Assert.True(slowResponses >= 60, $"{slowResponses} slow responses");
        Assert.True(slowPhases * 10 < slowResponses, $"{slowPhases} slow phases, {slowResponses} slow responses");
    }

    [Fact]
    public async Task A_closed_load_keeps_its_users_busy_and_no_more_sessions_than_users()
    {
        using var server = new PlantedServer();
        var (counts, _) = await RunAsync(server.EndPoint, Closed(5, 200));
        Assert.Equal(200, (long)counts["accepted"]!);
        Assert.Equal(5, server.MostOpen);
        Assert.Equal(5, server.Connections);
        Assert.Null(counts["latenessMs"]!["max"]);
    }

    [Fact]
    public async Task Users_think_before_they_send_again()
    {
        using var server = new PlantedServer();
        var (counts, events) = await RunAsync(server.EndPoint, Closed(2, 8) with { ThinkTime = TimeSpan.FromMilliseconds(40) });
        Assert.Equal(8, (long)counts["accepted"]!);
        var intended = events.Where(e => e.Kind == EventKind.Offered).Select(e => e.TimeNs).Order().ToList();
        Assert.True(intended[^1] - intended[0] >= 3 * 40_000_000);
    }

    [Fact]
    public async Task A_closed_load_ends_with_its_schedule()
    {
        using var server = new PlantedServer();
        var load = Closed(3, 0) with { Duration = TimeSpan.FromMilliseconds(200), ThinkTime = TimeSpan.FromMilliseconds(5) };
        var (counts, _) = await RunAsync(server.EndPoint, load);
        Assert.True((long)counts["offered"]! >= 3);
        Assert.Equal(server.Taken.Count, (long)counts["offered"]!);
    }

    [Fact]
    public async Task A_backlog_is_kept_by_credits_and_by_what_was_refused()
    {
        using var server = new PlantedServer { Answer = line => line.StartsWith("RCPT TO:<u1@", StringComparison.Ordinal) ? "550 5.1.1 nobody" : null };
        await using var source = await StartAsync();
        await source.BeginAsync(server.EndPoint, new LoadOptions { Model = LoadModel.Backlog, BacklogRecipients = 8, Sessions = 3 }, Small with { Recipients = 2 });
        // 8 credits: 4 messages, whose refused halves give 4 back for 2 more, then 2 for 1, then 1 stays: 7 in all, 7 undelivered recipients in the system.
        await source.UntilAsync(c => c[CounterNames.Accepted] == 7);
        await source.CommandAsync(new CreditsCommand(1));
        await source.UntilAsync(c => c[CounterNames.Accepted] == 8);
        var (counts, events) = await source.EndAsync();
        Assert.Equal(8, (long)counts["offered"]!);
        Assert.Equal(8, (long)counts["acceptedRecipients"]!);
        Assert.Equal(8, events.Count(e => e.Kind == EventKind.Refused && e.Recipient == 1 && e.Code == 550));
        Assert.Equal(3, server.MostOpen);
    }

    [Fact]
    public async Task A_backlog_smaller_than_a_message_is_refused_at_begin()
    {
        await using var source = await StartAsync();
        var load = new LoadOptions { Model = LoadModel.Backlog, BacklogRecipients = 8 };
        await Assert.ThrowsAsync<ArgumentException>(() => source.BeginAsync(new IPEndPoint(IPAddress.Loopback, 9), load, Small with { Recipients = 9 }));
    }

    [Theory]
    [InlineData("MAIL", "451 4.3.0 later", "refused")]
    [InlineData("RCPT", "550 5.1.1 nobody", "refused")]
    [InlineData("DATA", "452 4.3.1 full", "refused")]
    [InlineData(".", "554 5.7.1 no", "refused")]
    [InlineData("RCPT", PlantedServer.Drop, "failed")]
    [InlineData("DATA", PlantedServer.Drop, "failed")]
    [InlineData(".", PlantedServer.Drop, "uncertain")]
    [InlineData("connect", "554 5.3.2 not today", "failed")]
    [InlineData("EHLO", "421 4.3.2 closing", "failed")]
    public async Task Every_offered_message_has_one_fate(string at, string answer, string fate)
    {
        foreach (var pipelining in new[] { true, false })
        {
            using var server = new PlantedServer { Answer = line => line.StartsWith(at, StringComparison.Ordinal) ? answer : null };
            var (counts, events) = await RunAsync(server.EndPoint, Closed(2, 6), Small with { Pipelining = pipelining, Recipients = 2 });
            Assert.Equal(6, (long)counts["offered"]!);
            Assert.Equal(6, (long)counts[fate]!);
            Assert.Equal(0, (long)counts["accepted"]!);
            var kind = fate switch { "refused" => EventKind.Refused, "failed" => EventKind.Failed, _ => EventKind.Uncertain };
            Assert.Equal(6, events.Count(e => e.Kind == kind && e.Recipient == -1));
            if (at == "RCPT" && fate == "refused") Assert.Equal(12, (long)counts["refusedRecipients"]!);
        }
    }

    [Fact]
    public async Task A_server_that_refuses_sessions_is_not_stormed()
    {
        using var server = new PlantedServer { Answer = line => line == "connect" ? PlantedServer.Leave + "421 4.3.2 busy" : null };
        await using var source = await StartAsync();
        await source.BeginAsync(server.EndPoint, Open(2000, 400, sessions: 4) with { Duration = TimeSpan.FromMilliseconds(200) });
        await source.LoadDoneAsync();
        var (counts, _) = await source.EndAsync();
        Assert.Equal(400, (long)counts["failed"]!);
        // 10 + 20 + 40 + … ms of rest: a handful of dials, after the first burst of four.
        Assert.InRange(server.Connections, 2, 14);
    }

    [Fact]
    public async Task A_message_begun_on_a_session_that_the_peer_has_left_goes_again()
    {
        using var server = new PlantedServer { Answer = line => line == "." ? PlantedServer.Leave + "250 2.0.0 taken" : null };
        var (counts, _) = await RunAsync(server.EndPoint, Closed(1, 30));
        Assert.Equal(30, (long)counts["accepted"]!);
        Assert.Equal(30, server.Taken.Select(m => m.ReversePath).Distinct().Count());
        Assert.Equal(30, server.Taken.Count);
    }

    [Fact]
    public async Task Without_reuse_every_message_has_a_session_that_ends_with_quit()
    {
        using var server = new PlantedServer();
        var (counts, events) = await RunAsync(server.EndPoint, Open(300, 30, sessions: 3), Small with { Reuse = false });
        Assert.Equal(30, (long)counts["accepted"]!);
        Assert.Equal(30, server.Connections);
        // The server may hear of a new connection before it hears of the end of an old one.
        Assert.InRange(server.MostOpen, 1, 6);
        foreach (var phase in new[] { DialoguePhase.Connect, DialoguePhase.Greeting, DialoguePhase.Ehlo, DialoguePhase.Envelope, DialoguePhase.EndOfData, DialoguePhase.Quit })
            Assert.Equal(30, events.Count(e => e.Kind == EventKind.Phase && e.Recipient == (int)phase));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Octets_of_commands_are_counted_as_the_server_reads_them(bool pipelining)
    {
        using var server = new PlantedServer();
        await using var source = await StartAsync();
        await source.BeginAsync(server.EndPoint, Closed(2, 25), Small with { Pipelining = pipelining, Recipients = 4 });
        await source.LoadDoneAsync();
        var (counts, events) = await source.EndAsync();
        var counters = source.Node.Counters();
        Assert.Equal(server.MailOctets, counters[CounterNames.MailCommandOctets]);
        Assert.Equal(server.RcptOctets, counters[CounterNames.RcptCommandOctets]);
        Assert.Equal(25_000, counters[CounterNames.ContentOctets]);
        Assert.True(counters[CounterNames.OctetsOut] > 25_000);
        Assert.Equal(pipelining ? 0 : 100, events.Count(e => e.Kind == EventKind.Phase && e.Recipient == (int)DialoguePhase.Rcpt));
        Assert.NotNull(counts["serviceMs"]![pipelining ? "envelope" : "data"]!["p99"]);
    }

    [Fact]
    public async Task Huge_content_goes_out_in_pieces_and_arrives_whole()
    {
        using var server = new PlantedServer();
        var (counts, _) = await RunAsync(server.EndPoint, Closed(2, 4), new WorkloadOptions { Size = ByteSize.Parse("6MiB") });
        Assert.Equal(4, (long)counts["accepted"]!);
        Assert.All(server.Taken, m => Assert.Equal(6 << 20, m.Content.Length));
    }

    [Fact]
    public async Task Ugly_mail_arrives_octet_for_octet()
    {
        var folder = Directory.CreateTempSubdirectory("mailbench-ugly-");
        try
        {
            var content = Encoding.Latin1.GetBytes("Subject: \u00e9\n\n.\n..\nbare\rcr\0nul\n" + new string('x', 998) + "\n.no newline at the end");
            File.WriteAllBytes(Path.Combine(folder.FullName, "a.eml"), content);
            using var server = new PlantedServer();
            await RunAsync(server.EndPoint, Closed(1, 2), new WorkloadOptions { Messages = folder.FullName });
            var expected = Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(content).Replace("\n", "\r\n") + "\r\n");
            Assert.All(server.Taken, m => Assert.Equal(expected, m.Content));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Trials_follow_each_other_with_numbers_from_zero_and_counters_that_go_on()
    {
        using var server = new PlantedServer();
        await using var source = await StartAsync();
        for (var trial = 1; trial <= 3; trial++)
        {
            await source.BeginAsync(server.EndPoint, Closed(2, 10));
            await source.UntilAsync(c => c[CounterNames.Accepted] == 10 * trial);
            var (counts, events) = await source.EndAsync();
            Assert.Equal(10, (long)counts["accepted"]!);
            Assert.Equal(Enumerable.Range(0, 10).Select(i => (long)i), events.Where(e => e.Kind == EventKind.Accepted).Select(e => e.Sequence).Order());
            Assert.Equal(10, server.Taken.Count(m => m.ReversePath.StartsWith($"{source.Trial}.", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Alone_it_completes_after_its_count_and_keeps_its_counts()
    {
        using var server = new PlantedServer();
        var node = new SourceNode(new SourceOptions { To = server.EndPoint, Load = Open(1000, 20), Workload = Small }, "alone", control: false);
        await using (node)
        {
            Assert.Empty(await node.StartAsync(CancellationToken.None));
            await node.Completion.WaitAsync(TimeSpan.FromSeconds(60));
            await node.StopAsync(CancellationToken.None);
            Assert.Equal(20, (long)node.Counts()["accepted"]!);
            Assert.StartsWith("alone.0-0.", server.Taken[0].ReversePath);
        }
    }

    [Fact]
    public async Task Alone_it_is_refused_by_the_environment_when_nobody_listens()
    {
        IPEndPoint nobody;
        using (var server = new PlantedServer()) nobody = server.EndPoint;
        await using var node = new SourceNode(new SourceOptions { To = nobody, Load = Open(100, 50), Workload = Small }, "alone", control: false);
        await node.StartAsync(CancellationToken.None);
        var refused = await Assert.ThrowsAsync<NodeRefusedException>(() => node.Completion.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains(nobody.ToString(), refused.Message);
        await node.StopAsync(CancellationToken.None);
        Assert.Equal((long)node.Counts()["offered"]!, (long)node.Counts()["failed"]!);
    }

    [Fact]
    public async Task What_is_still_open_when_patience_ends_is_cut_and_counted()
    {
        using var server = new PlantedServer();
        server.Took = number =>
        {
            if (number == 5) server.Stall(TimeSpan.FromMinutes(5));
        };
        await using var source = await StartAsync();
        await source.BeginAsync(server.EndPoint, Open(1000, 50, sessions: 2));
        await source.LoadDoneAsync();
        await source.UntilAsync(c => c[CounterNames.Offered] == 50 && server.Taken.Count >= 5);
        using var patience = new CancellationTokenSource();
        var stop = source.Node.StopAsync(patience.Token);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stop.WaitAsync(TimeSpan.FromSeconds(60)));
        var counts = source.Node.Counts();
        Assert.Equal(50, Sum(counts, "accepted", "refused", "failed", "uncertain"));
        Assert.True((long)counts["failed"]! > 0);
    }

    private static long Sum(JsonObject counts, params string[] names) => names.Sum(name => (long)counts[name]!);
}
