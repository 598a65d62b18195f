using MailBench.EndToEnd.Mta;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Testing.Smtp;
using Xunit;

namespace MailBench.EndToEnd.Faults;

/// <summary>Peers that break off, say nothing, or refuse, on both sides: each attempt has a named reason, what was accepted is delivered in the end, and nothing of theirs is kept.</summary>
public sealed class DyingPeerTests
{
    private const string Content = "Subject: one\r\n\r\nbody\r\n";
    private static readonly string[] Phases = ["connect", "EHLO", "MAIL", "RCPT", "DATA", "content", "end"];
    private static readonly MtaSettings Settings = new()
    {
        Retry = new RetrySettings { First = TimeSpan.FromMilliseconds(50), Max = TimeSpan.FromMilliseconds(100) },
        SessionsPerSite = 1,
        DeliveryPatience = TimeSpan.Zero,
    };

    [Theory]
    [InlineData(ScriptedSmtpServer.Reset, true)]
    [InlineData(ScriptedSmtpServer.Reset, false)]
    [InlineData(ScriptedSmtpServer.Close, true)]
    public async Task A_host_that_breaks_off_in_each_phase_gets_the_message_in_the_end(string breach, bool pipelining)
    {
        await using var rig = await MtaRig.StartAsync(Settings with { Pipelining = pipelining });
        await rig.StopSinkAsync();
        var broken = new List<string>();
        string? Script(ScriptStep step)
        {
            lock (broken)
            {
                if (broken.Count == Phases.Length || step.Step != Phases[broken.Count]) return null;
                broken.Add(step.Step);
                return breach;
            }
        }

        using var one = ScriptedSmtpServer.Start("127.0.71.1", rig.SmtpPort, Script);
        using var two = ScriptedSmtpServer.Start("127.0.71.2", rig.SmtpPort, Script);
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, "u0@d0.test"), StringComparison.Ordinal);
        await rig.CountReachesAsync("delivered", 1);
        lock (broken) Assert.Equal(Phases, broken);

        // Of those that broke off when the final dot had been sent nobody knows, and they are counted so.
        Assert.Equal((1, 0, 0, 2), (rig.Count("accepted"), rig.Count("queued"), rig.Count("failed"), rig.Count("uncertain")));
        await MtaRig.EventuallyAsync(() => rig.AttemptLog.Contains(" uncertain ", StringComparison.Ordinal), () => rig.AttemptLog);
        Assert.Contains(breach == ScriptedSmtpServer.Reset ? "why=\"the server reset the connection" : "why=\"the server closed the connection", rig.AttemptLog, StringComparison.Ordinal);
        Assert.Empty(rig.Complaints);
    }

    [Theory]
    [InlineData("connect", "421 4.3.2 no")]
    [InlineData("EHLO", "450 4.3.2 no")]
    [InlineData("MAIL", "451 4.3.2 no")]
    [InlineData("RCPT", "452 4.3.2 no")]
    [InlineData("DATA", "451 4.3.2 no")]
    [InlineData("end", "452 4.3.2 no")]
    public async Task Every_mx_refusing_keeps_the_mail_and_says_who_refused_what(string phase, string reply)
    {
        await using var rig = await MtaRig.StartAsync(Settings);
        await rig.StopSinkAsync();
        string? Script(ScriptStep step) => step.Step == phase || (phase == "EHLO" && step.Step == "HELO") ? reply : null;
        var servers = new[] { ScriptedSmtpServer.Start("127.0.71.1", rig.SmtpPort, Script), ScriptedSmtpServer.Start("127.0.71.2", rig.SmtpPort, Script) };
        using (var client = await RawClient.GreetedAsync(rig.EndPoint))
            Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, "u0@d0.test", "u1@d1.test"), StringComparison.Ordinal);
        await rig.CountReachesAsync("deferred", 2);
        await MtaRig.EventuallyAsync(() => rig.AttemptLog.Contains($"reply=\"{reply}", StringComparison.Ordinal), () => rig.AttemptLog);
        foreach (var server in servers) server.Dispose();
        await rig.StartSinkAsync();
        await rig.CountReachesAsync("delivered", 2);
        Assert.Equal((2, 0, 0, 0), (rig.Count("accepted"), rig.Count("queued"), rig.Count("failed"), rig.Count("dsns")));
    }

    [Fact]
    public async Task A_host_that_takes_the_connection_and_says_nothing_holds_up_nobody_elses_mail()
    {
        // As a half-open peer does: its kernel acknowledges, nobody answers.
        await using var rig = await MtaRig.StartAsync(Settings with { SessionTimeout = TimeSpan.FromSeconds(2), SessionsPerSite = 4 });
        await rig.StopSinkAsync();
        using var silent = ScriptedSmtpServer.Start("127.0.71.1", rig.SmtpPort, _ => ScriptedSmtpServer.Silence);
        using var working = ScriptedSmtpServer.Start("127.0.71.2", rig.SmtpPort);
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        for (var i = 0; i < 50; i++) await client.TransactAsync("a@source.test", Content, $"u{i}@d{i % 4}.test");
        await rig.CountReachesAsync("delivered", 50);
        Assert.InRange(silent.Sessions, 0, 8);
        await MtaRig.EventuallyAsync(() => Open() == 0, () => $"{Open()} sessions stay open");

        double Open() => rig.Mta.Counters()[CounterNames.SessionsOutOpen];
    }

    [Fact]
    public async Task Clients_that_break_off_in_each_phase_leave_nothing_behind()
    {
        // Limits that a few leaks would reach.
        await using var rig = await MtaRig.StartAsync(Settings with { MaxQueuedRecipients = 6, ReceiveMemory = new ByteSize(1 << 20), MaxSessionsIn = 4, MaxSessionsPerClient = 4 });
        var half = "Subject: half\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('x', 998) + "\r\n", 300));
        for (var round = 0; round < 4; round++)
        {
            for (var phase = 0; phase < 6; phase++)
            {
                var client = await OpenAsync();
                if (phase > 0) await client.SayAsync("EHLO client.test");
                if (phase > 1) Assert.StartsWith("250 ", await client.SayAsync("MAIL FROM:<a@source.test>"), StringComparison.Ordinal);
                if (phase > 2) Assert.StartsWith("250 ", await client.SayAsync("RCPT TO:<u0@d0.test>"), StringComparison.Ordinal);
                if (phase > 3) Assert.StartsWith("354 ", await client.SayAsync("DATA"), StringComparison.Ordinal);
                if (phase > 4) await client.SendAsync(half);
                client.Reset();
            }
        }

        using var last = await OpenAsync();
        await last.SayAsync("EHLO client.test");
        await MtaRig.EventuallyAsync(() => last.TransactAsync("a@source.test", half, "u0@d0.test", "u1@d0.test", "u2@d0.test", "u3@d0.test", "u4@d0.test", "u5@d0.test").GetAwaiter().GetResult().StartsWith("250 ", StringComparison.Ordinal)
            || last.SayAsync("RSET").GetAwaiter().GetResult().Length == 0, () => "what is gone is still counted");
        await rig.CountReachesAsync("delivered", 6);
        Assert.Equal((6, 0), (rig.Count("accepted"), rig.Count("queued")));
        Assert.Empty(rig.Complaints);

        // Those before it may not have been noticed to be gone yet.
        async Task<RawClient> OpenAsync()
        {
            for (var attempt = 0; ; attempt++)
            {
                var client = await RawClient.ConnectAsync(rig.EndPoint);
                if ((await client.ReadAsync()).StartsWith("220 ", StringComparison.Ordinal)) return client;
                client.Dispose();
                Assert.True(attempt < 1000, "sessions that are gone are still counted");
                await Task.Delay(5);
            }
        }
    }

    [Fact]
    public async Task Who_says_an_octet_now_and_then_is_silent_all_the_same()
    {
        await using var rig = await MtaRig.StartAsync(Settings with { SessionTimeout = TimeSpan.FromSeconds(4) });
        using var client = await RawClient.GreetedAsync(rig.EndPoint);
        await client.SayAsync("MAIL FROM:<a@source.test>");
        await client.SayAsync("RCPT TO:<u0@d0.test>");
        await client.SayAsync("DATA");
        var heard = client.ReadAsync();
        for (var octets = 0; !heard.IsCompleted; octets++)
        {
            Assert.True(octets < 1000, "it may go on for ever");
            try
            {
                await client.SendAsync("x");
            }
            catch (IOException)
            {
                // Ended in the meantime.
            }

            await Task.WhenAny(heard, Task.Delay(20, TestContext.Current.CancellationToken));
        }

        Assert.StartsWith("421 4.4.2 ", await heard, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_reads_no_answers_is_heard_no_longer_and_the_others_are()
    {
        await using var rig = await MtaRig.StartAsync(Settings with { SessionTimeout = TimeSpan.FromSeconds(2) });
        using var deaf = await RawClient.ConnectAsync(rig.EndPoint);
        var commands = "EHLO client.test\r\n" + string.Concat(Enumerable.Repeat("NOOP\r\n", 10_000));
        var sending = SendAsync();
        using (var client = await RawClient.GreetedAsync(rig.EndPoint))
            Assert.StartsWith("250 ", await client.TransactAsync("a@source.test", Content, "u0@d0.test"), StringComparison.Ordinal);
        await rig.CountReachesAsync("delivered", 1);
        await sending.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        async Task SendAsync()
        {
            try
            {
                while (true) await deaf.SendAsync(commands);
            }
            catch (IOException)
            {
                // Cut off, as wanted.
            }
        }
    }
}
